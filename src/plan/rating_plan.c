#include "neurank/plan/rating_plan.h"

const char *const nr_switch_estimator_words[NR_SWITCH_ESTIMATORS] = {
    [NR_SWITCH_MEAN] = "mean", [NR_SWITCH_SAMPLE] = "sample"};
const char *const nr_optimizer_words[NR_OPTIMIZERS] = {
    [NR_OPTIMIZER_ADAM] = "adam", [NR_OPTIMIZER_SGD] = "sgd"};
const char *const nr_switch_scale_words[NR_SWITCH_SCALES] = {
    [NR_SCALE_SUM] = "sum", [NR_SCALE_UNIT] = "unit"};

uint64_t nr_switch_epoch_steps(const nr_rating_plan *plan) {
    uint64_t block = plan->of_switch.block_images;
    uint64_t classes = block > 0 ? plan->of_switch.batch / block : 0;
    if (classes == 0) return 0;
    uint64_t blocks =
        plan->in.images / block + (uint64_t)(plan->in.images % block != 0);
    return blocks / classes + (uint64_t)(blocks % classes != 0);
}
