#include "rate_session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/text.h"
#include "neurank/run/deadline.h"
#include "neurank/run/hold.h"
#include "neurank/run/output.h"
#include "neurank/run/progress.h"
#include "neurank/run/resume.h"

static const double note_every_s = 2, bar_every_s = 0.25, line_every_s = 10;

struct nr_rate_session {
    const nr_rate_request *request;
    nr_rating_kind kind;
    const nr_rated_layer *layers; /* [n] */
    size_t n;
    nr_store *store;
    bool changed; /* the file does not say what this command says */
    nr_lock *lock;
    nr_saver *saver;
    nr_deadline deadline;
    nr_rule stopped;
    size_t layer; /* under way */
    bool terminal;
    double started_s, seconds_before, part_before, noted_s, shown_s;
};

/* ---- the store that may be there already ---- */

static nr_status make_rating(const nr_rate_session *s, size_t k, nr_rating *out) {
    return s->kind == NR_RATING_SWITCH ? nr_switch_rating(&s->layers[k], out)
                                       : nr_baseline_rating(&s->layers[k], out);
}

static nr_status match_inputs(const nr_rate_session *s, const nr_plan *wanted) {
    const char *path = s->request->out.path;
    if (s->store->n_layers > 0)
        NR_TRY(nr_match_inputs(path, &s->store->plan, "Shapley values", wanted));
    for (size_t i = 0; i < s->store->n_ratings; i++)
        NR_TRY(nr_match_inputs(path, &s->store->ratings[i].plan,
                               nr_rating_name(s->store->ratings[i].kind), wanted));
    return NR_OK;
}

static nr_status match_plan(const nr_rate_session *s, const nr_rating *there,
                            const nr_rating *wanted) {
    char text[NR_LOG_LINE] = "";
    NR_TRY(nr_require_noted(s->request->out.path, s->store, &there->plan));
    nr_plan_differences(&there->plan, &wanted->plan, s->n > 1 ? there->layer : NULL,
                        text, sizeof text);
    NR_REQUIRE(!*text, NR_ERR_MISMATCH,
               "%s: the %s of layer \"%s\" is of another run: %s; use another file or "
               "--fresh",
               s->request->out.path, nr_rating_name(s->kind), there->layer, text);
    NR_REQUIRE(there->n == wanted->n, NR_ERR_INPUT,
               "%s: the %s of layer \"%s\" has %zu filters, the network %zu",
               s->request->out.path, nr_rating_name(s->kind), there->layer, there->n,
               wanted->n);
    return NR_OK;
}

/* The layer's rating in the store goes on under the goal of the request; or begins. */
static nr_status prepare_rating(nr_rate_session *s, size_t k) {
    nr_rating wanted;
    nr_rating *there = nr_store_rating(s->store, s->layers[k].name, s->kind);
    NR_TRY(make_rating(s, k, &wanted));
    nr_status status = match_inputs(s, &wanted.plan);
    if (status == NR_OK && there && s->request->out.fresh) {
        nr_rating old = *there;
        *there = wanted;
        wanted = old;
        s->changed = true;
    } else if (status == NR_OK && there) {
        status = match_plan(s, there, &wanted);
        if (status == NR_OK && s->kind == NR_RATING_SWITCH)
            s->changed |= nr_switch_adopt_goal(&s->layers[k], there);
    } else if (status == NR_OK) {
        status = nr_store_add_rating(s->store, &wanted);
        if (status == NR_OK) return NR_OK;
    }
    nr_rating_clear(&wanted);
    return status;
}

/* The file's store, or a new one. */
static nr_status adopt(nr_rate_session *s) {
    const char *path = s->request->out.path;
    bool there = access(path, F_OK) == 0;
    nr_store_free(s->store);
    s->store = NULL;
    s->changed = false;
    NR_TRY(there ? nr_store_read(path, &s->store) : nr_store_new(0, &s->store));
    if (!there || s->request->confidence_given) {
        s->changed = there && s->store->confidence != s->request->confidence;
        s->store->confidence = s->request->confidence;
    }
    for (size_t k = 0; k < s->n; k++) NR_TRY(prepare_rating(s, k));
    return NR_OK;
}

nr_rating *nr_rate_rating(const nr_rate_session *s, size_t k) {
    return nr_store_rating(s->store, s->layers[k].name, s->kind);
}

bool nr_rate_is_complete(const nr_rate_session *s) {
    for (size_t k = 0; k < s->n; k++)
        if (!nr_rating_is_complete(nr_rate_rating(s, k))) return false;
    return true;
}

