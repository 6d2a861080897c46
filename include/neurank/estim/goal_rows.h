/* The parts of a goal, a row each: whoever asks for them, keeps them or names them goes
 * by these rows. */
#ifndef NEURANK_ESTIM_GOAL_ROWS_H
#define NEURANK_ESTIM_GOAL_ROWS_H

#include "neurank/estim/goal.h"

typedef struct {
    const char *option;    /* "half-width", also the name of its rule */
    const char *attribute; /* "goal_half_width", in stores */
    size_t field;          /* place in nr_goal; a value of 0: not asked for */
    nr_rule rule;          /* which it ends a run by; none: it qualifies another part */
    bool whole;            /* the field is a uint64_t, else a double */
    bool watches;          /* it looks at the data: asked before those that do not */
    bool (*reached)(const nr_goal *goal, const nr_results *results);
    /* After how many sweeps in all that is so; of parts that watch. */
    double (*sweeps)(const nr_goal *goal, const nr_results *results,
                     const nr_interval_spec *spec);
    /* What it says, as snprintf does: for a column, and in a sentence. */
    int (*brief)(const nr_goal *goal, char *text, size_t bytes);
    int (*words)(const nr_goal *goal, char *text, size_t bytes);
} nr_goal_row;

/* Files and digests have first the whole ones, then the others, each in this order. */
enum { NR_GOAL_ROWS = 5 };
extern const nr_goal_row nr_goal_rows[NR_GOAL_ROWS];

/* NULL if no goal ends a run by it. */
const nr_goal_row *nr_goal_row_of(nr_rule rule);

/* Is this part asked for? */
bool nr_goal_asks(const nr_goal *goal, const nr_goal_row *row);

/* The part's field. */
uint64_t *nr_goal_whole(nr_goal *goal, const nr_goal_row *row);
double *nr_goal_number(nr_goal *goal, const nr_goal_row *row);

#endif
