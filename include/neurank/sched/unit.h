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

nr_status nr_unit_runner_new(const nr_unit_spec *spec, nr_unit_runner **out);
void nr_unit_runner_free(nr_unit_runner *runner);

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit);
/* Plays one block, or a few hundred coalitions; *done after the last ones. Small, so
 * that the caller can look after its messages in between. */
nr_status nr_unit_step(nr_unit_runner *runner, bool *done);
/* The finished unit: words [nr_unit_result_words], returns how many it took. */
size_t nr_unit_result(const nr_unit_runner *runner, uint64_t *words);
size_t nr_unit_result_words(const nr_unit_runner *runner);

/* A unit from its begin to its last block. */
nr_status nr_unit_play(nr_unit_runner *runner, uint64_t unit);
/* The same, and its tally into a ledger that has not got it. */
nr_status nr_unit_play_into(nr_unit_runner *runner, uint64_t unit, nr_fold *fold);

#endif
