#include "neurank/sched/unit.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

enum { PAIRS = 2 };

struct nr_unit_runner {
    nr_game *game;
    nr_sampler *sampler;
    nr_units units;
    nr_unit unit;
    uint64_t at; /* next block of the unit */
    nr_tally *tally;
    uint32_t *permutation;        /* [n] */
    int64_t *marginals[PAIRS][2]; /* forward, reverse: [n] */
};

nr_status nr_unit_runner_new(nr_game *game, nr_sampler *sampler, const nr_units *units,
                             nr_unit_runner **out) {
    nr_unit_runner *runner;
    if (!NR_NEW(runner, 1)) return NR_ERR_INTERNAL;
    runner->game = game;
    runner->sampler = sampler;
    runner->units = *units;
    size_t n = game->n_players;
    bool good = nr_tally_new(n, &runner->tally) == NR_OK &&
                NR_NEW(runner->permutation, n) != NULL;
    for (int j = 0; j < PAIRS; j++)
        for (int k = 0; k < 2; k++)
            good = good && NR_NEW(runner->marginals[j][k], n) != NULL;
    if (!good) {
        nr_unit_runner_free(runner);
        return NR_ERR_INTERNAL;
    }
    *out = runner;
    return NR_OK;
}

void nr_unit_runner_free(nr_unit_runner *runner) {
    if (!runner) return;
    nr_tally_free(runner->tally);
    free(runner->permutation);
    for (int j = 0; j < PAIRS; j++)
        for (int k = 0; k < 2; k++) free(runner->marginals[j][k]);
    free(runner);
}

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit) {
    runner->unit = nr_units_get(&runner->units, unit);
    runner->at = 0;
    nr_tally_clear(runner->tally);
}

nr_status nr_unit_step(nr_unit_runner *runner, bool *done) {
    uint64_t block = runner->unit.first_block + runner->at;
    nr_block_ends ends;
    nr_visit visit = {0};
    NR_TRY(runner->game->open(runner->game->self, block, &ends));
    for (uint32_t j = 0; j < PAIRS; j++) {
        nr_sampler_permutation(runner->sampler, (uint32_t)runner->unit.sweep,
                               (uint32_t)block, j, runner->permutation);
        NR_TRY(runner->game->pair(runner->game->self, runner->permutation,
                                  runner->marginals[j][0], runner->marginals[j][1],
                                  &visit.coalition_images));
        visit.forward[j] = runner->marginals[j][0];
        visit.reverse[j] = runner->marginals[j][1];
    }
    visit.value_full = ends.full;
    visit.value_empty = ends.empty;
    visit.images = ends.images;
    visit.coalition_images += 2 * ends.images;
    NR_REQUIRE(
        nr_tally_add(runner->tally, &visit), NR_ERR_UNIT,
        "block %llu: the values of its coalitions spread too widely to be summed "
        "exactly",
        (unsigned long long)block);
    *done = ++runner->at == runner->unit.n_blocks;
    return NR_OK;
}

void nr_unit_result(const nr_unit_runner *runner, uint64_t *words) {
    nr_tally_encode(runner->tally, words);
}

size_t nr_unit_result_words(const nr_unit_runner *runner) {
    return nr_tally_words(runner->game->n_players);
}
