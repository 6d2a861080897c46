/* What estimators by samples share: a visit of a block is two independent estimates. */
#ifndef NEURANK_SCHED_VISIT_H
#define NEURANK_SCHED_VISIT_H

#include "neurank/sample/permutation.h"
#include "neurank/sched/estimator.h"

enum { NR_VISIT_SAMPLES = 2 };

typedef struct {
    nr_unit_spec spec;
    nr_sampler *sampler;
    nr_block_ends ends;
    uint32_t *permutation; /* [n] */
    uint32_t *players;     /* [n_live] of the open block, ascending */
    size_t n_live;
    int64_t *marginals[NR_VISIT_SAMPLES][2]; /* forward, reverse: [n] */
} nr_visitor;

/* What it owns is the caller's to clear, also after a failure. */
nr_status nr_visitor_init(nr_visitor *visitor, const nr_unit_spec *spec);
void nr_visitor_clear(nr_visitor *visitor);

/* Fills the marginals of the block that is open. *coalition_images grows. */
typedef nr_status nr_visit_fill(void *self, const nr_turn *turn,
                                uint64_t *coalition_images);

/* An estimator's play, around `fill`. */
nr_status nr_visitor_play(nr_visitor *visitor, const nr_turn *turn, nr_visit_fill *fill,
                          void *self);
/* An estimator's plan. */
nr_units nr_visitor_plan(const nr_work_costs *costs);

/* Of any estimator: a sum that does not fit. */
nr_status nr_turn_out_of_range(const nr_turn *turn);

#endif
