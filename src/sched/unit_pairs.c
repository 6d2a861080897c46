/* A visit by two independent pairs of walks, each a permutation and its reverse. */
#include <stdlib.h>

#include "estimators.h"
#include "neurank/base/memory.h"
#include "visit.h"

static void pairs_free(void *self) {
    nr_visitor *v = self;
    if (!v) return;
    nr_visitor_clear(v);
    free(v);
}

static nr_status make(const nr_unit_spec *spec, void **self) {
    nr_visitor *v;
    if (!NR_NEW(v, 1)) return NR_ERR_INTERNAL;
    nr_status status = nr_visitor_init(v, spec);
    if (status == NR_OK) *self = v;
    else pairs_free(v);
    return status;
}

static nr_status walk(void *self, const nr_turn *turn, uint64_t *coalition_images) {
    nr_visitor *v = self;
    const nr_game *game = v->spec.game;
    for (uint32_t j = 0; j < NR_VISIT_SAMPLES; j++) {
        nr_sampler_order(v->sampler, (uint32_t)turn->unit.sweep, (uint32_t)turn->block,
                         j, v->players, v->n_live, v->permutation);
        NR_TRY(game->pair(game->self, v->permutation, v->n_live, v->marginals[j][0],
                          v->marginals[j][1], coalition_images));
    }
    return NR_OK;
}

static nr_status play(void *self, const nr_turn *turn, bool *done) {
    *done = true;
    return nr_visitor_play(self, turn, walk, self);
}

const nr_estimator_row nr_row_pairs = {
    .plan = nr_visitor_plan, .make = make, .play = play, .free = pairs_free};
