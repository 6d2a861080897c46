/* Coalitions that are no walk: given ones, and all of them in Gray-code order.
 *
 * In Gray-code order one player changes from one coalition to the next, so a LINEAR
 * tensor changes by one addition or subtraction. It is formed anew at every REFORM-th
 * number: rounding does not add up, and values do not depend on where an enumeration
 * was cut into pieces.
 *
 * Of given coalitions, the rows of a batch on a LINEAR tensor are one product: [rows,
 * players of the window] of 0 and 1 times the window's differences. */
#ifndef NEURANK_GAME_FILTER_COALITIONS_H
#define NEURANK_GAME_FILTER_COALITIONS_H

#include "suffix.h"

typedef struct nr_coalitions nr_coalitions;

nr_status nr_coalitions_new(const nr_board *board, const nr_cursor *cursor,
                            const nr_deltas *deltas, const nr_suffix *suffix,
                            nr_coalitions **out);
void nr_coalitions_free(nr_coalitions *coalitions);

/* Coalitions first .. first + count - 1 of the live players in Gray-code order; all
 * differences stand in the window. NR_ERR_UNIT: one has no value. */
nr_status nr_coalitions_gray(nr_coalitions *coalitions, uint64_t first, size_t count,
                             int64_t *values);

/* Given coalitions, kept [rows, n] and at most a chunk of them: nobody; then windows of
 * live players, in which their differences stand; then the values. */
void nr_coalitions_start(const nr_coalitions *coalitions, size_t rows);
void nr_coalitions_add(const nr_coalitions *coalitions, const uint32_t *players,
                       size_t n_players, size_t rows, const uint8_t *kept);
nr_status nr_coalitions_values(const nr_coalitions *coalitions, size_t rows,
                               const uint8_t *kept, int64_t *values);
/* How many of the first players make a window: as many whole groups as it holds. */
size_t nr_coalitions_window(const nr_coalitions *coalitions, const uint32_t *players,
                            size_t n_players);

#endif
