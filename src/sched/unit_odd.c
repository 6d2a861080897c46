/* A visit by the odd estimator: two independent draws of thinned walks on one block.
 *
 * With x_i = 1 - s/m for members of S and -s/m for the others, D = v(N) - v(empty), and
 * c from sample/thinned.h, the best linear fit of f has
 *
 *   phi_i = D/m + E[ x_i (f(S) - (D/m)(s - m/2)) ] / c
 *
 * because E[x x'] = c (I - 11'/m) is known. Its mean over the draw's coalitions is
 * unbiased for any number of them. Solving least squares with the *sampled* matrix
 * instead (methods: LeverageSHAP and others) has less variance where there are many
 * more coalitions than players, but a bias that does not average away over blocks, and
 * so no valid interval; tests/bench/efficiency.c measures both. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "estimators.h"
#include "neurank/base/memory.h"
#include "neurank/sample/thinned.h"
#include "visit.h"

enum { BATCH = 32 }; /* permutations evaluated together */

typedef struct {
    nr_visitor visitor;
    uint32_t sweep, block; /* of the visit */
    const bool *live;      /* [n] */
    bool *everybody;       /* [n] all true, for games that do not say */
    double *below;         /* [n + 1] */
    double variance;       /* of membership: c */
    double *sum;           /* [n] of the live ones, in their order */
    uint8_t *kept;         /* [rows, n] a prefix, its complement, ... */
    int64_t *values;       /* [rows] */
    size_t *sizes;         /* [rows / 2] */
} thinned;

static void odd_free(void *self) {
    thinned *t = self;
    if (!t) return;
    nr_visitor_clear(&t->visitor);
    free(t->everybody);
    free(t->below);
    free(t->sum);
    free(t->kept);
    free(t->values);
    free(t->sizes);
    free(t);
}

static nr_status allocate(thinned *t, size_t n) {
    size_t rows = 2 * NR_THINNED_PREFIXES * BATCH;
    if (!NR_NEW(t->everybody, n) || !NR_NEW(t->below, n + 1) || !NR_NEW(t->sum, n) ||
        !NR_NEW(t->kept, nr_size_mul(rows, n)) || !NR_NEW(t->values, rows) ||
        !NR_NEW(t->sizes, rows / 2))
        return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) t->everybody[i] = true;
    return NR_OK;
}

static nr_status make(const nr_unit_spec *spec, void **self) {
    thinned *t;
    if (!NR_NEW(t, 1)) return NR_ERR_INTERNAL;
    nr_status status = nr_visitor_init(&t->visitor, spec);
    if (status == NR_OK) status = allocate(t, spec->game->n_players);
    if (status == NR_OK) *self = t;
    else odd_free(t);
    return status;
}

/* Rows of permutation p: its prefixes, each followed by the complement among the live.
 */
static void write_rows(thinned *t, uint32_t draw, size_t p, size_t count, size_t at) {
    size_t n = t->visitor.spec.game->n_players, m = t->visitor.n_live;
    uint32_t sweep = t->sweep, block = t->block;
    nr_sampler_permutation(t->visitor.sampler, sweep, block, 2 + draw + 2 * (uint32_t)p,
                           t->visitor.permutation);
    for (size_t k = 0; k < NR_THINNED_PREFIXES; k++) {
        size_t size = nr_thinned_size(t->visitor.sampler, sweep, block, draw, p, count,
                                      k, m, t->below);
        uint8_t *prefix = t->kept + 2 * (at + k) * n, *rest = prefix + n;
        size_t seen = 0;
        t->sizes[at + k] = size;
        for (size_t i = 0; i < n; i++) {
            uint32_t player = t->visitor.permutation[i];
            prefix[player] = t->live[player] && seen < size;
            rest[player] = t->live[player] && !prefix[player];
            seen += t->live[player];
        }
    }
}

/* Adds what `count` coalitions and their complements say, per coalition. */
static void add_rows(thinned *t, size_t count) {
    size_t n = t->visitor.spec.game->n_players;
    double m = (double)t->visitor.n_live;
    double each = (double)(t->visitor.ends.full - t->visitor.ends.empty) / m;
    for (size_t k = 0; k < count; k++) {
        const uint8_t *kept = t->kept + 2 * k * n;
        double size = (double)t->sizes[k];
        double f = 0.5 * (double)(t->values[2 * k] - t->values[2 * k + 1]);
        double odd = f - each * (size - m / 2);
        for (size_t i = 0; i < t->visitor.n_live; i++)
            t->sum[i] += (kept[t->visitor.players[i]] - size / m) * odd;
    }
}

