/* The master gives every unit once, keeps every worker one unit ahead, stops when told,
 * and refuses results it did not ask for: with 1 to 10,000 workers that finish in
 * random order. TEST: timeout=60 */
#include "../support/nets.h"
#include "../support/units.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/sched/master.h"
#include "neurank/sched/message.h"

/* Units in the hands of simulated workers. */
typedef struct {
    nr_assignment *list;
    size_t n;
} under_way;

static void play(int workers, uint64_t units) {
    test_counter c = {0, units};
    nr_master *master;
    under_way way = {nr_new((size_t)workers * NR_AHEAD + 1, sizeof(nr_assignment)), 0};
    uint8_t *done = nr_new(units + 1, 1);
    uint64_t finished = 0;
    assert_int_equal(nr_master_new(workers, test_count, &c, &master), NR_OK);
    way.n = nr_master_start(master, way.list);
    /* The first round gives one unit to each before anybody gets a second. */
    for (size_t i = 0; i < way.n && i < (size_t)workers; i++)
        assert_int_equal(way.list[i].worker, i);
    while (!nr_master_finished(master)) {
        size_t at = (size_t)((test_random(1, finished) + 1) / 2 * (float)way.n);
        if (at >= way.n) at = way.n - 1;
        nr_assignment a = way.list[at], given[1];
        size_t n;
        way.list[at] = way.list[--way.n];
        assert_false(done[a.unit]);
        done[a.unit] = 1;
        finished++;
        assert_int_equal(nr_master_result(master, a.worker, a.unit, given, &n), NR_OK);
        assert_int_equal(n,
                         c.end - c.next > 0 || (n > 0 && given[0].unit == c.end - 1));
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(given[k].worker, a.worker);
            way.list[way.n++] = given[k];
        }
    }
    assert_true(finished == units && way.n == 0);
    nr_master_free(master);
    free(way.list);
    free(done);
}

static void test_every_unit_once(void **state) {
    (void)state;
    play(1, 0);
    play(1, 1);
    play(1, 100);
    play(3, 2);
    play(7, 1000);
    play(10000, 50000);
    play(10000, 500);
}

static void test_stop(void **state) {
    (void)state;
    test_counter c = {0, 100};
    nr_assignment given[3 * NR_AHEAD], next[1];
    nr_master *master;
    size_t n;
    assert_int_equal(nr_master_new(3, test_count, &c, &master), NR_OK);
    assert_int_equal(nr_master_start(master, given), 3 * NR_AHEAD);
    nr_master_stop(master);
    for (size_t i = 0; i < 3 * NR_AHEAD; i++) {
        assert_false(nr_master_finished(master));
        assert_int_equal(
            nr_master_result(master, given[i].worker, given[i].unit, next, &n), NR_OK);
        assert_int_equal(n, 0);
    }
    assert_true(nr_master_finished(master));
    nr_master_free(master);
}

static void test_unasked_results(void **state) {
    (void)state;
    test_counter c = {0, 100};
    nr_assignment given[2 * NR_AHEAD], next[1];
    nr_master *master;
    size_t n;
    assert_int_equal(nr_master_new(2, test_count, &c, &master), NR_OK);
    nr_master_start(master, given);
    test_capture_log();
    assert_int_equal(nr_master_result(master, 1, 0, next, &n), NR_ERR_INTERNAL);
    assert_string_equal(test_last_message(),
                        "rank 1 finished unit 0 without having it");
    assert_int_equal(nr_master_result(master, 9, 0, next, &n), NR_ERR_INTERNAL);
    nr_master_free(master);
}

static void test_messages(void **state) {
    (void)state;
    uint64_t tally[2] = {5, 6}, words[NR_MESSAGE_HEAD + 2];
    nr_message out, in = {.kind = NR_MESSAGE_RESULT,
                          .unit = 1234567890123,
                          .status = NR_ERR_UNIT,
                          .result = tally,
                          .n_result = 2};
    assert_int_equal(nr_message_encode(&in, words), NR_MESSAGE_HEAD + 2);
    assert_int_equal(nr_message_decode(words, NR_MESSAGE_HEAD + 2, &out), NR_OK);
    assert_true(out.kind == in.kind && out.unit == in.unit && out.status == in.status);
    assert_true(out.n_result == 2 && out.result[1] == 6);
    test_capture_log();
    words[0] = 99;
    assert_int_equal(nr_message_decode(words, NR_MESSAGE_HEAD, &out), NR_ERR_INTERNAL);
    assert_int_equal(nr_message_decode(words, 1, &out), NR_ERR_INTERNAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit_once), cmocka_unit_test(test_stop),
        cmocka_unit_test(test_unasked_results), cmocka_unit_test(test_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
