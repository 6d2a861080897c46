#include "neurank/shapley/session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/lock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/run/deadline.h"
#include "neurank/run/hold.h"
#include "neurank/run/output.h"
#include "neurank/run/progress.h"
#include "neurank/run/resume.h"
#include "neurank/sched/deal.h"

static const double note_every_s = 2;

/* Whose goal is asked about: the fold knows no layers. */
typedef struct {
    nr_session *session;
    size_t layer;
} judge_context;

struct nr_session {
    const nr_shapley_request *request;
    nr_lock *lock; /* NULL: nothing will be written */
    nr_store *store;
    nr_saver *saver;
    nr_deadline deadline;
    judge_context *judges; /* [n_layers] */
    nr_status judged;      /* what went wrong when a goal was checked */
    size_t layer;          /* under way */
    nr_deal *deal;
    double layer_started_s;
    double layer_seconds_before; /* of earlier sessions */
    nr_rule stopped;             /* by what; NR_RULE_NONE: not */
    bool changed;                /* the file does not say what this command says */
    bool spoilt; /* a unit could not be added whole: the last checkpoint stands */
    nr_progress progress;
    double noted_s; /* when the lock's file was told how far the run is */
};

/* ---- the file that may be there already ---- */

/* Goes on with what stands at the output, if anything does. Done again when another run
 * has written it before this one had the lock. */
static nr_status adopt(nr_session *session, nr_store *wanted, nr_store **out) {
    const char *path = session->request->out.path;
    *out = NULL;
    if (session->request->out.fresh || access(path, F_OK) != 0) return NR_OK;
    return nr_resume(path, wanted, out, &session->changed);
}

/* ---- goals ---- */

static bool judge(void *self, const nr_fold *fold) {
    const judge_context *context = self;
    nr_session *session = context->session;
    nr_store_layer *layer = &session->store->layers[context->layer];
    nr_interval_spec spec = nr_store_intervals(session->store, layer);
    session->judged = nr_goal_check(&layer->goal, fold, &spec, &layer->ended_by);
    return session->judged != NR_OK || nr_rule_is_end(layer->ended_by);
}

/* What is there already may be enough. */
static nr_status ask_judges(nr_session *session) {
    free(session->judges);
    if (!NR_NEW(session->judges, session->store->n_layers)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < session->store->n_layers; k++) {
        nr_store_layer *layer = &session->store->layers[k];
        bool before = nr_store_layer_is_complete(layer);
        layer->ended_by = NR_RULE_NONE;
        session->judges[k] = (judge_context){session, k};
        nr_fold_set_judge(layer->fold, judge, &session->judges[k]);
        nr_fold_ask(layer->fold);
        NR_TRY(session->judged);
        if (nr_store_layer_is_complete(layer) != before) session->changed = true;
    }
    return NR_OK;
}

/* The store as it stands, and the right to write it. A store that this command has
 * nothing to add to needs no lock, and may stand where nobody can write. */
static nr_status take_over(nr_session *session, nr_store *wanted, nr_store **out) {
    const char *path = session->request->out.path;
    const nr_input_request *in = &session->request->play.in;
    const char *const inputs[] = {in->model, in->data};
    NR_TRY(nr_publish_distinct(path, inputs, 2));
    NR_TRY(adopt(session, wanted, out));
    session->store = *out;
    if (*out) NR_TRY(ask_judges(session));
    if (*out && nr_store_is_complete(*out) && !session->changed) return NR_OK;
    NR_TRY(nr_publish_check(path, NULL, 0));
    NR_TRY(nr_hold_lock(path, &session->lock));
    if (*out && nr_store_is_current(path, *out)) return NR_OK;
    nr_store_free(*out);
    session->store = NULL;
    NR_TRY(adopt(session, wanted, out));
    session->store = *out;
    return *out ? ask_judges(session) : NR_OK;
}

nr_status nr_session_open(const nr_shapley_request *request, nr_store *store,
                          nr_session **out) {
    nr_session *session;
    nr_store *stored = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(session, 1)) goto err_free_store;
    session->request = request;
    session->deadline = nr_deadline_make(request->out.time_limit_s);
    status = take_over(session, store, &stored);
    if (status == NR_OK && !stored) {
        session->store = store;
        store = NULL;
        status = ask_judges(session);
    }
    if (status != NR_OK) {
        nr_session_free(session);
        goto err_free_store;
    }
    *out = session;
err_free_store:
    nr_store_free(store);
    return status;
}

nr_status nr_session_begin(nr_session *session, const char *command_line, int n_ranks) {
    const char *path = session->request->out.path;
    if (nr_store_is_complete(session->store) && !session->changed) return NR_OK;
    if (session->request->out.fresh && access(path, F_OK) == 0)
        NR_TRY(nr_keep_old(path));
    return nr_hold_begin(&session->request->out, session->store, command_line, n_ranks,
                         &session->saver);
}

nr_status nr_session_finish(nr_session *session) {
    return session->saver ? nr_saver_finish(session->saver) : NR_OK;
}

