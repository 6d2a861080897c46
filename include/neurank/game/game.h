/* A cooperative game, played block by block.
 *
 * The value of a coalition is a mean over images; a block is a few images with values
 * of their own, and every block may be walked in an order of its own (idea 1 of the
 * README). Values are integers in units of 2^-36 (base/quantum.h), summed over the
 * block's images.
 *
 * A game belongs to one thread. It does not know how it is sampled. */
#ifndef NEURANK_GAME_GAME_H
#define NEURANK_GAME_GAME_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct {
    int64_t full, empty; /* everybody kept, nobody kept */
    uint32_t images;
} nr_block_ends;

typedef struct {
    size_t n_players;
    uint64_t n_blocks;
    void *self;
    /* Prepares one block; pairs are then played on it. */
    nr_status (*open)(void *self, uint64_t block, nr_block_ends *ends);
    /* Walks the players in this order and in the reverse one. forward, reverse
     * [n_players]: marginal of each player in the two walks. *coalition_images grows by
     * the (coalition, image) pairs evaluated. */
    nr_status (*pair)(void *self, const uint32_t *permutation, int64_t *forward,
                      int64_t *reverse, uint64_t *coalition_images);
    void (*free)(void *self);
} nr_game;

void nr_game_free(nr_game *game);

#endif
