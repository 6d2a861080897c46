#include "neurank/sched/unit.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

struct nr_unit_runner {
    nr_unit_spec spec;
    const nr_estimator_row *estimator;
    void *self; /* the estimator's */
    nr_unit unit;
    uint64_t at; /* next block of the unit */
    bool midst;  /* of that block */
    nr_tally *tally;
    int64_t *rows;   /* [blocks of a unit, n] values by image; NULL: not wanted */
    uint64_t *words; /* of nr_unit_play_into; made at its first call */
};

static nr_status allocate(nr_unit_runner *runner) {
    const nr_unit_spec *spec = &runner->spec;
    size_t n = spec->game->n_players;
    NR_TRY(nr_tally_new(n, spec->n_classes, &runner->tally));
    NR_TRY(runner->estimator->make(spec, &runner->self));
    if (spec->per_image &&
        !NR_NEW(runner->rows, nr_size_mul(spec->units.blocks_per_unit, n)))
        return NR_ERR_INTERNAL;
    return NR_OK;
}

nr_status nr_unit_runner_new(const nr_unit_spec *spec, nr_unit_runner **out) {
    nr_unit_runner *runner;
    if (!NR_NEW(runner, 1)) return NR_ERR_INTERNAL;
    runner->spec = *spec;
    runner->estimator = nr_estimator_get(spec->estimator);
    nr_status status = allocate(runner);
    if (status == NR_OK) *out = runner;
    else nr_unit_runner_free(runner);
    return status;
}

void nr_unit_runner_free(nr_unit_runner *runner) {
    if (!runner) return;
    nr_tally_free(runner->tally);
    runner->estimator->free(runner->self);
    free(runner->rows);
    free(runner->words);
    free(runner);
}

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit) {
    runner->unit = nr_units_get(&runner->spec.units, unit);
    runner->at = 0;
    runner->midst = false;
    nr_tally_clear(runner->tally);
}

nr_status nr_unit_step(nr_unit_runner *runner, bool *done) {
    size_t n = runner->spec.game->n_players;
    bool block_done;
    const nr_turn turn = {.unit = runner->unit,
                          .block = runner->unit.first_block + runner->at,
                          .begins = !runner->midst,
                          .last = runner->at + 1 == runner->unit.n_blocks,
                          .tally = runner->tally,
                          .row = runner->rows ? runner->rows + (size_t)runner->at * n
                                              : NULL};
    NR_TRY(runner->estimator->play(runner->self, &turn, &block_done));
    runner->midst = !block_done;
    if (block_done) runner->at++;
    *done = runner->at == runner->unit.n_blocks;
    return NR_OK;
}

size_t nr_unit_result(const nr_unit_runner *runner, uint64_t *words) {
    size_t n = nr_tally_encode(runner->tally, words);
    if (!runner->rows) return n;
    size_t more = (size_t)runner->unit.n_blocks * runner->spec.game->n_players;
    memcpy(words + n, runner->rows, more * sizeof *words);
    return n + more;
}

size_t nr_unit_result_words(const nr_unit_runner *runner) {
    const nr_unit_spec *spec = &runner->spec;
    size_t n = spec->game->n_players, blocks = (size_t)spec->units.blocks_per_unit;
    size_t present = blocks < spec->n_classes ? blocks : spec->n_classes;
    size_t words = nr_tally_words(n, spec->n_classes, present);
    return spec->per_image ? nr_size_add(words, nr_size_mul(blocks, n)) : words;
}

nr_status nr_unit_play(nr_unit_runner *runner, uint64_t unit) {
    bool done = false;
    nr_unit_begin(runner, unit);
    while (!done) NR_TRY(nr_unit_step(runner, &done));
    return NR_OK;
}

nr_status nr_unit_play_into(nr_unit_runner *runner, uint64_t unit, nr_fold *fold) {
    size_t used;
    if (!runner->words && !NR_NEW(runner->words, nr_unit_result_words(runner)))
        return NR_ERR_INTERNAL;
    NR_TRY(nr_unit_play(runner, unit));
    size_t n = nr_unit_result(runner, runner->words);
    return nr_fold_accept(fold, unit, runner->words, n, &used);
}
