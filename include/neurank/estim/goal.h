/* API. When a run has done enough, and how long that may still take.
 *
 * A goal is looked at when a sweep is complete, never in between, and sees folded
 * results only: any number of ranks stops at the same unit. The first part of it that
 * is reached ends the run. A goal that looks at the data is `watching`: its intervals
 * have to be confidence sequences (estim/interval.h), from the run's first sweep on. */
#ifndef NEURANK_ESTIM_GOAL_H
#define NEURANK_ESTIM_GOAL_H

#include "neurank/estim/results.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t sweeps;       /* 0: any number */
    double half_width;     /* of every joint interval; 0: not asked for */
    double rel_half_width; /* the same, over the largest |Shapley value| */
    uint64_t top;          /* the set of that many best filters is known */
    double tolerance;      /* up to filters that differ by less than this */
} nr_goal;

typedef enum {
    NR_RULE_NONE, /* not reached */
    NR_RULE_SWEEPS,
    NR_RULE_HALF_WIDTH,
    NR_RULE_REL_HALF_WIDTH,
    NR_RULE_TOP,
    NR_RULE_EXACT,      /* every coalition is evaluated */
    NR_RULE_EPOCHS,     /* of the switch: as many as wanted */
    NR_RULE_CONVERGED,  /* of the switch: switch/ascent.h */
    NR_RULE_IMAGES,     /* of baselines: all images are seen */
    NR_RULE_TIME_LIMIT, /* stopped early: no part of a goal */
    NR_RULE_SIGNAL,
    NR_RULE_COUNT
} nr_rule;

/* "sweeps", "half-width", ...; "" for none. */
const char *nr_rule_name(nr_rule rule);
/* NR_RULE_COUNT if there is no such rule. */
nr_rule nr_rule_find(const char *name);

/* Does this rule end a run, rather than stop it? */
bool nr_rule_is_end(nr_rule rule);

/* Asks for nothing: such a run would never end. */
bool nr_goal_is_none(const nr_goal *goal);
/* Does it look at the data? */
bool nr_goal_is_watching(const nr_goal *goal);
/* All that it asks for, for a column: "+-0.01 5 sweeps"; and in a sentence, what counts
 * most: "every joint interval at most +-0.01". "" if it asks for nothing. */
void nr_goal_brief(const nr_goal *goal, char *text, size_t bytes);
void nr_goal_words(const nr_goal *goal, char *text, size_t bytes);
/* t_opt of the confidence sequence of a run that is planned with this goal, in sweeps;
 * 0 unless it is watching. */
double nr_goal_sequence_sweeps(const nr_goal *goal);

/* *out: the rule that ends the run with what is folded, or NR_RULE_NONE.
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_goal_check(const nr_goal *goal, const nr_fold *fold,
                        const nr_interval_spec *spec, nr_rule *out);

/* After how many sweeps in all the goal is probably reached, if variances stay what
 * they are; INFINITY when that cannot be said; 1 of an exact run. results may be those
 * of a part of a sweep. */
double nr_goal_forecast(const nr_goal *goal, const nr_results *results,
                        const nr_interval_spec *spec);

#ifdef __cplusplus
}
#endif

#endif
