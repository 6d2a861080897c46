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

#include "neurank/base/memory.h"
#include "neurank/sample/thinned.h"
#include "unit_private.h"

nr_status nr_unit_odd_new(nr_unit_runner *runner) {
    thinned *t = &runner->odd;
    size_t n = runner->spec.game->n_players;
    size_t rows = 2 * NR_THINNED_PREFIXES;
    if (!NR_NEW(t->everybody, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) t->everybody[i] = true;
    if (!NR_NEW(t->players, n) || !NR_NEW(t->below, n + 1) || !NR_NEW(t->sum, n) ||
        !NR_NEW(t->kept, nr_size_mul(rows * NR_ODD_BATCH, n)) ||
        !NR_NEW(t->values, rows * NR_ODD_BATCH) ||
        !NR_NEW(t->sizes, NR_THINNED_PREFIXES * NR_ODD_BATCH))
        return NR_ERR_INTERNAL;
    return NR_OK;
}

void nr_unit_odd_free(nr_unit_runner *runner) {
    thinned *t = &runner->odd;
    free(t->players);
    free(t->everybody);
    free(t->below);
    free(t->sum);
    free(t->kept);
    free(t->values);
    free(t->sizes);
}

/* Rows of permutation p: its prefixes, each followed by the complement among the live.
 */
static void write_rows(nr_unit_runner *runner, uint32_t draw, size_t p, size_t count,
                       size_t at) {
    thinned *t = &runner->odd;
    size_t n = runner->spec.game->n_players, m = t->n_live;
    uint32_t sweep = (uint32_t)runner->unit.sweep, block = (uint32_t)t->block;
    nr_sampler_permutation(runner->spec.sampler, sweep, block,
                           2 + draw + 2 * (uint32_t)p, runner->permutation);
    for (size_t k = 0; k < NR_THINNED_PREFIXES; k++) {
        size_t size = nr_thinned_size(runner->spec.sampler, sweep, block, draw, p,
                                      count, k, m, t->below);
        uint8_t *prefix = t->kept + 2 * (at + k) * n, *rest = prefix + n;
        size_t seen = 0;
        t->sizes[at + k] = size;
        for (size_t i = 0; i < n; i++) {
            uint32_t player = runner->permutation[i];
            prefix[player] = t->live[player] && seen < size;
            rest[player] = t->live[player] && !prefix[player];
            seen += t->live[player];
        }
    }
}

/* Adds what `count` coalitions and their complements say, per coalition. */
static void add_rows(nr_unit_runner *runner, size_t count) {
    thinned *t = &runner->odd;
    size_t n = runner->spec.game->n_players;
    double m = (double)t->n_live;
    double each = (double)(runner->ends.full - runner->ends.empty) / m;
    for (size_t k = 0; k < count; k++) {
        const uint8_t *kept = t->kept + 2 * k * n;
        double size = (double)t->sizes[k];
        double f = 0.5 * (double)(t->values[2 * k] - t->values[2 * k + 1]);
        double odd = f - each * (size - m / 2);
        for (size_t i = 0; i < t->n_live; i++)
            t->sum[i] += (kept[t->players[i]] - size / m) * odd;
    }
}

/* Twice the draw's Shapley values in quanta, that sum to twice D exactly: what rounding
 * leaves goes to the first players, a quantum each. */
static void write_values(nr_unit_runner *runner, double scale, int64_t *twice) {
    thinned *t = &runner->odd;
    int64_t left = 2 * (runner->ends.full - runner->ends.empty);
    double each = (double)left / (double)t->n_live;
    memset(twice, 0, runner->spec.game->n_players * sizeof *twice);
    for (size_t i = 0; i < t->n_live; i++) {
        twice[t->players[i]] = llrint(each + 2 * scale * t->sum[i]);
        left -= twice[t->players[i]];
    }
    for (size_t i = 0; left != 0; i = (i + 1) % t->n_live) {
        twice[t->players[i]] += left > 0 ? 1 : -1;
        left -= left > 0 ? 1 : -1;
    }
}

static nr_status draw_values(nr_unit_runner *runner, uint32_t draw, int64_t *twice,
                             uint64_t *coalitions) {
    thinned *t = &runner->odd;
    const nr_game *game = runner->spec.game;
    size_t count = nr_thinned_permutations(t->n_live);
    memset(t->sum, 0, t->n_live * sizeof *t->sum);
    for (size_t first = 0; first < count; first += NR_ODD_BATCH) {
        size_t batch = count - first < NR_ODD_BATCH ? count - first : NR_ODD_BATCH;
        for (size_t p = 0; p < batch; p++)
            write_rows(runner, draw, first + p, count, NR_THINNED_PREFIXES * p);
        size_t rows = NR_THINNED_PREFIXES * batch;
        NR_TRY(game->values(game->self, 2 * rows, t->kept, t->values));
        add_rows(runner, rows);
        *coalitions += 2 * rows;
    }
    write_values(runner, 1 / (t->variance * (double)(NR_THINNED_PREFIXES * count)),
                 twice);
    return NR_OK;
}

/* Of one live player there is nothing to estimate, and of none nothing to say. */
static nr_status draw_or_know(nr_unit_runner *runner, uint32_t draw, int64_t *twice,
                              uint64_t *coalitions) {
    thinned *t = &runner->odd;
    if (t->n_live > 1) return draw_values(runner, draw, twice, coalitions);
    memset(twice, 0, runner->spec.game->n_players * sizeof *twice);
    if (t->n_live == 1)
        twice[t->players[0]] = 2 * (runner->ends.full - runner->ends.empty);
    return NR_OK;
}

nr_status nr_unit_play_odd(nr_unit_runner *runner, uint64_t block,
                           uint64_t *coalition_images) {
    thinned *t = &runner->odd;
    nr_game *game = runner->spec.game;
    uint64_t coalitions = 0;
    t->block = block;
    t->n_live = nr_game_live(game, t->players);
    t->live = game->live ? game->live(game->self) : NULL;
    if (!t->live) t->live = t->everybody;
    if (t->n_live > 1) t->variance = nr_thinned_sizes(t->n_live, t->below);
    for (uint32_t j = 0; j < PAIRS; j++) {
        NR_TRY(draw_or_know(runner, j, runner->marginals[j][0], &coalitions));
        memset(runner->marginals[j][1], 0,
               game->n_players * sizeof *runner->marginals[j][1]);
    }
    *coalition_images += coalitions * runner->ends.images;
    return NR_OK;
}
