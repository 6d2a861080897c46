#include "rate_session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/run/progress.h"
#include "neurank/run/resume.h"
#include "neurank/run/saver.h"
#include "neurank/run/session.h"

static const double bar_every_s = 0.25, line_every_s = 10;

struct nr_rate_session {
    const nr_rate_request *request;
    nr_rating_kind kind;
    const nr_rated_layer *layers; /* [n] */
    size_t n;
    nr_session *session;
    nr_store *store;
    bool changed; /* while the file is looked at: it does not say what this command says
                   */
    size_t layer; /* under way */
    bool terminal;
    double started_s, part_before, shown_s;
};

/* ---- the store that may be there already ---- */

static nr_status make_rating(const nr_rate_session *s, size_t k, nr_rating *out) {
    return s->kind == NR_RATING_SWITCH ? nr_switch_rating(&s->layers[k], out)
                                       : nr_baseline_rating(&s->layers[k], out);
}

static nr_status match_inputs(const nr_rate_session *s, const nr_plan_inputs *wanted) {
    const char *path = s->request->out.path;
    if (s->store->n_layers > 0)
        NR_TRY(nr_match_inputs(path, &s->store->plan.in, "Shapley values", wanted));
    return nr_match_ratings(path, s->store, wanted);
}

static nr_status match_plan(const nr_rate_session *s, const nr_rating *there,
                            const nr_rating *wanted) {
    char text[NR_LOG_LINE] = "";
    NR_TRY(nr_require_noted(s->request->out.path, s->store, &there->plan.arithmetic));
    nr_plan_differences(nr_rating_get_plan(there), nr_rating_get_plan(wanted),
                        s->n > 1 ? there->layer : NULL, text, sizeof text);
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
    nr_status status = match_inputs(s, &wanted.plan.in);
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

nr_rating *nr_rate_rating(const nr_rate_session *s, size_t k) {
    return nr_store_rating(s->store, s->layers[k].name, s->kind);
}

bool nr_rate_is_complete(const nr_rate_session *s) {
    for (size_t k = 0; k < s->n; k++)
        if (!nr_rating_is_complete(nr_rate_rating(s, k))) return false;
    return true;
}

/* ---- the session ---- */

/* The file's store, or a new one. */
static nr_status adopt(void *self, bool there, nr_store **out, bool *changed) {
    nr_rate_session *s = self;
    nr_store_free(s->store);
    s->store = NULL;
    s->changed = false;
    NR_TRY(there ? nr_store_read(s->request->out.path, &s->store)
                 : nr_store_new(0, &s->store));
    if (!there || s->request->confidence_given) {
        s->changed = there && s->store->confidence != s->request->confidence;
        s->store->confidence = s->request->confidence;
    }
    for (size_t k = 0; k < s->n; k++) NR_TRY(prepare_rating(s, k));
    *out = s->store;
    *changed = s->changed;
    return NR_OK;
}

static bool is_complete(const void *self, const nr_store *store) {
    (void)store;
    return nr_rate_is_complete(self);
}

nr_status nr_rate_open(const nr_rate_request *request, nr_rating_kind kind,
                       const nr_rated_layer *layers, size_t n, nr_rate_session **out) {
    nr_rate_session *s;
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    *s = (nr_rate_session){.request = request,
                           .kind = kind,
                           .layers = layers,
                           .n = n,
                           .terminal = isatty(STDERR_FILENO) == 1};
    const nr_session_content content = {s, adopt, is_complete};
    nr_status status =
        nr_session_open(&request->out, &request->in, &content, &s->session);
    if (status != NR_OK) {
        nr_rate_free(s);
        return status;
    }
    *out = s;
    return NR_OK;
}

nr_status nr_rate_begin(nr_rate_session *s, const char *command_line, int n_ranks) {
    return nr_session_begin(s->session, command_line, n_ranks);
}

nr_status nr_rate_finish(nr_rate_session *s) {
    return nr_session_finish(s->session);
}

void nr_rate_free(nr_rate_session *s) {
    if (!s) return;
    nr_session_free(s->session);
    nr_store_free(s->store);
    free(s);
}

/* ---- one layer ---- */

void nr_rate_layer_begin(nr_rate_session *s, size_t k) {
    s->layer = k;
    s->started_s = s->shown_s = nr_clock_s();
    nr_session_layer_begin(s->session, nr_rate_rating(s, k)->seconds);
    s->part_before = NAN;
}

/* Until it is done, from what this session has done; NAN if nobody knows. */
static double left_s(nr_rate_session *s, double part, double now_s) {
    if (isnan(s->part_before)) s->part_before = part;
    double done = part - s->part_before;
    return done > 0 ? (1 - part) / done * (now_s - s->started_s) : (double)NAN;
}

static void take_note(nr_rate_session *s, const nr_rating *r, double left,
                      double now_s) {
    char what[NR_PROGRESS_LINE];
    double done = (double)r->counts[NR_RATING_PROGRESS];
    const nr_progress_facts facts = {.units = done,
                                     .total = nr_rating_total(r),
                                     .units_per_sweep = 1,
                                     .widest = NAN,
                                     .rate = r->seconds > 0 ? done / r->seconds : NAN,
                                     .left_s = left};
    snprintf(what, sizeof what, "%s %s", r->layer, nr_rating_name(r->kind));
    nr_session_note(s->session, &facts, what, now_s);
}

static void show(nr_rate_session *s, const nr_rating *r, const nr_rater *rater,
                 double now_s) {
    char bar[NR_PROGRESS_BAR], words[NR_RATER_LINE], left[NR_NUMBER_TEXT] = "?",
                                                     line[NR_PROGRESS_LINE];
    double part = rater->describe(rater->self, r, words),
           seconds = left_s(s, part, now_s);
    if (nr_session_note_is_due(s->session, now_s)) take_note(s, r, seconds, now_s);
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
    r->seconds = nr_session_layer_seconds(s->session, now_s);
    *stop = nr_session_stop(s->session, asked, now_s) != NR_RULE_NONE;
    show(s, r, rater, now_s);
    return nr_session_tick(s->session, NR_NO_LAYER, now_s);
}

nr_status nr_rate_layer_end(nr_rate_session *s) {
    nr_rating *r = nr_rate_rating(s, s->layer);
    if (!nr_rating_is_complete(r)) r->ended_by = nr_session_stopped(s->session);
    if (s->terminal) nr_log_bar("");
    return nr_session_layer_end(s->session, NR_NO_LAYER);
}
