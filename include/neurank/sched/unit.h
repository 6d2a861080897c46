/* One unit of work: a few blocks of a game, two independent pairs of walks on each. */
#ifndef NEURANK_SCHED_UNIT_H
#define NEURANK_SCHED_UNIT_H

#include <stdbool.h>

#include "neurank/estim/tally.h"
#include "neurank/game/game.h"
#include "neurank/plan/units.h"
#include "neurank/sample/permutation.h"

typedef struct nr_unit_runner nr_unit_runner;

/* game and sampler are borrowed. */
nr_status nr_unit_runner_new(nr_game *game, nr_sampler *sampler, const nr_units *units,
                             nr_unit_runner **out);
void nr_unit_runner_free(nr_unit_runner *runner);

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit);
/* Plays one block; *done after the last one. Small, so that the caller can look after
 * its messages in between. */
nr_status nr_unit_step(nr_unit_runner *runner, bool *done);
/* The finished unit's tally: [nr_tally_words(n_players)]. */
void nr_unit_result(const nr_unit_runner *runner, uint64_t *words);
size_t nr_unit_result_words(const nr_unit_runner *runner);

#endif
