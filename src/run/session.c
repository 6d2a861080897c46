#include "neurank/run/session.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/run/deadline.h"
#include "neurank/run/hold.h"
#include "neurank/run/saver.h"

static const double note_every_s = 2;
/* Of a core's time, of all ranks' cores together: what checkpoints may cost where
 * nobody says how often they are wanted. Under 1%, with what a single one may vary by.
 */
static const double checkpoint_share = 0.008;

struct nr_session {
    const nr_store_request *request;
    nr_session_content content;
    nr_store *store; /* the content's */
    nr_hold *hold;
    nr_saver *saver; /* NULL: nothing will be written */
    nr_deadline deadline;
    nr_rule stopped;
    double layer_started_s, seconds_before; /* of the layer under way */
    double noted_s; /* when the lock's file was told how far the run is */
};

/* ---- the store as what is held ---- */

static nr_status adopt(void *self, bool there, bool *changed) {
    nr_session *s = self;
    return s->content.adopt(s->content.self, there, &s->store, changed);
}

static bool is_complete(const void *self) {
    const nr_session *s = self;
    return s->content.is_complete(s->content.self, s->store);
}

/* Does the store still go on in what stands there, or in nothing? */
static bool is_current(const void *self, bool there) {
    const nr_session *s = self;
    return there ? nr_store_is_current(s->request->path, s->store)
                 : s->store->generation == 0;
}

nr_status nr_session_open(const nr_store_request *out, const nr_input_request *in,
                          const nr_session_content *content, nr_session **session) {
    nr_session *s;
    const char *const inputs[] = {in->model, in->data};
    const nr_hold_spec spec = {.path = out->path,
                               .inputs = inputs,
                               .n_inputs = sizeof inputs / sizeof *inputs,
                               .fresh = out->fresh};
    if (!NR_NEW(s, 1)) return NR_ERR_INTERNAL;
    s->request = out;
    s->content = *content;
    s->deadline = nr_deadline_make(out->time_limit_s);
    const nr_hold_content held = {s, adopt, is_complete, is_current};
    nr_status status = nr_hold_open(&spec, &held, &s->hold);
    if (status == NR_OK) *session = s;
    else nr_session_free(s);
    return status;
}

void nr_session_free(nr_session *session) {
    if (!session) return;
    nr_saver_free(session->saver);
    nr_hold_free(session->hold);
    free(session);
}

nr_store *nr_session_store(const nr_session *session) {
    return session->store;
}

nr_status nr_session_begin(nr_session *session, const char *command_line, int n_ranks) {
    const nr_store_request *request = session->request;
    if (!nr_hold_has_work(session->hold)) return NR_OK;
    NR_TRY(nr_hold_begin(session->hold, command_line, &session->store->history));
    NR_TRY(nr_store_write(request->path, session->store));
    nr_saver_times times = {
        .every_s = request->checkpoint_s,
        .cost_most = request->checkpoint_given ? INFINITY : checkpoint_share * n_ranks};
    return nr_saver_new(session->store, request->path, request->rescue, &times,
                        &session->saver);
}

/* ---- a layer ---- */

void nr_session_layer_begin(nr_session *session, double seconds_before) {
    session->layer_started_s = nr_clock_s();
    session->seconds_before = seconds_before;
}

double nr_session_layer_seconds(const nr_session *session, double now_s) {
    return session->seconds_before + now_s - session->layer_started_s;
}

nr_rule nr_session_stop(nr_session *session, bool asked, double now_s) {
    double save_s = nr_saver_seconds(session->saver);
    if (asked) session->stopped = NR_RULE_SIGNAL;
    else if (nr_deadline_passed(&session->deadline, now_s, save_s))
        session->stopped = NR_RULE_TIME_LIMIT;
    return session->stopped;
}

nr_rule nr_session_stopped(const nr_session *session) {
    return session->stopped;
}

bool nr_session_note_is_due(const nr_session *session, double now_s) {
    return now_s - session->noted_s >= note_every_s;
}

void nr_session_note(nr_session *session, const nr_progress_facts *facts,
                     const char *what, double now_s) {
    char line[NR_PROGRESS_LINE];
    session->noted_s = now_s;
    nr_progress_write(facts, what, line);
    nr_hold_note(session->hold, line);
}

nr_status nr_session_tick(nr_session *session, size_t layer, double now_s) {
    return nr_saver_tick(session->saver, layer, now_s);
}

nr_status nr_session_layer_end(nr_session *session, size_t layer) {
    return nr_saver_layer(session->saver, layer);
}

nr_status nr_session_finish(nr_session *session) {
    return session->saver ? nr_saver_finish(session->saver) : NR_OK;
}
