/* Permutations by number.
 *
 * Permutation (sweep, block, pair) of a layer's players is the order of their sort
 * keys, which are functions of the seed and of those numbers. Every key is uniform and
 * the keys of one permutation are independent, so every permutation is exactly uniform.
 *
 * Latin hypercube: the same pair of `strata` consecutive blocks forms one group, in
 * which each player's key falls once into each of `strata` equal parts of its range.
 * With stratum s = (A w + C) mod m of player i for block w of the group, A odd and C
 * hashed for each player and group, the key is (s + U) / (2 m), replaced by one minus
 * it on a fair coin: the stratified half range is mirrored because a pair's reversed
 * walk mirrors it anyway. Two pairs of one block use different hashes and are
 * independent. */
#ifndef NEURANK_SAMPLE_PERMUTATION_H
#define NEURANK_SAMPLE_PERMUTATION_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

enum { NR_PLAYERS_MAX = 1 << 20 };

typedef struct nr_sampler nr_sampler;

/* layer: a number that tells the layers of a network apart. n_players <= NR_PLAYERS_MAX
 * and strata, a power of two up to 64, are the caller's to check: other ones are a
 * broken promise. NR_ERR_INTERNAL: no memory. A sampler belongs to one thread. */
nr_status nr_sampler_new(uint64_t seed, uint64_t layer, size_t n_players,
                         uint32_t strata, nr_sampler **out);
void nr_sampler_free(nr_sampler *sampler);

/* permutation [n_players]: the players in the order in which they join. pair: 0,
 * 1, ...; its reversed walk is no permutation of its own. */
void nr_sampler_permutation(nr_sampler *sampler, uint32_t sweep, uint32_t block,
                            uint32_t pair, uint32_t *permutation);

/* The same restricted to some players [n], each once: their order [n] in that
 * permutation. Costs as much as they are. */
void nr_sampler_order(nr_sampler *sampler, uint32_t sweep, uint32_t block,
                      uint32_t pair, const uint32_t *players, size_t n,
                      uint32_t *order);

/* Uniform in [0, 1), independent of all permutations: number `index` of `use` (< 2^31)
 * of a block's pair (0 or 1). */
double nr_sampler_uniform(const nr_sampler *sampler, uint32_t sweep, uint32_t block,
                          uint32_t pair, uint32_t use, uint32_t index);

#endif
