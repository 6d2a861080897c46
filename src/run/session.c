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
#include "progress.h"

struct nr_session {
    const nr_options *options;
    nr_store *store;
    size_t layer; /* under way */
    uint64_t next_unit;
    double started_s, layer_started_s, saved_s;
    double layer_seconds_before; /* of earlier sessions */
    bool stopped, confidence_changed;
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
    }
    return NR_OK;
}

/* Goes on with the stored state, under this command's budget and confidence. */
static nr_status adopt(nr_session *session, const char *path) {
    nr_store *stored, *wanted = session->store;
    NR_TRY(nr_store_read(path, &stored));
    nr_status status = match(path, stored, wanted);
    if (status != NR_OK) {
        nr_store_free(stored);
        return status;
    }
    for (size_t i = 0; i < stored->n_layers; i++)
        if (wanted->layers[i].sweeps_planned > stored->layers[i].sweeps_planned)
            stored->layers[i].sweeps_planned = wanted->layers[i].sweeps_planned;
    session->confidence_changed = stored->confidence != wanted->confidence;
    stored->confidence = wanted->confidence;
    nr_store_free(wanted);
    session->store = stored;
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
                          const char *command_line, nr_session **out) {
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
    if (there && options->fresh) status = keep_old(options->output);
    else if (there) status = adopt(session, options->output);
    if (status == NR_OK &&
        (!nr_store_is_complete(session->store) || session->confidence_changed)) {
        status = add_history(session, command_line);
        /* Written at once: an output that cannot be written is known before the work.
         */
        if (status == NR_OK) status = nr_session_save(session);
    }
    if (status != NR_OK) {
        nr_session_free(session);
        return status;
    }
    *out = session;
    return NR_OK;
}

void nr_session_free(nr_session *session) {
    if (!session) return;
    nr_store_free(session->store);
    free(session);
}

bool nr_session_layer_done(const nr_session *session, size_t k) {
    return nr_store_layer_is_complete(&session->store->layers[k]);
}

const nr_store *nr_session_store(const nr_session *session) {
    return session->store;
}
bool nr_session_stopped(const nr_session *session) {
    return session->stopped && !nr_store_is_complete(session->store);
}

/* ---- one layer ---- */

static nr_store_layer *current(nr_session *session) {
    return &session->store->layers[session->layer];
}

static void count_seconds(nr_session *session) {
    current(session)->seconds =
        session->layer_seconds_before + nr_clock_s() - session->layer_started_s;
}

void nr_session_layer_begin(nr_session *session, size_t k) {
    session->layer = k;
    session->next_unit = 0;
    session->layer_started_s = nr_clock_s();
    session->layer_seconds_before = current(session)->seconds;
    nr_progress_begin(&session->progress, current(session));
}

void nr_session_layer_end(nr_session *session) {
    count_seconds(session);
    nr_progress_end(&session->progress);
}

bool nr_session_source(void *self, uint64_t *unit) {
    nr_session *session = self;
    const nr_store_layer *layer = current(session);
    uint64_t end = layer->sweeps_planned * nr_fold_units_per_sweep(layer->fold);
    uint64_t next = nr_fold_next_missing(layer->fold, session->next_unit);
    if (next >= end) return false;
    session->next_unit = next + 1;
    *unit = next;
    return true;
}

static nr_status accept_unit(void *self, uint64_t unit, const uint64_t *words) {
    nr_session *session = self;
    return nr_fold_accept(current(session)->fold, unit, words);
}

nr_status nr_session_save(nr_session *session) {
    nr_status status = nr_store_write(session->options->output, session->store);
    session->saved_s = nr_clock_s();
    return status;
}

static bool out_of_time(const nr_session *session, double now_s) {
    double limit = session->options->time_limit_s;
    return limit > 0 && now_s - session->started_s >= limit;
}

static nr_status tick(void *self, bool *stop) {
    nr_session *session = self;
    double now_s = nr_clock_s();
    if (nr_stop_requested() || out_of_time(session, now_s)) {
        session->stopped = true;
        *stop = true;
    }
    nr_progress_show(&session->progress, current(session), session->store->confidence,
                     now_s);
    if (now_s - session->saved_s < session->options->checkpoint_every_s) return NR_OK;
    count_seconds(session);
    return nr_session_save(session);
}

nr_sink nr_session_sink(nr_session *session) {
    return (nr_sink){.self = session, .accept = accept_unit, .tick = tick};
}
