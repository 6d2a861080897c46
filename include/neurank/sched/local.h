/* API. A game played from start to end in this process: for games of one's own
 * (game/callback.h), and for tests. The same units, sums, intervals and goals as a run
 * on many ranks, without files. */
#ifndef NEURANK_SCHED_LOCAL_H
#define NEURANK_SCHED_LOCAL_H

#include "neurank/estim/goal.h"
#include "neurank/game/game.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t seed;
    double confidence;
    nr_goal goal; /* of a sampled run */
    bool odd;     /* the odd estimator instead of pairs of walks */
    bool exact;   /* every coalition instead; at most NR_EXACT_LIVE_MAX players */
} nr_local;

/* The estimate, the caller's (nr_results_free); *rule, unless NULL, says what ended the
 * run. The game is borrowed. NR_ERR_USAGE: there is no goal, the confidence is not in
 * 0.5 .. 1, there are more than NR_PLAYERS_MAX players, or too many for an exact run;
 * NR_ERR_UNIT: a value is not finite or not within +-2^16, or values spread too widely
 * to be summed; NR_ERR_INTERNAL: no memory; or what the game says. */
nr_status nr_local_play(nr_game *game, const nr_local *run, nr_results **out,
                        nr_rule *rule);

#ifdef __cplusplus
}
#endif

#endif
