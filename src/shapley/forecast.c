/* A pilot plays some units of the first sweep of each layer on this machine; a store
 * brings what its run has measured. Both give a rate and standard errors, and from
 * these follows when a goal is reached. */
#include "neurank/shapley/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/estim/goal_rows.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "neurank/run/load.h"
#include "pilot.h"

/* A pilot of a layer takes about this long, but at least some units. */
static const double pilot_s = 1;

/* What is known of one layer. */
typedef struct {
    const char *name;
    const nr_fold *fold;
    nr_goal goal;
    nr_interval_spec intervals;
    double seconds; /* of computing what is folded, on `where` */
} measurement;

static void print_head(const char *where) {
    printf("%s\n%-24s %7s %12s %12s %12s  %-22s %9s %12s\n", where, "layer", "players",
           "co-im/s", "sweep takes", "its +-joint", "goal", "sweeps", "takes");
}

/* Half of the widest joint interval after exactly one sweep. */
static double width_of_a_sweep(const measurement *m, const nr_results *r) {
    nr_interval_spec student = m->intervals;
    double widest = 0;
    student.sequence_sweeps = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->std_error[i] > widest) widest = r->std_error[i];
    return widest * sqrt(r->seen) * nr_interval_factor(&student, 1e9, 1, r->n);
}

static nr_status print_layer(const measurement *m) {
    char rate[NR_NUMBER_TEXT], each[NR_NUMBER_TEXT], all[NR_NUMBER_TEXT];
    char goal[64], count[32] = "?";
    nr_results *r;
    NR_TRY(nr_results_new(m->fold, &m->intervals, &r));
    double per_sweep = m->seconds / (r->seen > 0 ? r->seen : NAN);
    double sweeps = nr_goal_forecast(&m->goal, r, &m->intervals);
    if (r->exact) snprintf(goal, sizeof goal, "all coalitions");
    else nr_goal_brief(&m->goal, goal, sizeof goal);
    if (isfinite(sweeps)) snprintf(count, sizeof count, "%.0f", sweeps);
    printf("%-24s %7zu %12s %12s %12.3g  %-22s %9s %12s\n", m->name, r->n,
           nr_format_count((double)r->coalition_images / m->seconds, rate),
           nr_format_duration(per_sweep, each), width_of_a_sweep(m, r), goal, count,
           nr_format_duration(sweeps * per_sweep, all));
    nr_results_free(r);
    return NR_OK;
}

/* ---- from images: a pilot ---- */

/* m->fold is owned by the caller, also after a failure. */
static nr_status pilot(nr_world *world, const nr_inputs *inputs,
                       const nr_layers_request *request, const nr_run_layer *layer,
                       nr_fold **fold, measurement *m) {
    nr_player player;
    nr_fold_spec spec = {.n_players = layer->n_players,
                         .units_per_sweep = layer->plan.units.units_per_sweep,
                         .n_blocks = layer->plan.units.n_blocks,
                         .estimator = layer->plan.estimator};
    *m = (measurement){.name = layer->name, .goal = nr_run_goal(request)};
    NR_TRY(nr_fold_new(&spec, fold));
    NR_TRY(nr_player_new(world, inputs, layer, request->in.seed, &player));
    nr_status status = nr_pilot_play(player.runner, layer->plan.units.units_per_sweep,
                                     *fold, pilot_s, &m->seconds);
    nr_player_free(&player);
    m->fold = *fold;
    m->intervals = (nr_interval_spec){
        .confidence = request->confidence,
        .sequence_sweeps = nr_goal_sequence_sweeps(&m->goal),
        .marginal_limit = nr_metric_rows[request->metric].marginal_limit};
    return status;
}

nr_status nr_forecast_layer(nr_world *world, const nr_inputs *inputs,
                            const nr_layers_request *request, const nr_run_layer *layer,
                            nr_forecast *out) {
    measurement m;
    nr_fold *fold = NULL;
    nr_results *r = NULL;
    nr_status status = pilot(world, inputs, request, layer, &fold, &m);
    if (status == NR_OK) status = nr_results_new(fold, &m.intervals, &r);
    if (status == NR_OK) {
        out->seconds_per_sweep = m.seconds / (r->seen > 0 ? r->seen : NAN);
        out->sweeps = nr_goal_forecast(&m.goal, r, &m.intervals);
        nr_results_free(r);
    }
    nr_fold_free(fold);
    return status;
}

static nr_status pilot_layer(nr_world *world, const nr_inputs *inputs,
                             const nr_layers_request *request,
                             const nr_kernels *kernels, uint32_t node) {
    nr_run_layer layer;
    measurement m;
    nr_fold *fold = NULL;
    NR_TRY(nr_run_layer_plan(inputs, request, node, kernels, &layer));
    nr_status status =
        nr_pilot_choose(world, inputs, request, NULL, &layer, &layer.plan.estimator);
    if (status == NR_OK) status = pilot(world, inputs, request, &layer, &fold, &m);
    if (status == NR_OK) status = print_layer(&m);
    nr_fold_free(fold);
    nr_run_layer_free(&layer);
    return status;
}

