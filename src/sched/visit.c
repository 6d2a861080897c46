#include "visit.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

nr_units nr_visitor_plan(const nr_work_costs *costs) {
    return nr_units_plan(costs->n_blocks, costs->visit_macs, costs->group_blocks);
}

nr_status nr_visitor_init(nr_visitor *v, const nr_unit_spec *spec) {
    size_t n = spec->game->n_players;
    *v = (nr_visitor){.spec = *spec};
    NR_TRY(nr_sampler_new(spec->seed, spec->layer, n, spec->units.strata, &v->sampler));
    if (!NR_NEW(v->permutation, n) || !NR_NEW(v->players, n)) return NR_ERR_INTERNAL;
    for (int j = 0; j < NR_VISIT_SAMPLES; j++)
        for (int k = 0; k < 2; k++)
            if (!NR_NEW(v->marginals[j][k], n)) return NR_ERR_INTERNAL;
    return NR_OK;
}

void nr_visitor_clear(nr_visitor *v) {
    nr_sampler_free(v->sampler);
    free(v->permutation);
    free(v->players);
    for (int j = 0; j < NR_VISIT_SAMPLES; j++)
        for (int k = 0; k < 2; k++) free(v->marginals[j][k]);
}

nr_status nr_turn_out_of_range(const nr_turn *turn) {
    return nr_fail(NR_ERR_UNIT,
                   "block %llu: the values of its coalitions spread too widely to be "
                   "summed exactly",
                   (unsigned long long)turn->block);
}

/* Fits where the tally's sum did. */
static void write_row(const nr_visitor *v, int64_t *row) {
    size_t n = v->spec.game->n_players;
    for (size_t i = 0; i < n; i++)
        row[i] = v->marginals[0][0][i] + v->marginals[0][1][i] + v->marginals[1][0][i] +
                 v->marginals[1][1][i];
}

nr_status nr_visitor_play(nr_visitor *v, const nr_turn *turn, nr_visit_fill *fill,
                          void *self) {
    const nr_game *game = v->spec.game;
    nr_visit visit = {0};
    NR_TRY(game->open(game->self, turn->block, &v->ends));
    v->n_live = nr_game_live(game, v->players);
    NR_TRY(fill(self, turn, &visit.coalition_images));
    for (uint32_t j = 0; j < NR_VISIT_SAMPLES; j++) {
        visit.forward[j] = v->marginals[j][0];
        visit.reverse[j] = v->marginals[j][1];
    }
    visit.live = game->live ? game->live(game->self) : NULL;
    visit.value_full = v->ends.full;
    visit.value_empty = v->ends.empty;
    visit.images = v->ends.images;
    visit.label = v->ends.label;
    visit.coalition_images += 2 * v->ends.images;
    bool last = turn->last || (turn->block + 1) % v->spec.units.strata == 0;
    bool good = nr_tally_add(turn->tally, &visit);
    if (good && last) good = nr_tally_end_group(turn->tally);
    if (!good) return nr_turn_out_of_range(turn);
    if (turn->row) write_row(v, turn->row);
    return NR_OK;
}
