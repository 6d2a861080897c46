/* API. A game of one's own: a C function that gives the values of a batch of
 * coalitions.
 *
 *   #include <neurank/game/callback.h>
 *   #include <neurank/sched/local.h>
 *
 *   static nr_status glove(void *context, uint64_t block, size_t count,
 *                          const uint8_t *kept, double *values) {
 *       for (size_t k = 0; k < count; k++, kept += 3)
 *           values[k] = kept[0] && (kept[1] || kept[2]);
 *       return NR_OK;
 *   }
 *
 *   nr_callback spec = {.n_players = 3, .n_blocks = 1, .values = glove};
 *   nr_game game;
 *   nr_results *r;
 *   nr_local run = {.seed = 7, .goal.sweeps = 1000, .confidence = 0.95};
 *   if (nr_callback_game_new(&spec, &game) == NR_OK &&
 *       nr_local_play(&game, &run, &r, NULL) == NR_OK) ...         sched/local.h
 *
 * tests/unit/sched/test_closed_forms.c is a worked example with six games. */
#ifndef NEURANK_GAME_CALLBACK_H
#define NEURANK_GAME_CALLBACK_H

#include "neurank/game/game.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values of `count` coalitions on one block. kept [count, n_players]: 1 for players of
 * the coalition. values [count] are to be finite and within +-2^16. The same block and
 * coalition has the same value whenever it is asked for. A failure ends the run; report
 * it with nr_fail, as NR_ERR_UNIT or as what it is. */
typedef nr_status nr_value_function(void *context, uint64_t block, size_t count,
                                    const uint8_t *kept, double *values);

typedef struct {
    size_t n_players; /* 1 .. NR_PLAYERS_MAX (sample/permutation.h) */
    /* The game is the mean of this many games, each with walks of its own: images, data
     * points, scenarios. A single game may be given as many equal blocks: walks of
     * neighbouring blocks are stratified against each other, which saves evaluations.
     */
    uint64_t n_blocks;
    nr_value_function *values;
    void *context;         /* borrowed for the life of the game */
    size_t batch;          /* most coalitions in a call; 0: 256 */
    double marginal_limit; /* largest |marginal| there can be; 0: not known */
} nr_callback;

/* *out is the caller's, ended with nr_game_free; spec is copied. NR_ERR_USAGE: no
 * players, no blocks or no function; NR_ERR_INTERNAL: no memory. That values are finite
 * and in range is found out when they are asked for (NR_ERR_UNIT). */
nr_status nr_callback_game_new(const nr_callback *spec, nr_game *out);

#ifdef __cplusplus
}
#endif

#endif
