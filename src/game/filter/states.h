/* What does not depend on the order of the players, for the open batch: both states of
 * the TWO tensors, and the LINEAR tensors with nobody and with everybody kept. */
#ifndef NEURANK_GAME_FILTER_STATES_H
#define NEURANK_GAME_FILTER_STATES_H

#include "prefix.h"

typedef struct nr_states nr_states;

nr_status nr_states_new(const nr_board *board, const nr_cursor *cursor,
                        const nr_prefix *prefix, nr_states **out);
void nr_states_free(nr_states *states);
/* Turns to the open batch. */
void nr_states_open(nr_states *states);
/* Tensor `node` when nobody or everybody is kept: [batch, size]. Where full_is_sum,
 * everybody's LINEAR tensors are nr_deltas_end's. */
const float *nr_states_tensor(const nr_states *states, uint32_t node, nr_end end);

#endif
