/* A visit: two independent pairs of walks on one block, or what stands for them. */
#include "unit_private.h"

static void write_row(nr_unit_runner *runner) {
    size_t n = runner->spec.game->n_players;
    int64_t *row = runner->rows + (size_t)runner->at * n;
    for (size_t i = 0; i < n; i++)
        row[i] = runner->marginals[0][0][i] + runner->marginals[0][1][i] +
                 runner->marginals[1][0][i] + runner->marginals[1][1][i];
}

static nr_status play_pairs(nr_unit_runner *runner, uint64_t block,
                            uint64_t *coalition_images) {
    const nr_game *game = runner->spec.game;
    size_t n = nr_game_live(game, runner->players);
    for (uint32_t j = 0; j < PAIRS; j++) {
        nr_sampler_order(runner->spec.sampler, (uint32_t)runner->unit.sweep,
                         (uint32_t)block, j, runner->players, n, runner->permutation);
        NR_TRY(game->pair(game->self, runner->permutation, n, runner->marginals[j][0],
                          runner->marginals[j][1], coalition_images));
    }
    return NR_OK;
}

nr_status nr_unit_step_pairs(nr_unit_runner *runner, bool *block_done) {
    const nr_game *game = runner->spec.game;
    uint64_t block = runner->unit.first_block + runner->at;
    uint32_t strata = runner->spec.units.strata;
    nr_visit visit = {0};
    NR_TRY(game->open(game->self, block, &runner->ends));
    NR_TRY(runner->spec.odd ? nr_unit_play_odd(runner, block, &visit.coalition_images)
                            : play_pairs(runner, block, &visit.coalition_images));
    for (uint32_t j = 0; j < PAIRS; j++) {
        visit.forward[j] = runner->marginals[j][0];
        visit.reverse[j] = runner->marginals[j][1];
    }
    visit.live = game->live ? game->live(game->self) : NULL;
    visit.value_full = runner->ends.full;
    visit.value_empty = runner->ends.empty;
    visit.images = runner->ends.images;
    visit.label = runner->ends.label;
    visit.coalition_images += 2 * runner->ends.images;
    bool last = runner->at + 1 == runner->unit.n_blocks || (block + 1) % strata == 0;
    bool good = nr_tally_add(runner->tally, &visit);
    if (good && last) good = nr_tally_end_group(runner->tally);
    if (!good) return nr_unit_out_of_range(block);
    if (runner->rows) write_row(runner); /* fits where the tally's sum did */
    *block_done = true;
    return NR_OK;
}
