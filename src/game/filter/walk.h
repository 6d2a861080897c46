/* Walks: the rows of all prefixes and their complements form one batch, cut into chunks
 * that stay in cache. Complements are free on LINEAR tensors:
 * z(S^c) = z(N) + z(empty) - z(S). */
#ifndef NEURANK_GAME_FILTER_WALK_H
#define NEURANK_GAME_FILTER_WALK_H

#include "tail.h"

typedef struct nr_walk nr_walk;

/* tail: NULL where there is none */
nr_status nr_walk_new(const nr_board *board, const nr_cursor *cursor,
                      const nr_deltas *deltas, const nr_suffix *suffix,
                      const nr_tail *tail, nr_walk **out);
void nr_walk_free(nr_walk *walk);

/* Begins a walk over the live ones of order [n], of which there is one at least;
 * *players [n_live] are they in their order. */
void nr_walk_start(nr_walk *walk, const uint32_t *order, size_t n,
                   const uint32_t **players);
/* Steps [from, to) of the walk: those players join, whose differences stand in the
 * window. The last of all need not be taken: it leads to everybody. NR_ERR_UNIT: a
 * coalition has no value; NR_STOPPED. */
nr_status nr_walk_steps(nr_walk *walk, size_t from, size_t to);
/* Marginals of the live players after n_live - 1 steps; others' are left alone. */
void nr_walk_marginals(const nr_walk *walk, int64_t *forward, int64_t *reverse);

#endif
