/* Coalitions of the odd estimator, by number.
 *
 * Shapley values depend on the odd part of a game only, f(S) = (v(S) - v(S^c)) / 2, and
 * are its best linear fit under the weights of KernelSHAP (Lundberg, Lee 2017; Covert,
 * Lee 2021): sizes s = 1 .. m - 1 of m players with probability proportional to
 * 1 / (s (m - s)), every coalition of a size alike. A thinned walk takes four prefixes
 * of a permutation, of sizes from four equal parts of that distribution; over the
 * permutations of a draw the parts are divided further, so that sizes are stratified.
 */
#ifndef NEURANK_SAMPLE_THINNED_H
#define NEURANK_SAMPLE_THINNED_H

#include "neurank/sample/permutation.h"

enum { NR_THINNED_PREFIXES = 4 };

/* Permutations whose prefixes and complements cost about what a pair of walks costs; at
 * least 1. */
size_t nr_thinned_permutations(size_t n_players);

/* Distribution of sizes: below[s] is the probability of a size smaller than s, for s =
 * 1 .. m; below [m + 1]. Returns c = E[s (m - s)] / (m (m - 1)), the variance that
 * membership has under it: 1 / (2 H_{m - 1}). m > 1. */
double nr_thinned_sizes(size_t m, double *below);

/* Size, 1 .. m - 1, of prefix `part` (0 .. NR_THINNED_PREFIXES - 1) of permutation p of
 * `count` of one draw, at random in its part of the distribution; below as
 * nr_thinned_sizes sets it. draw: 0 or 1, as nr_sampler's pairs. */
size_t nr_thinned_size(const nr_sampler *sampler, uint32_t sweep, uint32_t block,
                       uint32_t draw, size_t p, size_t count, size_t part, size_t m,
                       const double *below);

#endif
