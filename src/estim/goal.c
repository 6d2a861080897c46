#include "neurank/estim/goal.h"

#include <math.h>
#include <string.h>

/* The sequence's asymptotics want some samples before the first look. */
enum { SAMPLES_MIN = 10 };
/* Where nothing is planned the sequence is narrowest here. */
static const double sweeps_default = 16;

static const char *const names[NR_RULE_COUNT] = {[NR_RULE_NONE] = "",
                                                 [NR_RULE_SWEEPS] = "sweeps",
                                                 [NR_RULE_HALF_WIDTH] = "half-width",
                                                 [NR_RULE_REL_HALF_WIDTH] =
                                                     "rel-half-width",
                                                 [NR_RULE_TOP] = "top",
                                                 [NR_RULE_EXACT] = "exact",
                                                 [NR_RULE_EPOCHS] = "epochs",
                                                 [NR_RULE_CONVERGED] = "converged",
                                                 [NR_RULE_IMAGES] = "images",
                                                 [NR_RULE_TIME_LIMIT] = "time-limit",
                                                 [NR_RULE_SIGNAL] = "signal"};

const char *nr_rule_name(nr_rule rule) {
    return names[rule];
}

nr_rule nr_rule_find(const char *name) {
    int rule = 0;
    while (rule < NR_RULE_COUNT && strcmp(names[rule], name) != 0) rule++;
    return (nr_rule)rule;
}

bool nr_rule_is_end(nr_rule rule) {
    return rule >= NR_RULE_SWEEPS && rule <= NR_RULE_IMAGES;
}

bool nr_goal_is_watching(const nr_goal *goal) {
    return goal->half_width > 0 || goal->rel_half_width > 0 || goal->top > 0;
}

double nr_goal_sequence_sweeps(const nr_goal *goal) {
    if (!nr_goal_is_watching(goal)) return 0;
    return goal->sweeps ? (double)goal->sweeps : sweeps_default;
}

static double largest_value(const nr_results *r) {
    double largest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (fabs(r->shapley[i]) > largest) largest = fabs(r->shapley[i]);
    return largest;
}

/* Ends that decide whether the `top` best are the best: the lowest of theirs and the
 * highest of the others'. */
static void top_ends(const nr_results *r, uint64_t top, double *inside,
                     double *outside) {
    *inside = INFINITY;
    *outside = -INFINITY;
    for (size_t i = 0; i < r->n; i++) {
        if (r->rank[i] < top && !(r->joint_low[i] >= *inside))
            *inside = r->joint_low[i];
        if (r->rank[i] >= top && !(r->joint_high[i] <= *outside))
            *outside = r->joint_high[i];
    }
}

/* True if `top` is everybody, too. */
static bool top_is_known(const nr_goal *goal, const nr_results *r) {
    double inside, outside;
    if (goal->top >= r->n) return true;
    top_ends(r, goal->top, &inside, &outside);
    return inside + goal->tolerance > outside;
}

static nr_rule rule_reached(const nr_goal *goal, const nr_results *r) {
    double widest = nr_results_widest(r);
    if (r->samples >= SAMPLES_MIN) {
        if (goal->half_width > 0 && widest <= goal->half_width)
            return NR_RULE_HALF_WIDTH;
        if (goal->rel_half_width > 0 &&
            widest <= goal->rel_half_width * largest_value(r))
            return NR_RULE_REL_HALF_WIDTH;
        if (goal->top > 0 && top_is_known(goal, r)) return NR_RULE_TOP;
    }
    return goal->sweeps > 0 && r->sweeps >= goal->sweeps ? NR_RULE_SWEEPS
                                                         : NR_RULE_NONE;
}

nr_status nr_goal_check(const nr_goal *goal, const nr_fold *fold,
                        const nr_interval_spec *spec, nr_rule *out) {
    nr_results *r;
    uint64_t sweeps = nr_fold_complete_sweeps(fold);
    *out = NR_RULE_NONE;
    if (sweeps == 0) return NR_OK;
    const nr_fold_spec *whose = nr_fold_get_spec(fold);
    if (nr_fold_is_exact(fold)) *out = NR_RULE_EXACT;
    else if (!nr_goal_is_watching(goal) && sweeps >= nr_fold_share(whose, goal->sweeps))
        *out = NR_RULE_SWEEPS;
    if (*out != NR_RULE_NONE || !nr_goal_is_watching(goal)) return NR_OK;
    NR_TRY(nr_results_new(fold, spec, &r));
    *out = rule_reached(goal, r);
    nr_results_free(r);
    return NR_OK;
}

/* ---- forecast ---- */

static double sweeps_for_ratio(const nr_results *r, const nr_interval_spec *spec,
                               double ratio) {
    return nr_interval_sweeps(spec, r->seen, ratio, r->n);
}

static double sweeps_for_top(const nr_goal *goal, const nr_results *r,
                             const nr_interval_spec *spec) {
    double inside, outside, last = NAN, next = NAN;
    if (top_is_known(goal, r)) return r->seen;
    top_ends(r, goal->top, &inside, &outside);
    for (size_t i = 0; i < r->n; i++) {
        if (r->rank[i] + 1 == goal->top) last = r->shapley[i];
        if (r->rank[i] == goal->top) next = r->shapley[i];
    }
    /* Half-widths have to shrink from what overlaps now to what parts the values. */
    double gap = last - next + goal->tolerance, widths = outside - inside + last - next;
    return sweeps_for_ratio(r, spec, gap / widths);
}

static void take_smaller(double *best, double value) {
    if (value < *best) *best = value;
}

/* Half of the widest joint interval, as if its degrees of freedom were many: those that
 * a first look has too few of will be there by then. */
static double widest_half(const nr_results *r, const nr_interval_spec *spec) {
    double widest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->std_error[i] > widest) widest = r->std_error[i];
    return widest * nr_interval_factor(spec, 1e9, r->seen, r->n);
}

double nr_goal_forecast(const nr_goal *goal, const nr_results *r,
                        const nr_interval_spec *spec) {
    double planned = goal->sweeps ? (double)goal->sweeps : INFINITY, best = INFINITY;
    double widest = widest_half(r, spec), next = (double)r->sweeps + 1;
    if (r->visits == 0 || rule_reached(goal, r) != NR_RULE_NONE)
        return r->visits == 0 ? planned : (double)r->sweeps;
    if (goal->half_width > 0)
        take_smaller(&best, sweeps_for_ratio(r, spec, goal->half_width / widest));
    if (goal->rel_half_width > 0)
        take_smaller(
            &best, sweeps_for_ratio(r, spec,
                                    goal->rel_half_width * largest_value(r) / widest));
    if (goal->top > 0) take_smaller(&best, sweeps_for_top(goal, r, spec));
    double first_look = SAMPLES_MIN * r->seen / (double)r->samples;
    if (best < first_look) best = first_look;
    take_smaller(&best, planned);
    return best < next ? next : ceil(best);
}
