/* The part of the network that no player changes, computed for a group of blocks at
 * once, and kept for the next sweep as far as memory allows.
 *
 * Which groups are kept depends on the order in which they come, but what is computed
 * does not depend on what is kept: a group's prefix is always computed in the same
 * batch. A slot keeps its first group for good: when not all groups fit, sweeps in
 * order would otherwise drop each one just before it is wanted again. */
#ifndef NEURANK_GAME_FILTER_PREFIX_H
#define NEURANK_GAME_FILTER_PREFIX_H

#include "cursor.h"

typedef struct nr_prefix nr_prefix;

nr_status nr_prefix_new(const nr_board *board, const nr_cursor *cursor,
                        nr_prefix **out);
void nr_prefix_free(nr_prefix *prefix);
/* Keeps prefixes from now on, in at most so many bytes. */
nr_status nr_prefix_keep(nr_prefix *prefix, size_t bytes_max);
/* Turns to the open batch. */
void nr_prefix_open(nr_prefix *prefix);
/* CONST tensor or the layer's, [batch, size]. */
const float *nr_prefix_tensor(const nr_prefix *prefix, uint32_t node);
/* Without those that are kept. */
size_t nr_prefix_bytes(const nr_prefix *prefix);

#endif
