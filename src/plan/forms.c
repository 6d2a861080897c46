/* The fields of every plan: their names in stores, in the order in which they are
 * stored and digested. Changing one raises the format (store/store.h). */
#include "neurank/nn/ablation.h"
#include "neurank/plan/curve_plan.h"
#include "neurank/plan/layer_plan.h"
#include "neurank/plan/rating_plan.h"

#define TYPE_OF(plan, member)                                                          \
    _Generic(((plan *)0)->member, const char *                                         \
             : NR_FIELD_TEXT, uint64_t                                                 \
             : NR_FIELD_U64, uint32_t                                                  \
             : NR_FIELD_U32, double                                                    \
             : NR_FIELD_NUMBER, bool                                                   \
             : NR_FIELD_YES, nr_shard                                                  \
             : NR_FIELD_SHARD)
#define FIELD(of, text, member)                                                        \
    { .name = (text), .type = TYPE_OF(of, member), .offset = offsetof(of, member) }
#define LATE(of, text, member)                                                         \
    {                                                                                  \
        .name = (text), .type = TYPE_OF(of, member), .offset = offsetof(of, member),   \
        .late = true                                                                   \
    }
#define WORD(of, text, member, list)                                                   \
    {                                                                                  \
        .name = (text), .type = NR_FIELD_WORD, .offset = offsetof(of, member),         \
        .words = (list), .n_words = sizeof(list) / sizeof *(list)                      \
    }
#define FORM(of, rows)                                                                 \
    { .fields = (rows), .n = sizeof(rows) / sizeof *(rows), .bytes = sizeof(of) }

/* ---- Shapley values ---- */

const char *const nr_method_words[NR_METHODS_OF_RUNS] = {
    [NR_METHOD_SAMPLE] = "sample", [NR_METHOD_EXACT] = "exact"};

static const nr_plan_field run_fields[] = {
    FIELD(nr_run_plan, "model", in.model), FIELD(nr_run_plan, "layers", layers),
    FIELD(nr_run_plan, "data", in.data), FIELD(nr_run_plan, "images", in.images),
    FIELD(nr_run_plan, "seed", in.seed)};
const nr_plan_form nr_run_form = FORM(nr_run_plan, run_fields);

static const nr_plan_field layer_fields[] = {
    FIELD(nr_layer_plan, "node", node),
    WORD(nr_layer_plan, "method", method, nr_method_words),
    WORD(nr_layer_plan, "estimator", estimator, nr_estimator_words),
    WORD(nr_layer_plan, "metric", metric, nr_metric_words),
    WORD(nr_layer_plan, "ablate", ablation, nr_ablation_words),
    FIELD(nr_layer_plan, "filters", filters),
    FIELD(nr_layer_plan, "block", block_images),
    FIELD(nr_layer_plan, "strata", units.strata),
    FIELD(nr_layer_plan, "unit", units.blocks_per_unit),
    FIELD(nr_layer_plan, "pieces", units.pieces),
    FIELD(nr_layer_plan, "units_per_sweep", units.units_per_sweep),
    FIELD(nr_layer_plan, "kernels", arithmetic.kernels),
    FIELD(nr_layer_plan, "by_class", n_classes),
    FIELD(nr_layer_plan, "per_image", per_image),
    FIELD(nr_layer_plan, "shard", shard),
    FIELD(nr_layer_plan, "numbers", arithmetic.numbers),
    LATE(nr_layer_plan, "blas", arithmetic.blas)};
const nr_plan_form nr_layer_form = FORM(nr_layer_plan, layer_fields);

static bool is_power_of_two(uint64_t x) {
    return x > 0 && (x & (x - 1)) == 0;
}

bool nr_layer_plan_fits(nr_layer_plan *plan, uint64_t images) {
    enum { PIECES_MAX = 1 << 24 };
    const nr_units *u = &plan->units;
    uint64_t block = plan->block_images, unit = u->blocks_per_unit;
    uint64_t each = u->pieces ? u->pieces : 1;
    bool good = images > 0 && images < UINT32_MAX && block > 0 && images % block == 0 &&
                unit > 0 && is_power_of_two(each) && each <= PIECES_MAX &&
                (u->pieces < 2 || unit == 1) && is_power_of_two(u->strata) &&
                unit % u->strata == 0 && u->strata < UINT32_MAX &&
                u->units_per_sweep == (images / block + unit - 1) / unit * each;
    if (good) plan->units.n_blocks = images / block;
    return good;
}

