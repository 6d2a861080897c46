#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "unit_private.h"

static nr_status new_pairs(nr_unit_runner *runner) {
    size_t n = runner->spec.game->n_players;
    if (!NR_NEW(runner->permutation, n) || !NR_NEW(runner->players, n))
        return NR_ERR_INTERNAL;
    for (int j = 0; j < PAIRS; j++)
        for (int k = 0; k < 2; k++)
            if (!NR_NEW(runner->marginals[j][k], n)) return NR_ERR_INTERNAL;
    return runner->spec.odd ? nr_unit_odd_new(runner) : NR_OK;
}

nr_status nr_unit_runner_new(const nr_unit_spec *spec, nr_unit_runner **out) {
    nr_unit_runner *runner;
    size_t n = spec->game->n_players;
    if (!NR_NEW(runner, 1)) return NR_ERR_INTERNAL;
    runner->spec = *spec;
    nr_status status = nr_tally_new(n, spec->n_classes, &runner->tally);
    if (status == NR_OK)
        status = spec->sampler ? new_pairs(runner) : nr_unit_exact_new(runner);
    if (status == NR_OK && spec->per_image &&
        !NR_NEW(runner->rows, nr_size_mul(spec->units.blocks_per_unit, n)))
        status = NR_ERR_INTERNAL;
    if (status != NR_OK) {
        nr_unit_runner_free(runner);
        return status;
    }
    *out = runner;
    return NR_OK;
}

void nr_unit_runner_free(nr_unit_runner *runner) {
    if (!runner) return;
    nr_tally_free(runner->tally);
    free(runner->permutation);
    free(runner->players);
    for (int j = 0; j < PAIRS; j++)
        for (int k = 0; k < 2; k++) free(runner->marginals[j][k]);
    nr_unit_exact_free(runner);
    nr_unit_odd_free(runner);
    free(runner->rows);
    free(runner);
}

void nr_unit_begin(nr_unit_runner *runner, uint64_t unit) {
    runner->unit = nr_units_get(&runner->spec.units, unit);
    runner->at = 0;
    runner->exact.open = false;
    nr_tally_clear(runner->tally);
}

nr_status nr_unit_out_of_range(uint64_t block) {
    return nr_fail(NR_ERR_UNIT,
                   "block %llu: the values of its coalitions spread too widely to be "
                   "summed exactly",
                   (unsigned long long)block);
}

nr_status nr_unit_step(nr_unit_runner *runner, bool *done) {
    bool block_done = true;
    NR_TRY(runner->spec.sampler ? nr_unit_step_pairs(runner, &block_done)
                                : nr_unit_step_exact(runner, &block_done));
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
