/* One unit of work: a few blocks of a game, two independent pairs of walks on each, or
 * two draws of the odd estimator (sched/unit_odd.c) in their place; or, in an exact
 * run, the coalitions of a few blocks or of a piece of one.
 *
 * A finished unit is a row of words: its tally (estim/tally.h), and then, if values by
 * image are wanted, for each block of the unit n_players words, p_0 + p_1 of a sampled
 * visit or four times the piece's share of the Shapley value, in quanta. */
#ifndef NEURANK_SCHED_UNIT_H
#define NEURANK_SCHED_UNIT_H

#include <stdbool.h>

#include "neurank/estim/tally.h"
#include "neurank/game/game.h"
#include "neurank/plan/units.h"
#include "neurank/sample/permutation.h"

typedef struct nr_unit_runner nr_unit_runner;

typedef struct {
    nr_game *game;       /* borrowed */
    nr_sampler *sampler; /* borrowed; NULL in an exact run */
    bool odd;
    nr_units units;
    size_t n_classes; /* 0: not by class */
    bool per_image;
} nr_unit_spec;

/* Players of an exact run, and those of them that may be live on one block: their
 * coalitions are numbered by bits. */
enum { NR_EXACT_PLAYERS_MAX = 64, NR_EXACT_LIVE_MAX = 40 };

nr_status nr_unit_runner_new(const nr_unit_spec *spec, nr_unit_runner **out);
void nr_unit_runner_free(nr_unit_runner *runner);

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit);
/* Plays one block, or a few hundred coalitions; *done after the last ones. Small, so
 * that the caller can look after its messages in between. */
nr_status nr_unit_step(nr_unit_runner *runner, bool *done);
/* The finished unit: words [nr_unit_result_words], returns how many it took. */
size_t nr_unit_result(const nr_unit_runner *runner, uint64_t *words);
size_t nr_unit_result_words(const nr_unit_runner *runner);

#endif