static nr_status take_over(nr_rate_session *s) {
    const char *path = s->request->out.path;
    const char *const inputs[] = {s->request->in.model, s->request->in.data};
    NR_TRY(nr_publish_distinct(path, inputs, 2));
    NR_TRY(adopt(s));
    if (nr_rate_is_complete(s) && !s->changed) return NR_OK;
    NR_TRY(nr_publish_check(path, NULL, 0));
    NR_TRY(nr_hold_lock(path, &s->lock));
    bool there = access(path, F_OK) == 0;
    if (there ? nr_store_is_current(path, s->store) : s->store->generation == 0)
        return NR_OK;
    return adopt(s);
}

nr_status nr_rate_open(const nr_rate_request *request, nr_rating_kind kind,
                       const nr_rated_layer *layers, size_t n, nr_rate_session **out) {
    nr_rate_session *s;
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    *s = (nr_rate_session){.request = request,
                           .kind = kind,
                           .layers = layers,
                           .n = n,
                           .deadline = nr_deadline_make(request->out.time_limit_s),
                           .terminal = isatty(STDERR_FILENO) == 1};
    nr_status status = take_over(s);
    if (status != NR_OK) {
        nr_rate_free(s);
        return status;
    }
    *out = s;
    return NR_OK;
}

nr_status nr_rate_begin(nr_rate_session *s, const char *command_line, int n_ranks) {
    const char *path = s->request->out.path;
    if (nr_rate_is_complete(s) && !s->changed) return NR_OK;
    if (s->request->out.fresh && access(path, F_OK) == 0) NR_TRY(nr_keep_old(path));
    return nr_hold_begin(&s->request->out, s->store, command_line, n_ranks, &s->saver);
}

nr_status nr_rate_finish(nr_rate_session *s) {
    return s->saver ? nr_saver_finish(s->saver) : NR_OK;
}

void nr_rate_free(nr_rate_session *s) {
    if (!s) return;
    nr_saver_free(s->saver);
    nr_store_free(s->store);
    nr_lock_free(s->lock);
    free(s);
}

/* ---- one layer ---- */

void nr_rate_layer_begin(nr_rate_session *s, size_t k) {
    s->layer = k;
    s->started_s = s->shown_s = nr_clock_s();
    s->seconds_before = nr_rate_rating(s, k)->seconds;
    s->part_before = NAN;
}

/* Until it is done, from what this session has done; NAN if nobody knows. */
static double left_s(nr_rate_session *s, double part, double now_s) {
    if (isnan(s->part_before)) s->part_before = part;
    double done = part - s->part_before;
    return done > 0 ? (1 - part) / done * (now_s - s->started_s) : (double)NAN;
}

static void show(nr_rate_session *s, const nr_rating *r, const nr_rater *rater,
                 double now_s) {
    char bar[NR_PROGRESS_BAR], words[NR_RATER_LINE], left[NR_NUMBER_TEXT] = "?",
                                                     line[NR_PROGRESS_LINE];
    double part = rater->describe(rater->self, r, words),
           seconds = left_s(s, part, now_s);
    if (now_s - s->noted_s >= note_every_s) {
        s->noted_s = now_s;
        snprintf(line, sizeof line, "%llu %.0f 1 nan %.6g %.6g %s %s",
                 (unsigned long long)r->counts[NR_RATING_PROGRESS], nr_rating_total(r),
                 (double)r->counts[NR_RATING_PROGRESS] / r->seconds, seconds, r->layer,
                 nr_rating_name(r->kind));
        nr_lock_note(s->lock, line);
    }
    if (now_s - s->shown_s < (s->terminal ? bar_every_s : line_every_s)) return;
    s->shown_s = now_s;
    if (isfinite(seconds)) nr_format_duration(seconds, left);
    nr_progress_bar(s->terminal ? part : (double)NAN, bar);
    snprintf(line, sizeof line, "%s %s%s %s  %s left", r->layer,
             nr_rating_name(r->kind), bar, words, left);
    if (s->terminal) nr_log_bar(line);
    else nr_log(NR_LOG_INFO, "%s", line);
}

nr_status nr_rate_tick(nr_rate_session *s, const nr_rater *rater, bool asked,
                       bool *stop) {
    nr_rating *r = nr_rate_rating(s, s->layer);
    double now_s = nr_clock_s();
    r->seconds = s->seconds_before + now_s - s->started_s;
    if (asked) s->stopped = NR_RULE_SIGNAL;
    else if (nr_deadline_passed(&s->deadline, now_s, nr_saver_seconds(s->saver)))
        s->stopped = NR_RULE_TIME_LIMIT;
    *stop = s->stopped != NR_RULE_NONE;
    show(s, r, rater, now_s);
    return nr_saver_tick(s->saver, NR_NO_LAYER, now_s);
}

nr_status nr_rate_layer_end(nr_rate_session *s) {
    nr_rating *r = nr_rate_rating(s, s->layer);
    if (!nr_rating_is_complete(r)) r->ended_by = s->stopped;
    if (s->terminal) nr_log_bar("");
    return nr_saver_layer(s->saver, NR_NO_LAYER);
}