void nr_session_free(nr_session *session) {
    if (!session) return;
    nr_saver_free(session->saver);
    nr_store_free(session->store);
    nr_deal_free(session->deal);
    nr_lock_free(session->lock);
    free(session->judges);
    free(session);
}

bool nr_session_layer_done(const nr_session *session, size_t k) {
    return nr_store_layer_is_complete(&session->store->layers[k]);
}

const nr_store *nr_session_store(const nr_session *session) {
    return session->store;
}
bool nr_session_stopped(const nr_session *session) {
    return session->stopped != NR_RULE_NONE && !nr_store_is_complete(session->store);
}

/* ---- one layer ---- */

static nr_store_layer *current(nr_session *session) {
    return &session->store->layers[session->layer];
}

static void count_seconds(nr_session *session) {
    current(session)->seconds =
        session->layer_seconds_before + nr_clock_s() - session->layer_started_s;
}

nr_status nr_session_layer_begin(nr_session *session, size_t k, int n_workers,
                                 size_t batch) {
    nr_store_layer *layer = &session->store->layers[k];
    uint64_t sweeps = nr_store_is_exact(layer) ? 1
                      : layer->goal.sweeps > 0 ? layer->goal.sweeps
                                               : NR_STORE_SWEEPS_MAX;
    /* Of joined shards some may be ahead: gaps behind them are filled. */
    uint64_t end = nr_fold_end_sweep(layer->fold);
    if (sweeps < end) sweeps = end;
    layer->batch = batch;
    session->layer = k;
    session->layer_started_s = nr_clock_s();
    session->layer_seconds_before = layer->seconds;
    nr_deal_free(session->deal);
    session->deal = NULL;
    NR_TRY(nr_deal_new(layer->fold, sweeps, n_workers, &session->deal));
    nr_progress_begin(&session->progress, layer);
    return NR_OK;
}

nr_status nr_session_layer_end(nr_session *session) {
    nr_store_layer *layer = current(session);
    count_seconds(session);
    if (!nr_store_layer_is_complete(layer)) layer->ended_by = session->stopped;
    nr_progress_end(&session->progress);
    return session->spoilt ? NR_OK : nr_saver_layer(session->saver, session->layer);
}

bool nr_session_source(void *self, int worker, uint64_t *unit) {
    nr_session *session = self;
    if (nr_fold_ended(current(session)->fold)) return false;
    return nr_deal_next(session->deal, worker, unit);
}

/* The values by image stand behind the unit's tally. */
static nr_status add_image_rows(nr_store_layer *layer, uint64_t number,
                                const uint64_t *words, size_t n) {
    nr_unit unit = nr_units_get(&layer->units, number);
    NR_REQUIRE(n == unit.n_blocks * layer->n_players, NR_ERR_INTERNAL,
               "unit %llu has %zu words by image", (unsigned long long)number, n);
    return nr_image_rows_add(layer->images, unit.sweep, (size_t)unit.first_block,
                             (size_t)unit.n_blocks, (const int64_t *)words);
}

static nr_status accept_unit(void *self, uint64_t unit, const uint64_t *words,
                             size_t n) {
    nr_session *session = self;
    nr_store_layer *layer = current(session);
    size_t used;
    bool ended = nr_fold_ended(layer->fold);
    nr_status status = nr_fold_accept(layer->fold, unit, words, n, &used);
    if (status == NR_OK && layer->images && !ended)
        status = add_image_rows(layer, unit, words + used, n - used);
    if (status != NR_OK) session->spoilt = true;
    return status == NR_OK ? session->judged : status;
}

/* For `neurank status`. */
static void take_note(nr_session *session, double now_s) {
    char line[NR_PROGRESS_LINE];
    if (now_s - session->noted_s < note_every_s) return;
    session->noted_s = now_s;
    nr_progress_note(&session->progress, session->store, current(session), now_s, line);
    nr_lock_note(session->lock, line);
}

static nr_status tick(void *self, nr_stop asked, nr_stop *stop) {
    nr_session *session = self;
    double now_s = nr_clock_s();
    if (asked != NR_STOP_NONE) session->stopped = NR_RULE_SIGNAL;
    else if (nr_deadline_passed(&session->deadline, now_s,
                                nr_saver_seconds(session->saver)))
        session->stopped = NR_RULE_TIME_LIMIT;
    *stop = asked;
    if (asked == NR_STOP_NONE &&
        (session->stopped != NR_RULE_NONE || nr_fold_ended(current(session)->fold)))
        *stop = NR_STOP_SOON;
    nr_progress_show(&session->progress, session->store, current(session), now_s);
    take_note(session, now_s);
    if (session->spoilt) return NR_OK;
    count_seconds(session);
    return nr_saver_tick(session->saver, session->layer, now_s);
}

nr_sink nr_session_sink(nr_session *session) {
    return (nr_sink){.self = session, .accept = accept_unit, .tick = tick};
}
