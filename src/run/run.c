/* A run of `neurank shapley`, from the command line to the store. Read this first.
 *
 *   load    rank 0 reads model and images, checks them, and everybody gets them
 *   plan    every rank works out the same layers, players and numbered units
 *   open    rank 0 goes on with the store if there is one that fits
 *   check   an exact run that would take too long is refused
 *   play    layer by layer: units to ranks, results back, checkpoints
 *   save    the store is complete, or says that it is not
 */
#include "neurank/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "inputs.h"
#include "layer.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/stop.h"
#include "neurank/nn/gemm.h"
#include "neurank/nn/layers.h"
#include "neurank/sched/schedule.h"
#include "pilot.h"
#include "session.h"

typedef struct {
    nr_world *world;
    const nr_options *options;
    nr_inputs inputs;
    nr_run_layer *layers;
    size_t n_layers;
    nr_session *session; /* rank 0 */
} nr_run;

static void say_stopped(const nr_run *run) {
    nr_log(NR_LOG_INFO, "stopped early; the same command goes on from %s",
           run->options->output);
}

/* Every rank started alone inside a step of many tasks would repeat the same run. */
static nr_status require_one_world(const nr_world *world) {
    const char *tasks = getenv("SLURM_NTASKS");
    bool many = tasks && strtol(tasks, NULL, 10) > 1 && !getenv("OMPI_COMM_WORLD_SIZE");
    NR_REQUIRE(
        nr_world_size(world) > 1 || !many, NR_ERR_USAGE,
        "this process is a world of one rank although SLURM_NTASKS is %s: start it "
        "with srun --mpi=pmix or mpirun, or with --ntasks=1",
        tasks);
    return NR_OK;
}

/* Ranks on other processors would round otherwise, and which rank does what is chance.
 */
static nr_status require_one_kind(const nr_run *run) {
    char kernels[NR_CHOICE_TEXT];
    int size = nr_world_size(run->world);
    uint64_t mine = 0, *all;
    if (strcmp(nr_option_choice("kernels", run->options->kernels, kernels), "fast") !=
        0)
        return NR_OK;
    const char *kind = nr_kernels_find("fast")->name;
    memcpy(&mine, kind, strlen(kind) < sizeof mine ? strlen(kind) : sizeof mine);
    nr_status status = NR_NEW(all, (size_t)size) ? NR_OK : NR_ERR_INTERNAL;
    status = nr_world_share(run->world, status);
    if (status == NR_OK) status = nr_world_gather(run->world, &mine, 1, all);
    for (int rank = 1; rank < size && status == NR_OK; rank++)
        if (all[rank] != all[0])
            status = nr_fail(NR_ERR_USAGE,
                             "rank 0 runs on %.8s and rank %d on %.8s, which round "
                             "differently: choose one that all have, --kernels avx2 or "
                             "blas",
                             (char *)&all[0], rank, (char *)&all[rank]);
    free(all);
    return status;
}

static nr_status plan_layers(nr_run *run) {
    uint32_t *nodes;
    nr_status status = nr_layers_select(run->inputs.graph, run->options->layer, &nodes,
                                        &run->n_layers);
    NR_TRY(status);
    if (run->n_layers > 1 && run->options->filters)
        status = nr_fail(NR_ERR_USAGE, "--filters: only with one layer, here are %zu",
                         run->n_layers);
    else if (!NR_NEW(run->layers, run->n_layers)) status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < run->n_layers && status == NR_OK; i++) {
        nr_run_layer *layer = &run->layers[i];
        status = nr_run_layer_plan(&run->inputs, run->options, nodes[i], layer);
        if (status == NR_OK)
            status = nr_pilot_choose(run->world, &run->inputs, run->options, layer,
                                     &layer->odd);
    }
    free(nodes);
    return status;
}

/* The layers' short names with commas: however the command names them. */
static nr_status join_names(const nr_run *run, char **out) {
    size_t bytes = 1, used = 0;
    for (size_t i = 0; i < run->n_layers; i++) bytes += strlen(run->layers[i].name) + 1;
    char *text = nr_new(bytes, 1);
    if (!text) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < run->n_layers; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? "," : "",
                                 run->layers[i].name);
    *out = text;
    return NR_OK;
}

/* The store of this plan with nothing done. */
static nr_status plan_store(const nr_run *run, nr_store **out) {
    nr_store *store;
    char *names;
    NR_TRY(nr_store_new(run->n_layers, &store));
    store->confidence = run->options->confidence;
    nr_plan *plan = &store->plan;
    nr_status status = nr_plan_set(plan, "model", run->inputs.model_digest);
    if (status == NR_OK) status = join_names(run, &names);
    if (status == NR_OK) {
        status = nr_plan_set(plan, "layers", names);
        free(names);
    }
    if (status == NR_OK) status = nr_plan_set(plan, "data", run->inputs.data_digest);
    if (status == NR_OK)
        status = nr_plan_set_u64(plan, "images", nr_images_count(run->inputs.images));
    if (status == NR_OK) status = nr_plan_set_u64(plan, "seed", run->options->seed);
    for (size_t i = 0; i < run->n_layers && status == NR_OK; i++)
        status = nr_run_layer_store(&run->layers[i], run->options, &run->inputs,
                                    &store->layers[i]);
    if (status != NR_OK) {
        nr_store_free(store);
        return status;
    }
    *out = store;
    return NR_OK;
}

