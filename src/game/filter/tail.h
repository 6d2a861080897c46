/* Walks in front of a short suffix: one LINEAR tensor, a ReLU or Clip or nothing, a
 * dense layer with few outputs, the score. A step adds one row and multiplies by the
 * dense layer's weights, without a row of the sum ever going to memory. Scores do not
 * change when all logits are shifted, so they are computed relative to one of them,
 * which stays zero. */
#ifndef NEURANK_GAME_FILTER_TAIL_H
#define NEURANK_GAME_FILTER_TAIL_H

#include "suffix.h"

typedef struct nr_tail nr_tail;

/* *out is NULL where the network has no such suffix. */
nr_status nr_tail_new(const nr_board *board, const nr_cursor *cursor,
                      const nr_deltas *deltas, const nr_suffix *suffix, nr_tail **out);
void nr_tail_free(nr_tail *tail);
/* Turns to the open block. */
void nr_tail_open(nr_tail *tail);
/* Adds the players to the walk's sums `current` [T, size], one by one. values [2 *
 * count]: of the prefixes, then of their complements. False as nr_suffix_evaluate. */
bool nr_tail_steps(const nr_tail *tail, const uint32_t *players, size_t count,
                   float *current, int64_t *values, nr_bad *bad);

#endif
