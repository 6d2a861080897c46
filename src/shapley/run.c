/* A run of `neurank shapley`, from the command line to the store. Read this first.
 *
 *   load    rank 0 reads model and images, checks them, and everybody gets them
 *   plan    every rank works out the same layers, players and numbered units
 *   open    rank 0 goes on with the store if there is one that fits
 *   check   an exact run that would take too long is refused
 *   play    layer by layer: units to ranks, results back, checkpoints
 *   save    the store is complete, or says that it is not
 */
#include "neurank/shapley/shapley.h"

#include "neurank/base/log.h"
#include "neurank/base/stop.h"
#include "neurank/game/filter.h"
#include "neurank/nn/gemm.h"
#include "neurank/run/world_check.h"
#include "neurank/sched/schedule.h"
#include "neurank/shapley/exact.h"
#include "neurank/shapley/shapley_session.h"
#include "neurank/shapley/work.h"

typedef struct {
    nr_world *world;
    const nr_shapley_request *request;
    nr_work work;
    nr_shapley_session *session; /* rank 0 */
} nr_run;

static void say_stopped(const nr_run *run) {
    nr_log(NR_LOG_INFO, "stopped early; the same command goes on from %s",
           run->request->out.path);
}

static nr_status open_session(nr_run *run) {
    nr_store *store;
    nr_status status = NR_OK;
    if (nr_world_rank(run->world) == 0) {
        status = nr_work_store(&run->work, &store);
        if (status == NR_OK)
            status = nr_shapley_open(run->request, store, &run->session);
    }
    return nr_world_share(run->world, status);
}

static nr_status begin_session(nr_run *run, const char *command_line) {
    bool root = nr_world_rank(run->world) == 0;
    return nr_world_share(run->world, root
                                          ? nr_shapley_begin(run->session, command_line,
                                                             nr_world_size(run->world))
                                          : NR_OK);
}

/* What rank 0 decides and all have to know: nr_status of the question. */
static bool layer_is_done(const nr_run *run, size_t k) {
    bool root = nr_world_rank(run->world) == 0;
    bool done = root && nr_shapley_layer_done(run->session, k);
    return nr_world_share(run->world, done ? NR_STOPPED : NR_OK) == NR_STOPPED;
}

/* An exact run that would take too long is refused before it begins. */
static nr_status check_duration(nr_run *run) {
    double total_s = 0;
    for (size_t k = 0; k < run->work.n_layers; k++) {
        if (!nr_estimator_is_exact(run->work.layers[k].plan.estimator) ||
            layer_is_done(run, k))
            continue;
        const nr_store *store = run->session ? nr_shapley_store(run->session) : NULL;
        NR_TRY(nr_exact_check(run->world, &run->work.inputs, &run->work.layers[k],
                              run->request, nr_world_size(run->world),
                              store ? store->layers[k].fold : NULL, &total_s));
    }
    return NR_OK;
}

/* Ranks that are in the midst of something long, and were told to leave it: all that
 * they gave back is saved, and they are ended. */
static void leave_the_deaf(nr_run *run, nr_status status) {
    nr_status saved = nr_shapley_finish(run->session);
    if (saved != NR_OK) status = saved;
    if (status == NR_STOPPED) say_stopped(run);
    nr_shapley_free(run->session);
    run->session = NULL;
    nr_world_abort(run->world, nr_status_exit_code(status));
}

static nr_status play_layer(nr_run *run, size_t k) {
    nr_player player;
    nr_sink sink = {0};
    NR_TRY(nr_player_new(run->world, &run->work.inputs, &run->work.layers[k],
                         run->request->play.in.seed, &player));
    bool root = nr_world_rank(run->world) == 0;
    int size = nr_world_size(run->world);
    nr_status status = root ? nr_shapley_layer_begin(run->session, k, size,
                                                     nr_filter_game_batch(&player.game))
                            : NR_OK;
    status = nr_world_share(run->world, status);
    if (status != NR_OK) {
        nr_player_free(&player);
        return status;
    }
    if (root) sink = nr_shapley_sink(run->session);
    bool deaf;
    status = nr_schedule_run(nr_world_transport(run->world), player.runner,
                             nr_shapley_source, run->session, &sink, &deaf);
    /* A rank that broke off its part of the protocol: the others would wait for it. */
    if (status == NR_ERR_INTERNAL && size > 1)
        nr_world_abort(run->world, nr_status_exit_code(status));
    if (root) {
        nr_status saved = nr_shapley_layer_end(run->session);
        if (status == NR_OK) status = saved;
        if (status == NR_OK && nr_shapley_stopped(run->session)) status = NR_STOPPED;
        if (deaf) leave_the_deaf(run, status);
    }
    nr_player_free(&player);
    return nr_world_share(run->world, status);
}

static nr_status play(nr_run *run) {
    bool anything = false;
    for (size_t k = 0; k < run->work.n_layers; k++) {
        if (layer_is_done(run, k)) continue;
        anything = true;
        NR_TRY(play_layer(run, k));
    }
    if (!anything)
        nr_log(NR_LOG_INFO, "%s is complete: nothing to do", run->request->out.path);
    return NR_OK;
}

static nr_status run_all(nr_run *run, const char *command_line) {
    NR_TRY(nr_world_share(run->world, nr_require_one_world(run->world)));
    NR_TRY(nr_work_load(run->world, run->request, &run->work));
    NR_TRY(open_session(run));
    NR_TRY(check_duration(run));
    NR_TRY(begin_session(run, command_line));
    nr_status status = play(run); /* the same on every rank */
    nr_status saved = run->session ? nr_shapley_finish(run->session) : NR_OK;
    saved = nr_world_share(run->world, saved);
    return saved == NR_OK ? status : saved;
}

nr_status nr_run_shapley(const nr_shapley_request *request, const char *command_line) {
    nr_run run = {.request = request};
    nr_stop_install();
    NR_TRY(nr_world_start(&run.world));
    nr_log_set_quiet(nr_world_rank(run.world) != 0);
    nr_gemm_single_thread();
    nr_status status = run_all(&run, command_line);
    if (status == NR_STOPPED) say_stopped(&run);
    nr_shapley_free(run.session);
    nr_work_free(&run.work);
    nr_world_stop(run.world);
    return status;
}
