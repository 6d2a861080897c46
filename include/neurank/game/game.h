/* API. A cooperative game, played block by block.
 *
 * The value of a coalition is a mean over images; a block is a few images with values
 * of their own, and every block may be walked in an order of its own (idea 1,
 * src/README.md). Values are integers in units of 2^-40 (base/quantum.h), summed over
 * the block's images.
 *
 * A game belongs to one thread. It does not know how it is sampled. A game of one's own
 * is made with game/callback.h.
 *
 * Failures: what the game says, above all NR_ERR_UNIT, a value is not finite or not
 * within +-2^16, and NR_STOPPED, told to leave. */
#ifndef NEURANK_GAME_GAME_H
#define NEURANK_GAME_GAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NR_NO_LABEL UINT32_MAX

typedef struct {
    int64_t full, empty; /* everybody kept, nobody kept */
    uint32_t images;
    uint32_t label; /* class of the block's only image, else NR_NO_LABEL */
} nr_block_ends;

typedef struct {
    size_t n_players;
    uint64_t n_blocks;
    double marginal_limit; /* largest |marginal| on one image; INFINITY: not known */
    void *self;
    /* Prepares one block; the calls below then play on it. */
    nr_status (*open)(void *self, uint64_t block, nr_block_ends *ends);
    /* Walks `n` players, all live ones among them, in this order and in the reverse
     * one. forward, reverse [n_players]: marginal of each player in the two walks.
     * *coalition_images grows by the (coalition, image) pairs evaluated. */
    nr_status (*pair)(void *self, const uint32_t *order, size_t n, int64_t *forward,
                      int64_t *reverse, uint64_t *coalition_images);
    /* [n_players] players that change something on this block at all; the marginals of
     * the others are exactly zero. NULL function: all are live. */
    const bool *(*live)(void *self);
    /* Any coalitions: kept [count, n_players] of 0 and 1, values [count]. */
    nr_status (*values)(void *self, size_t count, const uint8_t *kept, int64_t *values);
    /* Coalitions of the live players in Gray-code order, numbers first .. first + count
     * - 1: bit b of k ^ (k >> 1) is the b-th live player. NULL function: `values`
     * serves. */
    nr_status (*gray)(void *self, uint64_t first, size_t count, int64_t *values);
    void (*free)(void *self);
} nr_game;

/* Ends what the game holds and clears the struct, which is the caller's. */
void nr_game_free(nr_game *game);

/* Live players of the open block in ascending order, players [n_players]; returns how
 * many. */
size_t nr_game_live(const nr_game *game, uint32_t *players);

/* gray, by whatever the game has: values [count] of coalitions in Gray-code order.
 * players [n_live], as nr_game_live has them; kept [count, n_players] scratch. */
nr_status nr_game_gray(const nr_game *game, const uint32_t *players, size_t n_live,
                       uint64_t first, size_t count, uint8_t *kept, int64_t *values);

#ifdef __cplusplus
}
#endif

#endif