/* Twice the draw's Shapley values in quanta, that sum to twice D exactly: what rounding
 * leaves goes to the first players, a quantum each. */
static void write_values(thinned *t, double scale, int64_t *twice) {
    NR_ASSERT(t->visitor.n_live > 1); /* draw_or_know */
    int64_t left = 2 * (t->visitor.ends.full - t->visitor.ends.empty);
    double each = (double)left / (double)t->visitor.n_live;
    memset(twice, 0, t->visitor.spec.game->n_players * sizeof *twice);
    for (size_t i = 0; i < t->visitor.n_live; i++) {
        twice[t->visitor.players[i]] = llrint(each + 2 * scale * t->sum[i]);
        left -= twice[t->visitor.players[i]];
    }
    for (size_t i = 0; left != 0; i = (i + 1) % t->visitor.n_live) {
        twice[t->visitor.players[i]] += left > 0 ? 1 : -1;
        left -= left > 0 ? 1 : -1;
    }
}

static nr_status draw_values(thinned *t, uint32_t draw, int64_t *twice,
                             uint64_t *coalitions) {
    const nr_game *game = t->visitor.spec.game;
    size_t count = nr_thinned_permutations(t->visitor.n_live);
    memset(t->sum, 0, t->visitor.n_live * sizeof *t->sum);
    for (size_t first = 0; first < count; first += BATCH) {
        size_t batch = count - first < BATCH ? count - first : BATCH;
        for (size_t p = 0; p < batch; p++)
            write_rows(t, draw, first + p, count, NR_THINNED_PREFIXES * p);
        size_t rows = NR_THINNED_PREFIXES * batch;
        NR_TRY(game->values(game->self, 2 * rows, t->kept, t->values));
        add_rows(t, rows);
        *coalitions += 2 * rows;
    }
    write_values(t, 1 / (t->variance * (double)(NR_THINNED_PREFIXES * count)), twice);
    return NR_OK;
}

/* Of one live player there is nothing to estimate, and of none nothing to say. */
static nr_status draw_or_know(thinned *t, uint32_t draw, int64_t *twice,
                              uint64_t *coalitions) {
    if (t->visitor.n_live > 1) return draw_values(t, draw, twice, coalitions);
    memset(twice, 0, t->visitor.spec.game->n_players * sizeof *twice);
    if (t->visitor.n_live == 1)
        twice[t->visitor.players[0]] =
            2 * (t->visitor.ends.full - t->visitor.ends.empty);
    return NR_OK;
}

/* Forward is twice the estimate, reverse zero, so that their sums are those of a pair
 * of walks. */
static nr_status draw(void *self, const nr_turn *turn, uint64_t *coalition_images) {
    thinned *t = self;
    nr_visitor *v = &t->visitor;
    const nr_game *game = v->spec.game;
    uint64_t coalitions = 0;
    t->sweep = (uint32_t)turn->unit.sweep;
    t->block = (uint32_t)turn->block;
    t->live = game->live ? game->live(game->self) : NULL;
    if (!t->live) t->live = t->everybody;
    if (v->n_live > 1) t->variance = nr_thinned_sizes(v->n_live, t->below);
    for (uint32_t j = 0; j < NR_VISIT_SAMPLES; j++) {
        NR_TRY(draw_or_know(t, j, v->marginals[j][0], &coalitions));
        memset(v->marginals[j][1], 0, game->n_players * sizeof *v->marginals[j][1]);
    }
    *coalition_images += coalitions * v->ends.images;
    return NR_OK;
}

static nr_status play(void *self, const nr_turn *turn, bool *done) {
    thinned *t = self;
    *done = true;
    return nr_visitor_play(&t->visitor, turn, draw, t);
}

const nr_estimator_row nr_row_odd = {
    .plan = nr_visitor_plan, .make = make, .play = play, .free = odd_free};
