/* `neurank submit MODEL DATA --layer L -o RUN.h5`, on the login node:
 *
 *   check     everything that `shapley` would refuse, refused here, with its exit code
 *   forecast  a pilot of a second a layer on one core of this machine
 *   write     the job's script, RUN.h5.sbatch, and show it
 *   submit    sbatch
 */
#include "submit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "job.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/game/cost.h"
#include "neurank/job/job_commands.h"
#include "neurank/nn/gemm.h"
#include "neurank/shapley/exact.h"
#include "neurank/shapley/forecast.h"
#include "neurank/shapley/shapley_session.h"

/* A start takes this long beside its work: the queue's own doings, reading, MPI. */
static const double start_s = 60, limit_least_s = 600, limit_most_s = 86400;
static const double limit_factor = 2, ranks_most = 1e9;

/* ---- check ---- */

/* The file that is there and the next one stand beside each other while it is written.
 */
static nr_status check_space(const nr_work *work) {
    char need_text[NR_NUMBER_TEXT], free_text[NR_NUMBER_TEXT];
    const char *path = work->request->out.path, *slash = strrchr(path, '/');
    char *folder = nr_strdup(slash ? path : ".");
    struct statvfs disk;
    if (!folder) return NR_ERR_INTERNAL;
    if (slash) folder[slash == path ? 1 : slash - path] = '\0';
    bool known = statvfs(folder, &disk) == 0;
    free(folder);
    double need = 2 * nr_work_store_bytes(work);
    double room = known ? (double)disk.f_bavail * (double)disk.f_frsize : INFINITY;
    NR_REQUIRE(need <= room, NR_ERR_STORE,
               "%s: a store of this run takes %s while it is replaced, %s are free",
               path, nr_format_bytes(need, need_text),
               nr_format_bytes(room, free_text));
    return NR_OK;
}

static nr_status check_queue(const char *path) {
    nr_job job;
    nr_job_find(path, "", &job);
    nr_job_ask(&job);
    NR_REQUIRE(!nr_job_is_alive(&job), NR_ERR_STORE,
               "%s: job %s is %s for it already: neurank status, or scancel %s", path,
               job.id, job.state, job.id);
    return NR_OK;
}

/* This machine need not have the processor that the run began on. */
static nr_status take_kernels(const char *path, nr_store *wanted) {
    nr_store *old;
    if (access(path, F_OK) != 0) return NR_OK;
    NR_TRY(nr_store_read(path, &old));
    nr_status status = NR_OK;
    for (size_t k = 0; k < wanted->n_layers && k < old->n_layers; k++) {
        const nr_plan_arithmetic *from = &old->layers[k].plan.arithmetic;
        nr_plan_arithmetic *to = &wanted->layers[k].plan.arithmetic;
        if (strcmp(wanted->layers[k].name, old->layers[k].name) != 0) continue;
        if (status == NR_OK) status = nr_plan_replace(&to->kernels, from->kernels);
        if (status == NR_OK) status = nr_plan_replace(&to->blas, from->blas);
    }
    nr_store_free(old);
    return status;
}

static nr_status open_session(const nr_submit_request *request, const nr_work *work,
                              nr_shapley_session **out) {
    nr_store *wanted;
    NR_TRY(nr_work_store(work, &wanted));
    if (!request->kernels_given) {
        nr_status status = take_kernels(work->request->out.path, wanted);
        if (status != NR_OK) {
            nr_store_free(wanted);
            return status;
        }
    }
    return nr_shapley_open(work->request, wanted, out);
}

/* ---- forecast ---- */

static nr_status forecast_layer(const nr_work *work, size_t k,
                                const nr_store_layer *stored, int ranks,
                                double *seconds) {
    char text[NR_NUMBER_TEXT], flop[NR_NUMBER_TEXT];
    const nr_run_layer *layer = &work->layers[k];
    nr_forecast f;
    nr_cut *cut;
    if (nr_estimator_is_exact(layer->plan.estimator))
        return nr_exact_check(work->world, &work->inputs, layer, work->request, ranks,
                              stored->fold, seconds);
    NR_TRY(nr_cut_new(work->inputs.graph, layer->node, layer->spec.ablation,
                      layer->filters, layer->n_players, &cut));
    double macs = nr_filter_visit_macs(cut, layer->spec.block_images) *
                  (double)layer->plan.units.n_blocks;
    nr_cut_free(cut);
    NR_TRY(
        nr_forecast_layer(work->world, &work->inputs, &work->request->play, layer, &f));
    double done =
        (double)nr_fold_units(stored->fold) / (double)layer->plan.units.units_per_sweep;
    double left = fmax(f.sweeps - done, 0);
    *seconds += left * f.seconds_per_sweep / ranks;
    printf("  %-24s %7zu %12s %10.3g %12s\n", layer->name, layer->n_players,
           nr_format_count(2 * macs, flop), 2e-9 * macs / f.seconds_per_sweep,
           isfinite(f.sweeps) ? nr_format_count(left, text) : "?");
    double units = left * (double)layer->plan.units.units_per_sweep;
    if (isfinite(units) && units < ranks)
        nr_log(NR_LOG_WARNING,
               "%s: %.0f pieces of work are left, %d ranks: some will idle",
               layer->name, units, ranks);
    return NR_OK;
}

