/* What another method than Shapley values says of a layer's filters: the importance
 * switch, or baselines. A rating stands beside the layer's Shapley values in the same
 * store, with a plan, a state and a status of its own:
 *
 *   /<layer>/switch     attributes: status, ended_by, seconds, steps, ..., plan_*,
 * digest filter   [filter]  channel; the axis of what follows phi, mean, std_dev, ci_*,
 * joint_*, rank, rank_low, rank_high, tie_group trace_step, trace_log_likelihood,
 * trace_divergence  [point]
 *   /<layer>/switch/state     what a resume needs
 *   /<layer>/baseline         the same for l1, l2, ..., each with its standard error
 *
 * Everything but results is a count, a number or an array that the kind names
 * (layout_kinds.c); results follow from them whenever the file is written.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_STORE_RATING_H
#define NEURANK_STORE_RATING_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/estim/goal.h"
#include "neurank/estim/image_means.h"
#include "neurank/plan/rating_plan.h"

typedef enum { NR_RATING_SWITCH, NR_RATING_BASELINE, NR_RATING_KINDS } nr_rating_kind;

/* Places of a kind's counts, numbers and arrays. The first count of each kind is how
 * far it is. */
enum { NR_RATING_PROGRESS };
enum {
    NR_SWITCH_STEPS,   /* taken */
    NR_SWITCH_EPOCHS,  /* the goal; 0: until it has converged */
    NR_SWITCH_HALVINGS /* of the learning rate */
};
enum {
    NR_SWITCH_RATE,       /* of the next step */
    NR_SWITCH_DIVERGENCE, /* sum over the steps of this period, KL per image */
    NR_SWITCH_BEFORE      /* mean over the steps of the period before */
};
enum {
    NR_SWITCH_U,       /* f64 [filter] ln phi */
    NR_SWITCH_FIRST,   /* f64 [filter] moments of the gradient */
    NR_SWITCH_SECOND,  /* f64 [filter] */
    NR_SWITCH_NOW,     /* i64 [image] ln p summed over this period's visits */
    NR_SWITCH_THEN,    /* i64 [image] the same of the period before */
    NR_SWITCH_TRACE_N, /* u64 [point] steps up to the end of a point */
    NR_SWITCH_TRACE_L, /* f64 [point] mean ln p of an image over the point's steps */
    NR_SWITCH_TRACE_D  /* f64 [point] mean KL per image over the point's steps */
};
/* |ln phi| stays below. */
enum { NR_SWITCH_U_LIMIT = 300 };
enum { NR_BASELINE_SEEN /* images */ };
enum {
    NR_BASELINE_L1, /* f64 [filter] */
    NR_BASELINE_L2,
    NR_BASELINE_BN_SCALE, /* NAN where there is no BatchNorm */
    NR_BASELINE_RANDOM,
    NR_BASELINE_SUMS /* u64 [2 * NR_BASELINE_LANES, filter]: wide sums, low and high */
};
/* Quantities that are means over images, and what is summed of them
 * (estim/image_means.h). */
enum {
    NR_BASELINE_MEANS = 3,
    NR_BASELINE_LANES = NR_IMAGE_MEAN_LANES * NR_BASELINE_MEANS
};
typedef struct {
    const char *name, *error_name, *long_name;
} nr_baseline_mean;
extern const nr_baseline_mean nr_baseline_means[NR_BASELINE_MEANS];

enum { NR_RATING_COUNTS = 4, NR_RATING_NUMBERS = 4, NR_RATING_ARRAYS = 8 };

typedef struct {
    nr_rating_kind kind;
    char *layer; /* short name; owned */
    nr_rating_plan plan;
    size_t n, n_images, n_points; /* axes: filters, images, points of the trace */
    nr_rule ended_by;
    double seconds;
    uint64_t counts[NR_RATING_COUNTS];
    double numbers[NR_RATING_NUMBERS];
    void *arrays[NR_RATING_ARRAYS]; /* owned */
} nr_rating;

const char *nr_rating_name(nr_rating_kind kind); /* "switch", "baseline" */
/* Its plan, for messages and comparisons. */
nr_plan nr_rating_get_plan(const nr_rating *rating);

/* Fills *out with zeros of these sizes; plan and layer name are copied. */
nr_status nr_rating_make(nr_rating_kind kind, const char *layer,
                         const nr_rating_plan *plan, size_t n, size_t n_images,
                         nr_rating *out);
nr_status nr_rating_copy(const nr_rating *from, nr_rating *out);
/* What it owns; of an empty one, too, as it is after a failure. */
void nr_rating_clear(nr_rating *rating);

/* Did a rule of its own end it (nr_rule_is_end)? */
bool nr_rating_is_complete(const nr_rating *rating);
/* Units of its progress (steps, images) that the whole rating takes; NAN of a switch
 * that goes on until it has converged. */
double nr_rating_total(const nr_rating *rating);

/* Makes room for another point of the trace, zero, and counts it. After a failure there
 * is none more. */
nr_status nr_rating_add_point(nr_rating *rating);

/* Mean over the images seen, and its standard error, of one of the baselines that are
 * means: [n] each; NAN before there are two images. */
void nr_baseline_estimate(const nr_rating *rating, size_t which, double *mean,
                          double *std_error);

#endif
