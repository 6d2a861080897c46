#include "session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/stop.h"
#include "neurank/sched/deal.h"
#include "progress.h"

/* Whose goal is asked about: the fold knows no layers. */
typedef struct {
    nr_session *session;
    size_t layer;
} judge_context;

struct nr_session {
    const nr_options *options;
    nr_store *store;
    judge_context *judges; /* [n_layers] */
    nr_status judged;      /* what went wrong when a goal was checked */
    size_t layer;          /* under way */
    nr_deal *deal;
    double started_s, layer_started_s, saved_s;
    double layer_seconds_before; /* of earlier sessions */
    nr_rule stopped;             /* by what; NR_RULE_NONE: not */
    bool changed;                /* the file does not say what this command says */
    bool spoilt; /* a unit could not be added whole: the last checkpoint stands */
    nr_progress progress;
};

/* ---- the file that may be there already ---- */

enum { OLD_MAX = 1000 };

/* The old store becomes <path>.old, or .old.2, .old.3, ...: nothing is replaced. */
static nr_status keep_old(const char *path) {
    size_t bytes = strlen(path) + 16;
    char *old = nr_new(bytes, 1);
    if (!old) return NR_ERR_INTERNAL;
    snprintf(old, bytes, "%s.old", path);
    for (int k = 2; k < OLD_MAX && access(old, F_OK) == 0; k++)
        snprintf(old, bytes, "%s.old.%d", path, k);
    nr_status status = NR_OK;
    if (access(old, F_OK) == 0 || rename(path, old) != 0)
        status = nr_fail(NR_ERR_STORE, "%s: cannot be kept as %s: %s", path, old,
                         strerror(errno));
    else nr_log(NR_LOG_INFO, "--fresh: the old store is now %s", old);
    free(old);
    return status;
}

static nr_status match(const char *path, const nr_store *stored,
                       const nr_store *wanted) {
    NR_TRY(nr_plan_match(path, &stored->plan, &wanted->plan));
    NR_REQUIRE(stored->n_layers == wanted->n_layers, NR_ERR_MISMATCH,
               "%s holds %zu layers, this command has %zu", path, stored->n_layers,
               wanted->n_layers);
    for (size_t i = 0; i < wanted->n_layers; i++) {
        NR_REQUIRE(strcmp(stored->layers[i].name, wanted->layers[i].name) == 0,
                   NR_ERR_MISMATCH, "%s holds layer \"%s\", this command has \"%s\"",
                   path, stored->layers[i].name, wanted->layers[i].name);
        NR_TRY(nr_plan_match(path, &stored->layers[i].plan, &wanted->layers[i].plan));
        NR_REQUIRE(stored->layers[i].n_players == wanted->layers[i].n_players,
                   NR_ERR_INPUT, "%s: layer \"%s\" has %zu filters, its plan says %zu",
                   path, stored->layers[i].name, stored->layers[i].n_players,
                   wanted->layers[i].n_players);
        NR_REQUIRE(memcmp(stored->layers[i].filters, wanted->layers[i].filters,
                          wanted->layers[i].n_players *
                              sizeof *wanted->layers[i].filters) == 0,
                   NR_ERR_INPUT,
                   "%s: layer \"%s\": its filters are not those of its plan", path,
                   stored->layers[i].name);
        const nr_image_rows *images = stored->layers[i].images;
        NR_REQUIRE(
            !images || nr_image_rows_same_images(images, wanted->layers[i].images),
            NR_ERR_INPUT, "%s: layer \"%s\": its images are not those of its plan",
            path, stored->layers[i].name);
    }
    return NR_OK;
}

/* Once a goal has looked at the data, intervals are confidence sequences for good, with
 * the t_opt that was fixed then. */
static void adopt_goal(nr_session *session, nr_store_layer *stored,
                       const nr_store_layer *wanted) {
    stored->goal = wanted->goal;
    if (stored->sequence_sweeps > 0 || wanted->sequence_sweeps == 0) return;
    stored->sequence_sweeps = wanted->sequence_sweeps;
    session->changed = true;
}