static nr_status open_session(nr_run *run) {
    nr_store *store;
    nr_status status = NR_OK;
    if (nr_world_rank(run->world) == 0) {
        status = plan_store(run, &store);
        if (status == NR_OK)
            status = nr_session_open(run->options, store, &run->session);
    }
    return nr_world_share(run->world, status);
}

static nr_status begin_session(nr_run *run, const char *command_line) {
    bool root = nr_world_rank(run->world) == 0;
    return nr_world_share(run->world, root
                                          ? nr_session_begin(run->session, command_line,
                                                             nr_world_size(run->world))
                                          : NR_OK);
}

/* What rank 0 decides and all have to know: nr_status of the question. */
static bool layer_is_done(const nr_run *run, size_t k) {
    bool root = nr_world_rank(run->world) == 0;
    bool done = root && nr_session_layer_done(run->session, k);
    return nr_world_share(run->world, done ? NR_STOPPED : NR_OK) == NR_STOPPED;
}

/* An exact run that would take too long is refused before it begins. */
static nr_status check_duration(nr_run *run) {
    double total_s = 0;
    for (size_t k = 0; k < run->n_layers; k++) {
        if (!run->layers[k].exact || layer_is_done(run, k)) continue;
        const nr_store *store = run->session ? nr_session_store(run->session) : NULL;
        NR_TRY(nr_exact_check(run->world, &run->inputs, &run->layers[k], run->options,
                              store ? store->layers[k].fold : NULL, &total_s));
    }
    return NR_OK;
}

/* Ranks that are in the midst of something long, and were told to leave it: all that
 * they gave back is saved, and they are ended. */
static void leave_the_deaf(nr_run *run, nr_status status) {
    nr_status saved = nr_session_finish(run->session);
    if (saved != NR_OK) status = saved;
    if (status == NR_STOPPED) say_stopped(run);
    nr_session_free(run->session);
    run->session = NULL;
    nr_world_abort(run->world, nr_status_exit_code(status));
}

static nr_status play_layer(nr_run *run, size_t k) {
    nr_player player;
    nr_sink sink = {0};
    NR_TRY(nr_player_new(run->world, &run->inputs, &run->layers[k], run->options->seed,
                         &player));
    bool root = nr_world_rank(run->world) == 0;
    int size = nr_world_size(run->world);
    nr_status status = root ? nr_session_layer_begin(run->session, k, size,
                                                     nr_filter_game_batch(&player.game))
                            : NR_OK;
    status = nr_world_share(run->world, status);
    if (status != NR_OK) {
        nr_player_free(&player);
        return status;
    }
    if (root) sink = nr_session_sink(run->session);
    bool deaf;
    status = nr_schedule_run(nr_world_transport(run->world), player.runner,
                             nr_session_source, run->session, &sink, &deaf);
    /* A rank that broke off its part of the protocol: the others would wait for it. */
    if (status == NR_ERR_INTERNAL && size > 1)
        nr_world_abort(run->world, nr_status_exit_code(status));
    if (root) {
        nr_status saved = nr_session_layer_end(run->session);
        if (status == NR_OK) status = saved;
        if (status == NR_OK && nr_session_stopped(run->session)) status = NR_STOPPED;
        if (deaf) leave_the_deaf(run, status);
    }
    nr_player_free(&player);
    return nr_world_share(run->world, status);
}

static nr_status play(nr_run *run) {
    bool anything = false;
    for (size_t k = 0; k < run->n_layers; k++) {
        if (layer_is_done(run, k)) continue;
        anything = true;
        NR_TRY(play_layer(run, k));
    }
    if (!anything)
        nr_log(NR_LOG_INFO, "%s is complete: nothing to do", run->options->output);
    return NR_OK;
}

static nr_status run_all(nr_run *run, const char *command_line) {
    NR_TRY(nr_world_share(run->world, require_one_world(run->world)));
    NR_TRY(nr_inputs_load(run->world, run->options, &run->inputs));
    /* The same decision everywhere, but one message. */
    if (nr_world_rank(run->world) != 0) nr_log_set_silent(true);
    nr_status status = require_one_kind(run);
    if (status == NR_OK) status = plan_layers(run);
    nr_log_set_silent(false);
    NR_TRY(nr_world_share(run->world, status));
    NR_TRY(open_session(run));
    NR_TRY(check_duration(run));
    NR_TRY(begin_session(run, command_line));
    status = play(run); /* the same on every rank */
    nr_status saved = run->session ? nr_session_finish(run->session) : NR_OK;
    saved = nr_world_share(run->world, saved);
    return saved == NR_OK ? status : saved;
}

nr_status nr_run_shapley(const nr_options *options, const char *command_line) {
    nr_run run = {.options = options};
    nr_stop_install();
    NR_TRY(nr_world_start(&run.world));
    nr_log_set_quiet(nr_world_rank(run.world) != 0);
    nr_gemm_single_thread();
    nr_status status = run_all(&run, command_line);
    if (status == NR_STOPPED) say_stopped(&run);
    nr_session_free(run.session);
    for (size_t i = 0; run.layers && i < run.n_layers; i++)
        nr_run_layer_free(&run.layers[i]);
    free(run.layers);
    nr_inputs_free(&run.inputs);
    nr_world_stop(run.world);
    return status;
}
