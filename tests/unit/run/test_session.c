/* A session goes on with what is there, writes nothing where there is nothing to do,
 * and says why it stops. */
#include "../support/nets.h"
#include "../support/stores.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/clock.h"
#include "neurank/base/lock.h"
#include "neurank/run/session.h"

enum { N = 4, UNITS = 4, BLOCKS = 8 };

typedef struct {
    const char *path;
    nr_store *store;
    bool complete, changed;
    int adopted;
} content;

static nr_status adopt(void *self, bool there, nr_store **out, bool *changed) {
    const test_store_spec spec = {
        .n_players = N, .blocks_per_unit = BLOCKS, .units_per_sweep = UNITS};
    content *c = self;
    nr_store_free(c->store);
    c->store = NULL;
    c->adopted++;
    if (there) assert_int_equal(nr_store_read(c->path, &c->store), NR_OK);
    else c->store = test_store(&spec);
    *out = c->store;
    *changed = c->changed;
    return NR_OK;
}

static bool is_complete(const void *self, const nr_store *store) {
    const content *c = self;
    assert_ptr_equal(store, c->store);
    return c->complete;
}

static const nr_input_request input = {.model = "model", .data = "data"};

static nr_session *open_session(content *c, const nr_store_request *request) {
    const nr_session_content of = {c, adopt, is_complete};
    nr_session *session;
    test_capture_log();
    assert_int_equal(nr_session_open(request, &input, &of, &session), NR_OK);
    assert_int_equal(nr_session_begin(session, "neurank test", 1), NR_OK);
    return session;
}

static void close_session(content *c, nr_session *session) {
    assert_int_equal(nr_session_finish(session), NR_OK);
    nr_session_free(session);
    nr_store_free(c->store);
    c->store = NULL;
}

/* One look where nobody else writes; a store that is complete is left alone. */
static void test_goes_on(void **state) {
    (void)state;
    nr_store_request request = {.path = test_path("run.h5"), .checkpoint_s = 60};
    content c = {.path = request.path};
    unlink(request.path);
    close_session(&c, open_session(&c, &request));
    assert_int_equal(c.adopted, 1);
    uint64_t first = test_store_generation(request.path);
    c.complete = true;
    close_session(&c, open_session(&c, &request));
    assert_true(test_store_generation(request.path) == first);
    c.changed = true;
    close_session(&c, open_session(&c, &request));
    assert_true(test_store_generation(request.path) == first + 1);
    assert_int_equal(c.adopted, 3);
}

static void test_stops(void **state) {
    (void)state;
    nr_store_request request = {
        .path = test_path("stop.h5"), .checkpoint_s = 60, .time_limit_s = 1000};
    content c = {.path = request.path};
    nr_session *session = open_session(&c, &request);
    double now_s = nr_clock_s();
    nr_session_layer_begin(session, 50);
    assert_true(nr_session_layer_seconds(session, nr_clock_s() + 7) >= 57);
    assert_int_equal(nr_session_stop(session, false, now_s), NR_RULE_NONE);
    assert_int_equal(nr_session_stop(session, false, now_s + 1001), NR_RULE_TIME_LIMIT);
    assert_int_equal(nr_session_stop(session, true, now_s), NR_RULE_SIGNAL);
    assert_int_equal(nr_session_stopped(session), NR_RULE_SIGNAL);
    close_session(&c, session);
}

/* What `neurank status` reads is what was noted. */
static void test_notes(void **state) {
    (void)state;
    nr_store_request request = {.path = test_path("note.h5"), .checkpoint_s = 60};
    content c = {.path = request.path};
    nr_session *session = open_session(&c, &request);
    const nr_progress_facts facts = {.units = 3,
                                     .total = 9,
                                     .units_per_sweep = 1,
                                     .widest = NAN,
                                     .rate = 0.5,
                                     .left_s = 12};
    char owner[NR_LOCK_TEXT], note[NR_LOCK_TEXT];
    nr_progress_facts read;
    double now_s = nr_clock_s();
    assert_true(nr_session_note_is_due(session, now_s));
    nr_session_note(session, &facts, "conv switch", now_s);
    assert_false(nr_session_note_is_due(session, now_s + 1));
    nr_lock_look(request.path, owner, note);
    const char *what = nr_progress_read(note, &read);
    assert_non_null(what);
    assert_memory_equal(what, "conv switch", strlen("conv switch"));
    assert_true(read.units == 3 && read.total == 9 && read.left_s == 12);
    assert_true(isnan(read.widest));
    close_session(&c, session);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_goes_on),
                                       cmocka_unit_test(test_stops),
                                       cmocka_unit_test(test_notes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
