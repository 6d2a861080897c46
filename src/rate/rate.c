/* `neurank switch` and `neurank baseline`: layers one after another, each in steps that
 * all ranks do together (rater.h). */
#include <stdlib.h>
#include <string.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/stop.h"
#include "neurank/nn/gemm.h"
#include "neurank/nn/layers.h"
#include "neurank/rate/rate.h"
#include "neurank/run/load.h"
#include "neurank/run/world_check.h"
#include "rate_session.h"

typedef struct {
    nr_world *world;
    const nr_rate_request *request;
    const nr_switch_request *of_switch;     /* or NULL */
    const nr_baseline_request *of_baseline; /* or NULL */
    nr_rating_kind kind;
    nr_inputs inputs;
    const nr_kernels *kernels;
    nr_rated_layer *layers; /* [n] */
    size_t n;
    nr_rate_session *session; /* rank 0 */
} rate_run;

/* ---- what there is to do ---- */

static nr_status plan_layers(void *self) {
    rate_run *run = self;
    uint32_t *nodes;
    const nr_graph *graph = run->inputs.graph;
    NR_TRY(nr_layers_select(graph, run->request->layers, &nodes, &run->n));
    nr_status status = NR_NEW(run->layers, run->n) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t k = 0; k < run->n && status == NR_OK; k++) {
        const nr_node *node = nr_graph_node(graph, nodes[k]);
        run->layers[k] =
            (nr_rated_layer){.inputs = &run->inputs,
                             .request = run->request,
                             .of_switch = run->of_switch,
                             .of_baseline = run->of_baseline,
                             .kernels = run->kernels,
                             .node = nodes[k],
                             .name = nr_graph_text(graph, node->short_name),
                             .n = node->shape.c};
    }
    free(nodes);
    return status;
}

static nr_status load(rate_run *run) {
    const nr_store_request *out = &run->request->out;
    NR_TRY(nr_load(run->world, &run->request->in, out->fresh ? NULL : out->path,
                   &run->inputs, &run->kernels));
    return nr_decide(run->world, plan_layers, run);
}

static nr_status open_session(rate_run *run, const char *command_line) {
    nr_status status = NR_OK;
    if (nr_world_rank(run->world) == 0) {
        status =
            nr_rate_open(run->request, run->kind, run->layers, run->n, &run->session);
        if (status == NR_OK)
            status =
                nr_rate_begin(run->session, command_line, nr_world_size(run->world));
    }
    return nr_world_share(run->world, status);
}

/* ---- one layer ---- */

/* What goes to and fro in a step: the rater's words, and a few of ours. */
typedef struct {
    uint64_t *told; /* [0] go on? */
    int64_t *sums;  /* behind the rater's: ranks asked to stop, ranks that failed */
    bool stop;      /* rank 0 */
} exchange;

/* Rank 0's part behind a step. */
static nr_status go_on(rate_run *run, const nr_rater *rater, size_t k, exchange *x,
                       nr_status mine) {
    const int64_t *counts = x->sums + rater->n_sums;
    bool whole = counts[1] == 0;
    if (!whole) {
        x->stop = true;
        if (mine != NR_OK && mine != NR_STOPPED) return mine;
    } else {
        NR_TRY(rater->take(rater->self, nr_rate_rating(run->session, k), x->told + 1,
                           x->sums));
    }
    bool stop;
    NR_TRY(nr_rate_tick(run->session, rater, counts[0] > 0, &stop));
    x->stop |= stop;
    return NR_OK;
}

/* Steps until rank 0 has enough. */
static nr_status step_loop(rate_run *run, const nr_rater *rater, size_t k,
                           exchange *x) {
    int rank = nr_world_rank(run->world), size = nr_world_size(run->world);
    nr_status mine = NR_OK, status = NR_OK;
    NR_ASSERT(x->told && x->sums);
    for (;;) {
        if (rank == 0) {
            const nr_rating *rating = nr_rate_rating(run->session, k);
            x->told[0] = status == NR_OK && !x->stop && !nr_rating_is_complete(rating);
            rater->tell(rater->self, rating, x->told + 1);
        }
        nr_world_tell(run->world, x->told, 1 + rater->n_told);
        if (!x->told[0]) break;
        memset(x->sums, 0, (rater->n_sums + 2) * sizeof *x->sums);
        mine = rater->work(rater->self, x->told + 1, rank, size, x->sums);
        x->sums[rater->n_sums] = nr_stop_asked() != NR_STOP_NONE;
        x->sums[rater->n_sums + 1] = mine != NR_OK;
        nr_world_add(run->world, x->sums, rater->n_sums + 2);
        if (rank == 0) status = go_on(run, rater, k, x, mine);
    }
    if (status == NR_OK && mine != NR_STOPPED) status = mine;
    return nr_world_share(run->world, status);
}