static nr_status forecast(const nr_work *work, nr_shapley_session *session, int ranks,
                          double *seconds) {
    const nr_store *store = nr_shapley_store(session);
    printf("  %-24s %7s %12s %10s %12s\n", "layer", "players", "FLOP/sweep", "GFLOP/s",
           "sweeps left");
    *seconds = 0;
    for (size_t k = 0; k < work->n_layers; k++)
        if (!nr_shapley_layer_done(session, k))
            NR_TRY(forecast_layer(work, k, &store->layers[k], ranks, seconds));
    return NR_OK;
}

/* ---- what the job needs ---- */

static double limit_of(const nr_submit_request *request, double seconds) {
    double limit = limit_factor * seconds + start_s;
    if (request->time_s > 0) return request->time_s;
    if (!isfinite(limit) || limit > limit_most_s) return limit_most_s;
    return fmax(limit_least_s, 60 * ceil(limit / 60));
}

static nr_status plan_nodes(const nr_submit_request *request, const nr_work *work,
                            nr_job_plan *plan) {
    nr_cluster cluster;
    nr_cluster_ask(request->partition, &cluster);
    *plan = (nr_job_plan){.nodes = request->nodes,
                          .ranks_per_node = request->ranks_per_node};
    if (plan->ranks_per_node == 0) plan->ranks_per_node = cluster.cores;
    NR_REQUIRE(
        plan->ranks_per_node > 0, NR_ERR_USAGE,
        "sinfo does not tell how many cores the nodes of partition %s have: give "
        "--ranks-per-node",
        request->partition ? request->partition : "(default)");
    NR_REQUIRE(cluster.cores == 0 || plan->ranks_per_node <= cluster.cores,
               NR_ERR_USAGE, "--ranks-per-node %llu: nodes have %llu cores",
               (unsigned long long)plan->ranks_per_node,
               (unsigned long long)cluster.cores);
    double bytes = nr_work_node_bytes(work, plan->ranks_per_node);
    plan->memory_mib = (uint64_t)ceil(bytes / 0x1p20);
    NR_REQUIRE(
        cluster.memory_mib == 0 || plan->memory_mib <= cluster.memory_mib, NR_ERR_USAGE,
        "%llu ranks need %llu MiB of a node, which has %llu: fewer "
        "--ranks-per-node, or less --memory",
        (unsigned long long)plan->ranks_per_node, (unsigned long long)plan->memory_mib,
        (unsigned long long)cluster.memory_mib);
    return NR_OK;
}

static void say_plan(const nr_job_plan *plan) {
    char time[NR_NUMBER_TEXT] = "cannot be told", limit[NR_NUMBER_TEXT];
    if (isfinite(plan->seconds)) nr_format_duration(plan->seconds, time);
    nr_format_duration(plan->limit_s, limit);
    printf("%llu nodes x %llu ranks, %llu MiB a node; forecast from this machine's "
           "cores: %s; each start has %s\n",
           (unsigned long long)plan->nodes, (unsigned long long)plan->ranks_per_node,
           (unsigned long long)plan->memory_mib, time, limit);
    if (isfinite(plan->seconds) && plan->seconds > plan->limit_s)
        printf("the job will be queued again about %.0f times\n",
               ceil(plan->seconds / plan->limit_s) - 1);
}

static nr_status show_file(const char *path) {
    char line[512];
    FILE *file = fopen(path, "re");
    NR_REQUIRE(file, NR_ERR_STORE, "%s: cannot be read: %s", path, strerror(errno));
    printf("---- %s\n", path);
    while (fgets(line, sizeof line, file)) fputs(line, stdout);
    printf("----\n");
    fclose(file);
    return NR_OK;
}

/* ---- */

static nr_status submit(const nr_submit_request *request, const nr_work *work,
                        nr_shapley_session **session) {
    const char *output = request->run.out.path;
    nr_job_plan plan;
    char *script;
    NR_TRY(check_queue(output));
    NR_TRY(open_session(request, work, session));
    bool complete = true;
    for (size_t k = 0; k < work->n_layers; k++)
        complete &= nr_shapley_layer_done(*session, k);
    if (complete) {
        nr_log(NR_LOG_INFO, "%s is complete: nothing to submit", output);
        return NR_OK;
    }
    NR_TRY(check_space(work));
    NR_TRY(plan_nodes(request, work, &plan));
    double ranks = fmin((double)plan.nodes * (double)plan.ranks_per_node, ranks_most);
    NR_TRY(forecast(work, *session, (int)ranks, &plan.seconds));
    plan.limit_s = limit_of(request, plan.seconds);
    say_plan(&plan);
    NR_TRY(nr_job_write(request, &plan, &script));
    nr_status status = show_file(script);
    /* The job itself wants the lock. */
    nr_shapley_free(*session);
    *session = NULL;
    if (status == NR_OK && request->dry_run)
        printf("not submitted: sbatch %s\n", script);
    else if (status == NR_OK) status = nr_job_submit(output, script);
    free(script);
    return status;
}

nr_status nr_run_submit(const nr_submit_request *request) {
    nr_world *world;
    nr_work work;
    nr_shapley_session *session = NULL;
    NR_TRY(nr_world_start(&world));
    nr_gemm_single_thread();
    nr_status status = NR_OK;
    if (nr_world_size(world) > 1)
        status = nr_fail(NR_ERR_USAGE, "submit: runs on one rank");
    if (status == NR_OK) {
        status = nr_work_load(world, &request->run, &work);
        if (status == NR_OK) status = submit(request, &work, &session);
        nr_shapley_free(session);
        nr_work_free(&work);
    }
    nr_world_stop(world);
    return status;
}
