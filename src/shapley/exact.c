#include "neurank/shapley/exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"

/* What the estimate looks at: some blocks, and some coalitions of the last of them. */
enum { SAMPLE_BLOCKS = 8, SAMPLE_COALITIONS = 256, ROUNDS = 3 };
static const double week_s = 7 * 86400.0;

typedef struct {
    size_t live;       /* most of any block */
    double coalitions; /* mean over blocks */
    double coalition_s, block_s;
} measured;

/* Everybody's coalitions count the same; these are one half of the players. */
static nr_status time_coalitions(const nr_game *game, uint8_t *kept, int64_t *values,
                                 double *seconds) {
    size_t n = game->n_players;
    *seconds = INFINITY;
    for (size_t i = 0; i < SAMPLE_COALITIONS * n; i++) kept[i] = i * 7 / 3 & 1;
    for (int round = 0; round < ROUNDS; round++) {
        double start = nr_clock_s();
        NR_TRY(game->values(game->self, SAMPLE_COALITIONS, kept, values));
        double took = (nr_clock_s() - start) / SAMPLE_COALITIONS;
        if (took < *seconds) *seconds = took;
    }
    return NR_OK;
}

/* The fastest of three rounds in Gray-code order, where the block has enough players.
 */
static nr_status time_gray(const nr_game *game, size_t n_live, int64_t *values,
                           double *seconds) {
    bool few = n_live < 63 && UINT64_C(1) << n_live < SAMPLE_COALITIONS;
    if (!game->gray || few || n_live > 62) return NR_OK;
    for (int round = 0; round < ROUNDS; round++) {
        double start = nr_clock_s();
        NR_TRY(game->gray(game->self, 0, SAMPLE_COALITIONS, values));
        double took = (nr_clock_s() - start) / SAMPLE_COALITIONS;
        if (round == 0 || took < *seconds) *seconds = took;
    }
    return NR_OK;
}

static nr_status measure_blocks(const nr_game *game, uint32_t *players, size_t *n_live,
                                measured *out) {
    uint64_t blocks = game->n_blocks < SAMPLE_BLOCKS ? game->n_blocks : SAMPLE_BLOCKS;
    double start = nr_clock_s();
    for (uint64_t b = 0; b < blocks; b++) {
        nr_block_ends ends;
        NR_TRY(game->open(game->self, b * (game->n_blocks / blocks), &ends));
        *n_live = nr_game_live(game, players);
        if (*n_live > out->live) out->live = *n_live;
        out->coalitions += ldexp(1, (int)*n_live) / (double)blocks;
    }
    out->block_s = (nr_clock_s() - start) / (double)blocks;
    return NR_OK;
}

static nr_status measure(const nr_game *game, measured *out) {
    size_t n = game->n_players, n_live = 0;
    uint32_t *players;
    uint8_t *kept = NULL;
    int64_t *values = NULL;
    nr_status status = NR_ERR_INTERNAL;
    *out = (measured){0};
    if (!NR_NEW(players, n) || !NR_NEW(kept, nr_size_mul(SAMPLE_COALITIONS, n)) ||
        !NR_NEW(values, SAMPLE_COALITIONS))
        goto err_free;
    NR_TRY_GOTO(measure_blocks(game, players, &n_live, out), err_free);
    if (n <= NR_EXACT_PLAYERS_MAX)
        status = time_gray(game, n_live, values, &out->coalition_s);
    else status = NR_OK;
    if (status == NR_OK && out->coalition_s == 0)
        status = time_coalitions(game, kept, values, &out->coalition_s);
err_free:
    free(values);
    free(kept);
    free(players);
    return status;
}

static double estimate(const nr_run_layer *layer, const measured *m, int ranks,
                       const nr_fold *fold) {
    double blocks = (double)layer->plan.units.n_blocks;
    double openings = blocks * (double)layer->plan.units.pieces;
    double done =
        (double)nr_fold_units(fold) / (double)layer->plan.units.units_per_sweep;
    double work = blocks * m->coalitions * m->coalition_s + openings * m->block_s;
    return work * (1 - done) / ranks;
}

static nr_status judge(const nr_run_layer *layer, const nr_shapley_request *request,
                       const measured *m, int ranks, const nr_fold *fold,
                       double *total_s) {
    char time[NR_NUMBER_TEXT], limit_text[NR_NUMBER_TEXT], count[NR_NUMBER_TEXT];
    bool given = request->out.time_limit_s > 0;
    double limit = given ? request->out.time_limit_s : week_s;
    double seconds = estimate(layer, m, ranks, fold);
    *total_s += seconds;
    nr_format_duration(seconds, time);
    nr_format_count(m->coalitions * (double)layer->plan.units.n_blocks, count);
    NR_REQUIRE(
        *total_s > limit ||
            (layer->n_players <= NR_EXACT_PLAYERS_MAX && m->live <= NR_EXACT_LIVE_MAX),
        NR_ERR_USAGE,
        "layer \"%s\": %zu filters of which %zu change something on one block of "
        "images; at most %d and %d are enumerated; use --method sample or fewer "
        "--filters",
        layer->name, layer->n_players, m->live, NR_EXACT_PLAYERS_MAX,
        NR_EXACT_LIVE_MAX);
    NR_REQUIRE(*total_s <= limit, NR_ERR_USAGE,
               "layer \"%s\": evaluating all %s coalition-images of its %zu filters "
               "would take %s on %d %s, the limit is %s%s; use --method sample, fewer "
               "--filters or fewer --images",
               layer->name, count, layer->n_players, time, ranks,
               ranks == 1 ? "rank" : "ranks", nr_format_duration(limit, limit_text),
               given ? "" : " (--time-limit sets another)");
    nr_log(NR_LOG_INFO, "%s: %s coalition-images, about %s", layer->name, count, time);
    return NR_OK;
}

nr_status nr_exact_check(nr_world *world, const nr_inputs *inputs,
                         const nr_run_layer *layer, const nr_shapley_request *request,
                         int n_ranks, const nr_fold *fold, double *total_s) {
    nr_player player;
    measured m;
    nr_status status = NR_OK;
    NR_TRY(nr_player_new(world, inputs, layer, request->play.in.seed, &player));
    if (nr_world_rank(world) == 0) {
        status = measure(&player.game, &m);
        if (status == NR_OK) status = judge(layer, request, &m, n_ranks, fold, total_s);
    }
    nr_player_free(&player);
    return nr_world_share(world, status);
}
