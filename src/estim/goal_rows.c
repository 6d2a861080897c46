/* The parts of a goal: when each is reached, when it will be, and what it says. */
#include "neurank/estim/goal_rows.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

static double sweeps_for_ratio(const nr_results *r, const nr_interval_spec *spec,
                               double ratio) {
    return nr_interval_sweeps(spec, r->seen, ratio, r->n);
}

/* Half of the widest joint interval, as if its degrees of freedom were many: those that
 * a first look has too few of will be there by then. */
static double widest_half(const nr_results *r, const nr_interval_spec *spec) {
    double widest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->std_error[i] > widest) widest = r->std_error[i];
    return widest * nr_interval_factor(spec, 1e9, r->seen, r->n);
}

/* ---- sweeps ---- */

static bool sweeps_reached(const nr_goal *goal, const nr_results *r) {
    return r->sweeps >= goal->sweeps;
}

static int sweeps_brief(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "%llu sweep%s", (unsigned long long)goal->sweeps,
                    goal->sweeps == 1 ? "" : "s");
}

static int sweeps_words(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "%llu sweeps", (unsigned long long)goal->sweeps);
}

/* ---- half-widths ---- */

static bool width_reached(const nr_goal *goal, const nr_results *r) {
    return nr_results_widest(r) <= goal->half_width;
}

static double sweeps_for_width(const nr_goal *goal, const nr_results *r,
                               const nr_interval_spec *spec) {
    return sweeps_for_ratio(r, spec, goal->half_width / widest_half(r, spec));
}

static int width_brief(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "+-%g", goal->half_width);
}

static int width_words(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "every joint interval at most \u00b1%g",
                    goal->half_width);
}

static double largest_value(const nr_results *r) {
    double largest = 0;
    for (size_t i = 0; i < r->n; i++)
        if (fabs(r->shapley[i]) > largest) largest = fabs(r->shapley[i]);
    return largest;
}

static bool relative_reached(const nr_goal *goal, const nr_results *r) {
    return nr_results_widest(r) <= goal->rel_half_width * largest_value(r);
}

static double sweeps_for_relative(const nr_goal *goal, const nr_results *r,
                                  const nr_interval_spec *spec) {
    double wanted = goal->rel_half_width * largest_value(r);
    return sweeps_for_ratio(r, spec, wanted / widest_half(r, spec));
}

static int relative_brief(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "+-%g%%", 100 * goal->rel_half_width);
}

static int relative_words(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes,
                    "every joint interval at most \u00b1%g of the largest value",
                    goal->rel_half_width);
}

/* ---- the best ---- */

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

static int top_brief(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "top %llu", (unsigned long long)goal->top);
}

static int top_words(const nr_goal *goal, char *text, size_t bytes) {
    return snprintf(text, bytes, "the set of the %llu best filters known",
                    (unsigned long long)goal->top);
}

const nr_goal_row nr_goal_rows[NR_GOAL_ROWS] = {
    {.option = "sweeps",
     .attribute = "goal_sweeps",
     .field = offsetof(nr_goal, sweeps),
     .whole = true,
     .rule = NR_RULE_SWEEPS,
     .reached = sweeps_reached,
     .brief = sweeps_brief,
     .words = sweeps_words},
    {.option = "half-width",
     .attribute = "goal_half_width",
     .field = offsetof(nr_goal, half_width),
     .rule = NR_RULE_HALF_WIDTH,
     .watches = true,
     .reached = width_reached,
     .sweeps = sweeps_for_width,
     .brief = width_brief,
     .words = width_words},
    {.option = "rel-half-width",
     .attribute = "goal_rel_half_width",
     .field = offsetof(nr_goal, rel_half_width),
     .rule = NR_RULE_REL_HALF_WIDTH,
     .watches = true,
     .reached = relative_reached,
     .sweeps = sweeps_for_relative,
     .brief = relative_brief,
     .words = relative_words},
    {.option = "top",
     .attribute = "goal_top",
     .field = offsetof(nr_goal, top),
     .whole = true,
     .rule = NR_RULE_TOP,
     .watches = true,
     .reached = top_is_known,
     .sweeps = sweeps_for_top,
     .brief = top_brief,
     .words = top_words},
    {.option = "tolerance",
     .attribute = "goal_tolerance",
     .field = offsetof(nr_goal, tolerance)}};

/* ---- what others ask of rows ---- */

const nr_goal_row *nr_goal_row_of(nr_rule rule) {
    for (size_t k = 0; k < NR_GOAL_ROWS && rule != NR_RULE_NONE; k++)
        if (nr_goal_rows[k].rule == rule) return &nr_goal_rows[k];
    return NULL;
}

static const void *field_of(const nr_goal *goal, const nr_goal_row *row) {
    return (const char *)goal + row->field;
}

uint64_t *nr_goal_whole(nr_goal *goal, const nr_goal_row *row) {
    NR_ASSERT(row->whole);
    return (uint64_t *)(void *)((char *)goal + row->field);
}

double *nr_goal_number(nr_goal *goal, const nr_goal_row *row) {
    NR_ASSERT(!row->whole);
    return (double *)(void *)((char *)goal + row->field);
}

bool nr_goal_asks(const nr_goal *goal, const nr_goal_row *row) {
    if (row->whole) return *(const uint64_t *)field_of(goal, row) > 0;
    return *(const double *)field_of(goal, row) > 0;
}
