#include "neurank/shapley/shapley_session.h"

#include <stdlib.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/run/resume.h"
#include "neurank/run/saver.h"
#include "neurank/run/session.h"
#include "neurank/sched/deal.h"

/* Whose goal is asked about: the fold knows no layers. */
typedef struct {
    nr_shapley_session *session;
    size_t layer;
} judge_context;

struct nr_shapley_session {
    const nr_shapley_request *request;
    nr_session *session;
    nr_store *wanted;      /* of the plan, with nothing done; NULL: not needed */
    nr_store *stored;      /* the file's; NULL: wanted is gone on with */
    nr_store *store;       /* that of the two which is gone on with */
    judge_context *judges; /* [n_layers] */
    nr_status judged;      /* what went wrong when a goal was checked */
    size_t layer;          /* under way */
    nr_deal *deal;
    bool spoilt; /* a unit could not be added whole: the last checkpoint stands */
    nr_progress progress;
};

/* ---- goals ---- */

static bool judge(void *self, const nr_fold *fold) {
    const judge_context *context = self;
    nr_shapley_session *session = context->session;
    nr_store_layer *layer = &session->store->layers[context->layer];
    nr_interval_spec spec = nr_store_intervals(session->store, layer);
    session->judged = nr_goal_check(&layer->goal, fold, &spec, &layer->ended_by);
    return session->judged != NR_OK || nr_rule_is_end(layer->ended_by);
}

/* What is there already may be enough. */
static nr_status ask_judges(nr_shapley_session *session, bool *changed) {
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
        if (nr_store_layer_is_complete(layer) != before) *changed = true;
    }
    return NR_OK;
}

/* ---- the store ---- */

static nr_status adopt(void *self, bool there, nr_store **out, bool *changed) {
    nr_shapley_session *s = self;
    const nr_store_request *request = &s->request->out;
    nr_store_free(s->stored);
    s->stored = NULL;
    if (there && !request->fresh)
        NR_TRY(nr_resume(request->path, s->wanted, &s->stored, changed));
    *out = s->store = s->stored ? s->stored : s->wanted;
    return ask_judges(s, changed);
}

static bool is_complete(const void *self, const nr_store *store) {
    (void)self;
    return nr_store_is_complete(store);
}

nr_status nr_shapley_open(const nr_shapley_request *request, nr_store *store,
                          nr_shapley_session **out) {
    nr_shapley_session *s;
    if (!NR_NEW(s, 1)) {
        nr_store_free(store);
        return NR_ERR_INTERNAL;
    }
    s->request = request;
    s->wanted = store;
    const nr_session_content content = {s, adopt, is_complete};
    nr_status status =
        nr_session_open(&request->out, &request->play.in, &content, &s->session);
    if (status != NR_OK) {
        nr_shapley_free(s);
        return status;
    }
    if (s->stored) {
        nr_store_free(s->wanted);
        s->wanted = NULL;
    }
    *out = s;
    return NR_OK;
}

nr_status nr_shapley_begin(nr_shapley_session *session, const char *command_line,
                           int n_ranks) {
    return nr_session_begin(session->session, command_line, n_ranks);
}

nr_status nr_shapley_finish(nr_shapley_session *session) {
    return nr_session_finish(session->session);
}

void nr_shapley_free(nr_shapley_session *session) {
    if (!session) return;
    nr_session_free(session->session);
    nr_store_free(session->stored);
    nr_store_free(session->wanted);
    nr_deal_free(session->deal);
    free(session->judges);
    free(session);
}

bool nr_shapley_layer_done(const nr_shapley_session *session, size_t k) {
    return nr_store_layer_is_complete(&session->store->layers[k]);
}

const nr_store *nr_shapley_store(const nr_shapley_session *session) {
    return session->store;
}

bool nr_shapley_stopped(const nr_shapley_session *session) {
    return nr_session_stopped(session->session) != NR_RULE_NONE &&
           !nr_store_is_complete(session->store);
}

/* ---- one layer ---- */

static nr_store_layer *current(nr_shapley_session *session) {
    return &session->store->layers[session->layer];
}

static void count_seconds(nr_shapley_session *session, double now_s) {
    current(session)->seconds = nr_session_layer_seconds(session->session, now_s);
}

nr_status nr_shapley_layer_begin(nr_shapley_session *session, size_t k, int n_workers,
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
    nr_session_layer_begin(session->session, layer->seconds);
    nr_deal_free(session->deal);
    session->deal = NULL;
    NR_TRY(nr_deal_new(layer->fold, sweeps, n_workers, &session->deal));
    nr_progress_begin(&session->progress, layer);
    return NR_OK;
}

nr_status nr_shapley_layer_end(nr_shapley_session *session) {
    nr_store_layer *layer = current(session);
    count_seconds(session, nr_clock_s());
    if (!nr_store_layer_is_complete(layer))
        layer->ended_by = nr_session_stopped(session->session);
    nr_progress_end(&session->progress);
    return session->spoilt ? NR_OK
                           : nr_session_layer_end(session->session, session->layer);
}

bool nr_shapley_source(void *self, int worker, uint64_t *unit) {
    nr_shapley_session *session = self;
    if (nr_fold_ended(current(session)->fold)) return false;
    return nr_deal_next(session->deal, worker, unit);
}

/* The values by image stand behind the unit's tally. */
static nr_status add_image_rows(nr_store_layer *layer, uint64_t number,
                                const uint64_t *words, size_t n) {
    nr_unit unit = nr_units_get(&layer->plan.units, number);
    NR_REQUIRE(n == unit.n_blocks * layer->n_players, NR_ERR_INTERNAL,
               "unit %llu has %zu words by image", (unsigned long long)number, n);
    return nr_image_rows_add(layer->images, unit.sweep, (size_t)unit.first_block,
                             (size_t)unit.n_blocks, (const int64_t *)words);
}

static nr_status accept_unit(void *self, uint64_t unit, const uint64_t *words,
                             size_t n) {
    nr_shapley_session *session = self;
    nr_store_layer *layer = current(session);
    size_t used;
    bool ended = nr_fold_ended(layer->fold);
    nr_status status = nr_fold_accept(layer->fold, unit, words, n, &used);
    if (status == NR_OK && layer->images && !ended)
        status = add_image_rows(layer, unit, words + used, n - used);
    if (status != NR_OK) session->spoilt = true;
    return status == NR_OK ? session->judged : status;
}

static nr_status tick(void *self, nr_stop asked, nr_stop *stop) {
    nr_shapley_session *session = self;
    nr_store_layer *layer = current(session);
    double now_s = nr_clock_s();
    nr_rule early = nr_session_stop(session->session, asked != NR_STOP_NONE, now_s);
    *stop = asked;
    if (asked == NR_STOP_NONE && (early != NR_RULE_NONE || nr_fold_ended(layer->fold)))
        *stop = NR_STOP_SOON;
    nr_progress_show(&session->progress, session->store, layer, now_s);
    if (nr_session_note_is_due(session->session, now_s)) {
        nr_progress_facts facts =
            nr_progress_look(&session->progress, session->store, layer, now_s);
        nr_session_note(session->session, &facts, layer->name, now_s);
    }
    if (session->spoilt) return NR_OK;
    count_seconds(session, now_s);
    return nr_session_tick(session->session, session->layer, now_s);
}

nr_sink nr_shapley_sink(nr_shapley_session *session) {
    return (nr_sink){.self = session, .accept = accept_unit, .tick = tick};
}
