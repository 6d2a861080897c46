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
/* Rows of what several plans have, where these stand together. */
#define INPUTS(of)                                                                     \
    FIELD(of, "model", in.model), FIELD(of, "data", in.data),                          \
        FIELD(of, "images", in.images), FIELD(of, "seed", in.seed)
#define ARITHMETIC(of)                                                                 \
    FIELD(of, "kernels", arithmetic.kernels),                                          \
        FIELD(of, "numbers", arithmetic.numbers), LATE(of, "blas", arithmetic.blas)
#define FORM(of, rows)                                                                 \
    { .fields = (rows), .n = sizeof(rows) / sizeof *(rows), .bytes = sizeof(of) }

/* ---- Shapley values ---- */

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

/* ---- ratings ---- */

static const nr_plan_field switch_fields[] = {
    INPUTS(nr_rating_plan),
    FIELD(nr_rating_plan, "node", node),
    WORD(nr_rating_plan, "estimator", of_switch.estimator, nr_switch_estimator_words),
    FIELD(nr_rating_plan, "draws", of_switch.draws),
    FIELD(nr_rating_plan, "block", of_switch.block_images),
    FIELD(nr_rating_plan, "alpha0", of_switch.alpha0),
    FIELD(nr_rating_plan, "batch", of_switch.batch),
    WORD(nr_rating_plan, "optimizer", of_switch.optimizer, nr_optimizer_words),
    FIELD(nr_rating_plan, "lr", of_switch.learning_rate),
    WORD(nr_rating_plan, "scale", of_switch.scale, nr_switch_scale_words),
    ARITHMETIC(nr_rating_plan)};
const nr_plan_form nr_switch_form = FORM(nr_rating_plan, switch_fields);

static const nr_plan_field baseline_fields[] = {
    INPUTS(nr_rating_plan), FIELD(nr_rating_plan, "node", node),
    WORD(nr_rating_plan, "metric", of_baseline.metric, nr_metric_words),
    WORD(nr_rating_plan, "ablate", of_baseline.ablation, nr_ablation_words),
    ARITHMETIC(nr_rating_plan)};
const nr_plan_form nr_baseline_form = FORM(nr_rating_plan, baseline_fields);

/* ---- curves ---- */

static const nr_plan_field curve_fields[] = {
    INPUTS(nr_curve_plan), WORD(nr_curve_plan, "ablate", ablation, nr_ablation_words),
    ARITHMETIC(nr_curve_plan)};
const nr_plan_form nr_curve_form = FORM(nr_curve_plan, curve_fields);
