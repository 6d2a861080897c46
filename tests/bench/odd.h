/* The "odd" estimator: Shapley values of one block from few coalitions.
 *
 * They depend on the odd part u(S) = (v(S) - v(S^c)) / 2 alone, and are the weighted
 * least squares fit of it by an additive game x that shares out v(N) - v(empty)
 * exactly, with the weights of the Shapley kernel, 1 / (C(m, s) s (m - s)) for S of s
 * of the m players that are live on the block. Here the fit is to a sample: random
 * permutations, of each the prefixes of a few stratified sizes, and their complements.
 * A sample's weights are the kernel's over the probability of what was drawn.
 *
 * The fit is a ratio of random sums: biased, by about 1 / coalitions, and the mean of
 * many blocks is biased as much. */
#ifndef NEURANK_BENCH_ODD_H
#define NEURANK_BENCH_ODD_H

#include "neurank/game/game.h"

enum { NR_ODD_SLOTS = 4 };

typedef struct nr_odd nr_odd;

/* Where the processor time went, in seconds, and what it gave. */
typedef struct {
    double values_s, sums_s;
    uint64_t coalitions;
} nr_odd_cost;

/* prefixes: of a permutation. The game is borrowed for the life of *out. */
nr_status nr_odd_new(const nr_game *game, uint64_t seed, size_t prefixes, nr_odd **out);
void nr_odd_free(nr_odd *odd);

/* To be called when the game has opened a block: forgets all sums. Returns the number
 * of live players. */
size_t nr_odd_begin(nr_odd *odd, uint64_t block, const nr_block_ends *ends);
/* Evaluates `pairs` coalitions and their complements, at most 2 n_players, and adds
 * them to the sums of a slot. Draws of different numbers are independent. */
nr_status nr_odd_sample(nr_odd *odd, size_t slot, uint32_t draw, size_t pairs);
/* shapley [n_players], summed over the block's images, from the sums of `count` slots.
 */
void nr_odd_solve(nr_odd *odd, size_t first_slot, size_t count, double *shapley);

nr_odd_cost nr_odd_get_cost(const nr_odd *odd);

/* Processor time of this thread. */
double nr_odd_clock_s(void);

/* Exact on an additive game; converges, as 1 / sqrt(coalitions), to the closed form of
 * a game with interactions of two and three players. */
nr_status nr_odd_self_check(size_t prefixes);

#endif