static nr_status make_rater(const rate_run *run, size_t k, nr_rater *out) {
    return run->kind == NR_RATING_SWITCH ? nr_switch_rater_new(&run->layers[k], out)
                                         : nr_baseline_rater_new(&run->layers[k], out);
}

static nr_status rate_layer(rate_run *run, size_t k) {
    nr_rater rater = {0};
    exchange x = {0};
    bool root = nr_world_rank(run->world) == 0;
    nr_status status = make_rater(run, k, &rater);
    if (status == NR_OK &&
        (!NR_NEW(x.told, 1 + rater.n_told) || !NR_NEW(x.sums, rater.n_sums + 2)))
        status = NR_ERR_INTERNAL;
    status = nr_world_share(run->world, status);
    if (status == NR_OK) {
        if (root) nr_rate_layer_begin(run->session, k);
        status = step_loop(run, &rater, k, &x);
        nr_status saved = root ? nr_rate_layer_end(run->session) : NR_OK;
        if (status == NR_OK) status = saved;
        if (status == NR_OK && root && x.stop && !nr_rate_is_complete(run->session))
            status = NR_STOPPED;
        status = nr_world_share(run->world, status);
    }
    free(x.told);
    free(x.sums);
    nr_rater_free(&rater);
    return status;
}

/* Rank 0 knows. */
static bool is_done(const rate_run *run, size_t k) {
    bool done = run->session && nr_rating_is_complete(nr_rate_rating(run->session, k));
    return nr_world_share(run->world, done ? NR_STOPPED : NR_OK) == NR_STOPPED;
}

static nr_status rate_all(rate_run *run, const char *command_line) {
    bool anything = false;
    NR_TRY(nr_world_share(run->world, nr_require_one_world(run->world)));
    NR_TRY(load(run));
    NR_TRY(open_session(run, command_line));
    nr_status status = NR_OK;
    for (size_t k = 0; k < run->n && status == NR_OK; k++) {
        if (is_done(run, k)) continue;
        anything = true;
        status = rate_layer(run, k);
    }
    if (!anything)
        nr_log(NR_LOG_INFO, "%s: the %s of %s is complete: nothing to do",
               run->request->out.path, nr_rating_name(run->kind), run->request->layers);
    nr_status saved = run->session ? nr_rate_finish(run->session) : NR_OK;
    saved = nr_world_share(run->world, saved);
    return saved == NR_OK ? status : saved;
}

static nr_status run_rating(rate_run run, const char *command_line) {
    nr_stop_install();
    NR_TRY(nr_world_start(&run.world));
    nr_log_set_quiet(nr_world_rank(run.world) != 0);
    nr_gemm_single_thread();
    nr_status status = rate_all(&run, command_line);
    if (status == NR_STOPPED)
        nr_log(NR_LOG_INFO, "stopped early; the same command goes on from %s",
               run.request->out.path);
    nr_rate_free(run.session);
    free(run.layers);
    nr_inputs_free(&run.inputs);
    nr_world_stop(run.world);
    return status;
}

nr_status nr_run_switch(const nr_switch_request *request, const char *command_line) {
    return run_rating((rate_run){.request = &request->rate,
                                 .of_switch = request,
                                 .kind = NR_RATING_SWITCH},
                      command_line);
}

nr_status nr_run_baseline(const nr_baseline_request *request,
                          const char *command_line) {
    return run_rating((rate_run){.request = &request->rate,
                                 .of_baseline = request,
                                 .kind = NR_RATING_BASELINE},
                      command_line);
}
