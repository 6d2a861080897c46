#include "pilot.h"

#include <math.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"

enum { UNITS_MIN = 4 };
static const double each_s = 0.5;

nr_status nr_pilot_play(nr_unit_runner *runner, uint64_t n_units, nr_fold *fold,
                        double wanted_s, double *took_s) {
    double start = nr_clock_s();
    nr_status status = NR_OK;
    for (uint64_t unit = 0; status == NR_OK && unit < n_units &&
                            (unit < UNITS_MIN || nr_clock_s() - start < wanted_s);
         unit++)
        status = nr_unit_play_into(runner, unit, fold);
    *took_s = nr_clock_s() - start;
    return status;
}

/* Sum over players of the variance that a second of work leaves. */
static nr_status measure(nr_player *player, const nr_run_layer *layer, uint64_t seed,
                         nr_estimator_kind estimator, double *variance_seconds) {
    nr_unit_spec unit = {.estimator = estimator,
                         .game = &player->game,
                         .seed = seed,
                         .layer = layer->node,
                         .units = layer->plan.units};
    nr_fold_spec spec = {.estimator = estimator,
                         .n_players = layer->n_players,
                         .units_per_sweep = layer->plan.units.units_per_sweep,
                         .n_blocks = layer->plan.units.n_blocks};
    nr_interval_spec intervals = {.confidence = 0.95, .marginal_limit = INFINITY};
    nr_unit_runner *runner = NULL;
    nr_fold *fold = NULL;
    nr_results *r = NULL;
    double seconds = 0;
    nr_status status = nr_unit_runner_new(&unit, &runner);
    if (status == NR_OK) status = nr_fold_new(&spec, &fold);
    if (status == NR_OK)
        status = nr_pilot_play(runner, layer->plan.units.units_per_sweep, fold, each_s,
                               &seconds);
    if (status == NR_OK) status = nr_results_new(fold, &intervals, &r);
    *variance_seconds = 0;
    for (size_t i = 0; status == NR_OK && i < r->n; i++)
        *variance_seconds += r->std_error[i] * r->std_error[i] * seconds;
    nr_results_free(r);
    nr_fold_free(fold);
    nr_unit_runner_free(runner);
    return status;
}

static nr_status compare(nr_player *player, const nr_run_layer *layer, uint64_t seed,
                         bool *odd) {
    double pairs_cost, odd_cost;
    NR_TRY(measure(player, layer, seed, NR_BY_PAIRS, &pairs_cost));
    NR_TRY(measure(player, layer, seed, NR_BY_ODD, &odd_cost));
    if (!(odd_cost > 0 && pairs_cost > 0)) {
        nr_log(NR_LOG_INFO, "%s: estimator pairs (a pilot saw nothing vary)",
               layer->name);
        return NR_OK;
    }
    *odd = odd_cost < pairs_cost;
    nr_log(NR_LOG_INFO,
           "%s: estimator %s (variance times time: odd %.3g of what pairs leave)",
           layer->name, nr_estimator_words[*odd ? NR_BY_ODD : NR_BY_PAIRS],
           odd_cost / pairs_cost);
    return NR_OK;
}

/* What the store's plan says; *known is false where there is no such store. */
static nr_status ask_store(const char *path, const char *layer, bool *known,
                           bool *odd) {
    nr_store *store;
    *known = false;
    if (!path || access(path, F_OK) != 0) return NR_OK;
    NR_TRY(nr_store_read(path, &store));
    const nr_store_layer *there = nr_store_find_layer(store, layer);
    *known = there != NULL;
    if (there) *odd = there->plan.estimator == NR_BY_ODD;
    nr_store_free(store);
    return NR_OK;
}

/* Rank 0's answer on every rank. */
static nr_status share_answer(nr_world *world, nr_status status, bool *answer) {
    NR_TRY(nr_world_share(world, status));
    bool yes = nr_world_rank(world) == 0 && *answer;
    *answer = nr_world_share(world, yes ? NR_STOPPED : NR_OK) == NR_STOPPED;
    return NR_OK;
}

/* With `auto`: odd or pairs? */
static nr_status ask(nr_world *world, const nr_inputs *inputs,
                     const nr_layers_request *request, const char *store,
                     const nr_run_layer *planned, bool *odd) {
    nr_player player;
    bool root = nr_world_rank(world) == 0, known = false;
    nr_status status = root ? ask_store(store, planned->name, &known, odd) : NR_OK;
    NR_TRY(share_answer(world, status, &known));
    if (known) return share_answer(world, NR_OK, odd);
    NR_TRY(nr_player_new(world, inputs, planned, request->in.seed, &player));
    status = root ? compare(&player, planned, request->in.seed, odd) : NR_OK;
    nr_player_free(&player);
    return share_answer(world, status, odd);
}

nr_status nr_pilot_choose(nr_world *world, const nr_inputs *inputs,
                          const nr_layers_request *request, const char *store,
                          const nr_run_layer *planned, nr_estimator_kind *out) {
    bool odd = request->estimator == NR_ESTIMATOR_ODD;
    if (nr_estimator_is_exact(planned->plan.estimator)) return NR_OK;
    if (request->estimator == NR_ESTIMATOR_AUTO)
        NR_TRY(ask(world, inputs, request, store, planned, &odd));
    *out = odd ? NR_BY_ODD : NR_BY_PAIRS;
    return NR_OK;
}