static nr_status pilot_layers(nr_world *world, const nr_inputs *inputs,
                              const nr_layers_request *request,
                              const nr_kernels *kernels) {
    uint32_t *nodes;
    size_t n;
    char head[96];
    const char *layers = request->layers ? request->layers : "all";
    NR_TRY(nr_layers_select(inputs->graph, layers, &nodes, &n));
    snprintf(head, sizeof head, "%zu images, measured now, times on one core",
             nr_images_count(inputs->images));
    print_head(head);
    nr_status status = NR_OK;
    for (size_t i = 0; i < n && status == NR_OK; i++)
        status = pilot_layer(world, inputs, request, kernels, nodes[i]);
    free(nodes);
    return status;
}

static nr_status forecast_from_images(const nr_layers_request *request) {
    nr_world *world;
    nr_inputs inputs;
    const nr_kernels *kernels;
    NR_TRY(nr_world_start(&world));
    nr_status status = NR_OK;
    if (nr_world_size(world) > 1)
        status = nr_fail(NR_ERR_USAGE, "info: runs on one rank");
    if (status == NR_OK) status = nr_load(world, &request->in, NULL, &inputs, &kernels);
    if (status == NR_OK) {
        status = pilot_layers(world, &inputs, request, kernels);
        nr_inputs_free(&inputs);
    }
    nr_world_stop(world);
    return status;
}

/* ---- from a store ---- */

static nr_status forecast_layer(const nr_store *store, const nr_store_layer *layer,
                                const nr_layers_request *request) {
    const nr_goal *asked = &request->goal;
    measurement m = {.name = layer->name,
                     .fold = layer->fold,
                     .goal = nr_goal_is_none(asked) ? nr_store_goal(layer) : *asked,
                     .intervals = nr_store_intervals(store, layer),
                     .seconds = layer->seconds};
    if (m.intervals.sequence_sweeps == 0)
        m.intervals.sequence_sweeps = nr_goal_sequence_sweeps(&m.goal);
    return print_layer(&m);
}

/* The model, which has to be the one that the store is of. */
static nr_status load_model(const nr_layers_request *request, const nr_store *store,
                            nr_graph **out) {
    char digest[NR_DIGEST_TEXT];
    const char *theirs = store->plan.in.model;
    NR_REQUIRE(store->n_layers > 0, NR_ERR_MISMATCH,
               "%s: holds no Shapley values, whose time could be forecast",
               request->in.data);
    NR_TRY(nr_onnx_load(request->in.model, out, digest));
    if (strcmp(theirs, digest) == 0) return NR_OK;
    nr_graph_free(*out);
    return nr_fail(NR_ERR_MISMATCH,
                   "%s belongs to another model: its digest is %s there, %s is %s",
                   request->in.data, theirs, request->in.model, digest);
}

static nr_status forecast_named(const nr_layers_request *request, const nr_store *store,
                                const char *name) {
    const nr_store_layer *layer = nr_store_find_layer(store, name);
    NR_REQUIRE(layer, NR_ERR_USAGE, "--layer %s: no layer of %s", name,
               request->in.data);
    return forecast_layer(store, layer, request);
}

static nr_status forecast_layers(const nr_layers_request *request,
                                 const nr_store *store, const nr_graph *graph) {
    uint32_t *nodes;
    size_t n;
    nr_status status = NR_OK;
    if (!request->layers || strcmp(request->layers, "all") == 0) {
        for (size_t k = 0; k < store->n_layers && status == NR_OK; k++)
            status = forecast_layer(store, &store->layers[k], request);
        return status;
    }
    NR_TRY(nr_layers_select(graph, request->layers, &nodes, &n));
    for (size_t i = 0; i < n && status == NR_OK; i++)
        status = forecast_named(
            request, store,
            nr_graph_text(graph, nr_graph_node(graph, nodes[i])->short_name));
    free(nodes);
    return status;
}

static nr_status forecast_from_store(const nr_forecast_request *asked) {
    const nr_layers_request *request = &asked->play;
    nr_store *store;
    nr_graph *graph;
    char head[160];
    const char *path = request->in.data;
    /* Only what the run has not settled may be asked. */
    NR_REQUIRE(!asked->settled_option, NR_ERR_USAGE,
               "--%s: %s is a store, its run has settled that already",
               asked->settled_option, path);
    NR_TRY(nr_store_read(path, &store));
    nr_status status = load_model(request, store, &graph);
    if (status != NR_OK) goto err_free_store;
    if (asked->confidence_given) store->confidence = request->confidence;
    snprintf(head, sizeof head,
             "%llu images, times as on the ranks of the run in %.80s",
             (unsigned long long)store->plan.in.images, path);
    print_head(head);
    status = forecast_layers(request, store, graph);
    nr_graph_free(graph);
err_free_store:
    nr_store_free(store);
    return status;
}

nr_status nr_run_forecast(const nr_forecast_request *request) {
    bool is_store;
    NR_TRY(nr_store_detect(request->play.in.data, &is_store));
    return is_store ? forecast_from_store(request)
                    : forecast_from_images(&request->play);
}
