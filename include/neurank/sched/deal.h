/* Which unit a worker gets next.
 *
 * Sweeps are dealt one after the other, each unit once. A worker gets the parts of the
 * sweep that it had in the sweep before, in order, because it has kept the prefixes of
 * their images; when it has no more of those, parts that nobody has had; and then the
 * last ones of the others, who come to them last. Results do not depend on any of this.
 */
#ifndef NEURANK_SCHED_DEAL_H
#define NEURANK_SCHED_DEAL_H

#include "neurank/estim/fold.h"

typedef struct nr_deal nr_deal;

/* What is not in the fold, of sweeps below `sweeps`. The fold is borrowed for the life
 * of *out. n_workers > 0. NR_ERR_INTERNAL: no memory. */
nr_status nr_deal_new(const nr_fold *fold, uint64_t sweeps, int n_workers,
                      nr_deal **out);
void nr_deal_free(nr_deal *deal);
/* *unit: the next one of worker 0 .. n_workers - 1. False: there is none for
 * anybody. */
bool nr_deal_next(nr_deal *deal, int worker, uint64_t *unit);

#endif