/* ---- ratings ---- */

const char *const nr_switch_estimator_words[NR_SWITCH_ESTIMATORS] = {
    [NR_SWITCH_MEAN] = "mean", [NR_SWITCH_SAMPLE] = "sample"};
const char *const nr_optimizer_words[NR_OPTIMIZERS] = {
    [NR_OPTIMIZER_ADAM] = "adam", [NR_OPTIMIZER_SGD] = "sgd"};
const char *const nr_switch_scale_words[NR_SWITCH_SCALES] = {
    [NR_SCALE_SUM] = "sum", [NR_SCALE_UNIT] = "unit"};

static const nr_plan_field switch_fields[] = {
    FIELD(nr_rating_plan, "model", in.model),
    FIELD(nr_rating_plan, "data", in.data),
    FIELD(nr_rating_plan, "images", in.images),
    FIELD(nr_rating_plan, "seed", in.seed),
    FIELD(nr_rating_plan, "node", node),
    WORD(nr_rating_plan, "estimator", of_switch.estimator, nr_switch_estimator_words),
    FIELD(nr_rating_plan, "draws", of_switch.draws),
    FIELD(nr_rating_plan, "block", of_switch.block_images),
    FIELD(nr_rating_plan, "alpha0", of_switch.alpha0),
    FIELD(nr_rating_plan, "batch", of_switch.batch),
    WORD(nr_rating_plan, "optimizer", of_switch.optimizer, nr_optimizer_words),
    FIELD(nr_rating_plan, "lr", of_switch.learning_rate),
    WORD(nr_rating_plan, "scale", of_switch.scale, nr_switch_scale_words),
    FIELD(nr_rating_plan, "kernels", arithmetic.kernels),
    FIELD(nr_rating_plan, "numbers", arithmetic.numbers),
    LATE(nr_rating_plan, "blas", arithmetic.blas)};
const nr_plan_form nr_switch_form = FORM(nr_rating_plan, switch_fields);

static const nr_plan_field baseline_fields[] = {
    FIELD(nr_rating_plan, "model", in.model),
    FIELD(nr_rating_plan, "data", in.data),
    FIELD(nr_rating_plan, "images", in.images),
    FIELD(nr_rating_plan, "seed", in.seed),
    FIELD(nr_rating_plan, "node", node),
    WORD(nr_rating_plan, "metric", of_baseline.metric, nr_metric_words),
    WORD(nr_rating_plan, "ablate", of_baseline.ablation, nr_ablation_words),
    FIELD(nr_rating_plan, "kernels", arithmetic.kernels),
    FIELD(nr_rating_plan, "numbers", arithmetic.numbers),
    LATE(nr_rating_plan, "blas", arithmetic.blas)};
const nr_plan_form nr_baseline_form = FORM(nr_rating_plan, baseline_fields);

uint64_t nr_switch_epoch_steps(const nr_rating_plan *plan) {
    uint64_t block = plan->of_switch.block_images;
    uint64_t classes = block > 0 ? plan->of_switch.batch / block : 0;
    if (classes == 0) return 0;
    uint64_t blocks =
        plan->in.images / block + (uint64_t)(plan->in.images % block != 0);
    return blocks / classes + (uint64_t)(blocks % classes != 0);
}

/* ---- curves ---- */

static const nr_plan_field curve_fields[] = {
    FIELD(nr_curve_plan, "model", in.model),
    FIELD(nr_curve_plan, "data", in.data),
    FIELD(nr_curve_plan, "images", in.images),
    FIELD(nr_curve_plan, "seed", in.seed),
    WORD(nr_curve_plan, "ablate", ablation, nr_ablation_words),
    FIELD(nr_curve_plan, "kernels", arithmetic.kernels),
    FIELD(nr_curve_plan, "numbers", arithmetic.numbers),
    LATE(nr_curve_plan, "blas", arithmetic.blas)};
const nr_plan_form nr_curve_form = FORM(nr_curve_plan, curve_fields);
