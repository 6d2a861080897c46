/* One unit of work: a few blocks of a game, played by an estimator (sched/estimator.h);
 * in an exact run, the coalitions of a few blocks or of a piece of one.
 *
 * A finished unit is a row of words: its tally (estim/tally.h), and then, if values by
 * image are wanted, for each block of the unit n_players words, p_0 + p_1 of a sampled
 * visit or four times the piece's share of the Shapley value, in quanta. */
#ifndef NEURANK_SCHED_UNIT_H
#define NEURANK_SCHED_UNIT_H

#include <stdbool.h>

#include "neurank/estim/fold.h"
#include "neurank/sched/estimator.h"

typedef struct nr_unit_runner nr_unit_runner;

/* spec is copied, its game is borrowed for the life of *out. NR_ERR_INTERNAL: no
 * memory. */
nr_status nr_unit_runner_new(const nr_unit_spec *spec, nr_unit_runner **out);
void nr_unit_runner_free(nr_unit_runner *runner);

/* Leaves what is under way, if anything, and begins another one. */
void nr_unit_begin(nr_unit_runner *runner, uint64_t unit);
/* Plays one block, or a few hundred coalitions; *done after the last ones. Small, so
 * that the caller can look after its messages in between. Fails as the game does
 * (game/game.h: NR_ERR_UNIT, NR_STOPPED), and with NR_ERR_UNIT where sums leave their
 * range, or where more than NR_EXACT_LIVE_MAX players of an exact run are live on a
 * block. The unit is of no use then; begin one. */
nr_status nr_unit_step(nr_unit_runner *runner, bool *done);
/* The finished unit: words [nr_unit_result_words], returns how many it took. The second
 * is the most that any unit takes. */
size_t nr_unit_result(const nr_unit_runner *runner, uint64_t *words);
size_t nr_unit_result_words(const nr_unit_runner *runner);

/* A unit from its begin to its last block; fails as nr_unit_step. */
nr_status nr_unit_play(nr_unit_runner *runner, uint64_t unit);
/* The same, and its tally into a ledger that has not got it; fails as nr_unit_step and
 * as nr_fold_accept. */
nr_status nr_unit_play_into(nr_unit_runner *runner, uint64_t unit, nr_fold *fold);

#endif
