/* What ratings are made of, and what follows from it. */
#include "layout_kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

/* ---- the switch ---- */

static double switch_total(const nr_rating *r) {
    double steps =
        (double)r->counts[NR_SWITCH_EPOCHS] * (double)nr_switch_epoch_steps(&r->plan);
    return steps > 0 ? steps : (double)NAN;
}

/* A switch's steps would not end with parameters that are no numbers. */
static nr_status switch_check(const nr_h5 *file, const char *group,
                              const nr_rating *r) {
    const double *u = r->arrays[NR_SWITCH_U];
    for (size_t j = 0; j < r->n; j++)
        NR_REQUIRE(fabs(u[j]) < NR_SWITCH_U_LIMIT, NR_ERR_INPUT,
                   "%s: %s/state/log_phi of filter %zu is %g, below %d is expected",
                   nr_h5_path(file), group, j, u[j], NR_SWITCH_U_LIMIT);
    return NR_OK;
}

static nr_status switch_results(const nr_rating *r, double confidence,
                                nr_rating_results *out) {
    NR_TRY(nr_posterior_new(r->n, r->arrays[NR_SWITCH_U], confidence, &out->posterior));
    const nr_posterior *p = out->posterior;
    const nr_rating_result results[] = {
        {"phi", "parameter of the Dirichlet posterior", NR_H5_F64, p->phi},
        {"mean", "posterior mean of the filter's share", NR_H5_F64, p->mean},
        {"std_dev", "posterior standard deviation", NR_H5_F64, p->std_dev},
        {"ci_low", "lower end of the credible interval", NR_H5_F64, p->ci_low},
        {"ci_high", "upper end of the credible interval", NR_H5_F64, p->ci_high},
        {"joint_low", "the same, for all filters together", NR_H5_F64, p->joint_low},
        {"joint_high", "the same, for all filters together", NR_H5_F64, p->joint_high},
        {"rank", "place by posterior mean, 0 is the best", NR_H5_U32, p->rank},
        {"rank_low", "best place that the joint intervals allow", NR_H5_U32,
         p->rank_low},
        {"rank_high", "worst place that the joint intervals allow", NR_H5_U32,
         p->rank_high},
        {"tie_group", "neighbours that joint intervals part from all others", NR_H5_U32,
         p->group}};
    _Static_assert(sizeof results == sizeof out->results, "all results");
    memcpy(out->results, results, sizeof results);
    out->n = NR_RATING_RESULTS;
    return NR_OK;
}

/* ---- baselines ---- */

const nr_baseline_mean nr_baseline_means[NR_BASELINE_MEANS] = {
    {.name = "activation",
     .error_name = "activation_error",
     .long_name = "mean absolute activation where the next layer reads it"},
    {.name = "taylor",
     .error_name = "taylor_error",
     .long_name = "mean over images of |sum of activation times gradient of ln p|"},
    {.name = "leave_one_out",
     .error_name = "leave_one_out_error",
     .long_name = "score of the network minus its score without the filter"}};

static double baseline_total(const nr_rating *r) {
    return (double)r->plan.in.images;
}

void nr_baseline_estimate(const nr_rating *r, size_t which, double *mean,
                          double *std_error) {
    const uint64_t *sums = r->arrays[NR_BASELINE_SUMS];
    nr_image_mean_estimate(sums + 2 * NR_IMAGE_MEAN_LANES * which * r->n, r->n,
                           r->counts[NR_BASELINE_SEEN], mean, std_error);
}

static nr_status baseline_results(const nr_rating *r, double confidence,
                                  nr_rating_results *out) {
    (void)confidence;
    if (!NR_NEW(out->numbers, nr_size_mul(2 * (size_t)NR_BASELINE_MEANS, r->n)))
        return NR_ERR_INTERNAL;
    for (size_t k = 0; k < NR_BASELINE_MEANS; k++) {
        const nr_baseline_mean *m = &nr_baseline_means[k];
        double *mean = out->numbers + 2 * k * r->n, *error = mean + r->n;
        nr_baseline_estimate(r, k, mean, error);
        out->results[out->n++] =
            (nr_rating_result){m->name, m->long_name, NR_H5_F64, mean};
        out->results[out->n++] = (nr_rating_result){
            m->error_name, "its standard error over images", NR_H5_F64, error};
    }
    return NR_OK;
}

/* ---- all ---- */

void nr_rating_results_clear(nr_rating_results *results) {
    nr_posterior_free(results->posterior);
    free(results->numbers);
    *results = (nr_rating_results){0};
}

const nr_rating_row nr_rating_rows[NR_RATING_KINDS] =
    {[NR_RATING_SWITCH] =
         {.name = "switch",
          .form = &nr_switch_form,
          .counts = {[NR_SWITCH_STEPS] = "steps",
                     [NR_SWITCH_EPOCHS] = "goal_epochs",
                     [NR_SWITCH_HALVINGS] = "halvings"},
          .numbers = {[NR_SWITCH_RATE] = "learning_rate",
                      [NR_SWITCH_DIVERGENCE] = "divergence_sum",
                      [NR_SWITCH_BEFORE] = "divergence_before"},
          .arrays = {[NR_SWITCH_U] = {"state/log_phi", NULL, NR_H5_F64, NR_AXIS_FILTER},
                     [NR_SWITCH_FIRST] = {"state/first_moment", NULL, NR_H5_F64,
                                          NR_AXIS_FILTER},
                     [NR_SWITCH_SECOND] = {"state/second_moment", NULL, NR_H5_F64,
                                           NR_AXIS_FILTER},
                     [NR_SWITCH_NOW] = {"state/now", NULL, NR_H5_I64, NR_AXIS_IMAGE},
                     [NR_SWITCH_THEN] = {"state/before", NULL, NR_H5_I64,
                                         NR_AXIS_IMAGE},
                     [NR_SWITCH_TRACE_N] = {"trace_step", "steps up to here", NR_H5_U64,
                                            NR_AXIS_POINT},
                     [NR_SWITCH_TRACE_L] =
                         {"trace_log_likelihood",
                          "mean ln p of an image since the point before", NR_H5_F64,
                          NR_AXIS_POINT},
                     [NR_SWITCH_TRACE_D] =
                         {"trace_divergence",
                          "mean KL to the prior, per image, since then", NR_H5_F64,
                          NR_AXIS_POINT}},
          .ends = {[NR_RULE_EPOCHS] = true, [NR_RULE_CONVERGED] = true},
          .total = switch_total,
          .check = switch_check,
          .results = switch_results},
     [NR_RATING_BASELINE] =
         {.name = "baseline",
          .form = &nr_baseline_form,
          .counts = {[NR_BASELINE_SEEN] = "images_seen"},
          .arrays =
              {[NR_BASELINE_L1] = {"l1", "sum of the filter's absolute weights",
                                   NR_H5_F64, NR_AXIS_FILTER},
               [NR_BASELINE_L2] = {"l2",
                                   "root of the sum of the filter's squared weights",
                                   NR_H5_F64, NR_AXIS_FILTER},
               [NR_BASELINE_BN_SCALE] = {"bn_scale",
                                         "absolute scale of the BatchNorm behind the "
                                         "filter",
                                         NR_H5_F64, NR_AXIS_FILTER},
               [NR_BASELINE_RANDOM] = {"random", "uniform random number", NR_H5_F64,
                                       NR_AXIS_FILTER},
               [NR_BASELINE_SUMS] = {"state/sums", NULL, NR_H5_U64, NR_AXIS_LANES}},
          .ends = {[NR_RULE_IMAGES] = true},
          .total = baseline_total,
          .results = baseline_results}};