/* Goes on with the stored state, under this command's goal and confidence. */
static nr_status adopt(nr_session *session, const char *path) {
    nr_store *stored, *wanted = session->store;
    NR_TRY(nr_store_read(path, &stored));
    nr_status status = match(path, stored, wanted);
    if (status != NR_OK) {
        nr_store_free(stored);
        return status;
    }
    for (size_t i = 0; i < stored->n_layers; i++)
        adopt_goal(session, &stored->layers[i], &wanted->layers[i]);
    if (stored->confidence != wanted->confidence) session->changed = true;
    stored->confidence = wanted->confidence;
    nr_store_free(wanted);
    session->store = stored;
    return NR_OK;
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

static nr_status add_history(nr_session *session, const char *command_line) {
    char when[NR_TIME_TEXT];
    size_t bytes = strlen(command_line) + NR_TIME_TEXT + 4;
    char *line = nr_new(bytes, 1);
    if (!line) return NR_ERR_INTERNAL;
    nr_clock_text(when);
    snprintf(line, bytes, "%s: %s", when, command_line);
    nr_status status = nr_store_add_history(session->store, line);
    free(line);
    return status;
}

nr_status nr_session_open(const nr_options *options, nr_store *store,
                          nr_session **out) {
    nr_session *session;
    if (!NR_NEW(session, 1)) {
        nr_store_free(store);
        return NR_ERR_INTERNAL;
    }
    session->options = options;
    session->store = store;
    session->started_s = session->saved_s = nr_clock_s();
    nr_status status = NR_OK;
    status = nr_publish_check(options->output, options->positional, NR_POSITIONAL_MAX);
    bool there = status == NR_OK && access(options->output, F_OK) == 0;
    if (there && !options->fresh) status = adopt(session, options->output);
    if (status == NR_OK) status = ask_judges(session);
    if (status != NR_OK) {
        nr_session_free(session);
        return status;
    }
    *out = session;
    return NR_OK;
}

nr_status nr_session_begin(nr_session *session, const char *command_line) {
    const char *path = session->options->output;
    if (nr_store_is_complete(session->store) && !session->changed) return NR_OK;
    if (session->options->fresh && access(path, F_OK) == 0) NR_TRY(keep_old(path));
    NR_TRY(add_history(session, command_line));
    return nr_session_save(session);
}

void nr_session_free(nr_session *session) {
    if (!session) return;
    nr_store_free(session->store);
    nr_deal_free(session->deal);
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
    uint64_t sweeps = layer->units.pieces > 0  ? 1
                      : layer->goal.sweeps > 0 ? layer->goal.sweeps
                                               : NR_STORE_SWEEPS_MAX;
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

void nr_session_layer_end(nr_session *session) {
    nr_store_layer *layer = current(session);
    count_seconds(session);
    if (!nr_store_layer_is_complete(layer)) layer->ended_by = session->stopped;
    nr_progress_end(&session->progress);
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

nr_status nr_session_save(nr_session *session) {
    if (session->spoilt) return NR_OK;
    nr_status status = nr_store_write(session->options->output, session->store);
    session->saved_s = nr_clock_s();
    return status;
}

static bool out_of_time(const nr_session *session, double now_s) {
    double limit = session->options->time_limit_s;
    return limit > 0 && now_s - session->started_s >= limit;
}

/* Time for a checkpoint, or no more room for what waits for one. */
static bool save_is_due(const nr_session *session, double now_s) {
    const nr_image_rows *images = session->store->layers[session->layer].images;
    return now_s - session->saved_s >= session->options->checkpoint_every_s ||
           (images && nr_image_rows_full(images));
}

static nr_status tick(void *self, bool *stop) {
    nr_session *session = self;
    double now_s = nr_clock_s();
    if (nr_stop_requested()) session->stopped = NR_RULE_SIGNAL;
    else if (out_of_time(session, now_s)) session->stopped = NR_RULE_TIME_LIMIT;
    *stop = session->stopped != NR_RULE_NONE || nr_fold_ended(current(session)->fold);
    nr_progress_show(&session->progress, session->store, current(session), now_s);
    if (!save_is_due(session, now_s)) return NR_OK;
    count_seconds(session);
    return nr_session_save(session);
}

nr_sink nr_session_sink(nr_session *session) {
    return (nr_sink){.self = session, .accept = accept_unit, .tick = tick};
}
