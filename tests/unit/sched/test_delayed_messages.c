/* Whichever message is late, every unit is counted once and the sums are the same; a
 * stop loses nothing that was finished, and ends although some rank cannot hear it. */
#include "../support/nets.h"
#include "../support/ranks.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/clock.h"

enum { UNITS = 30 };

static void forget(ranks_result *r) {
    free(r->done);
    free(r->sum);
}

static void test_every_message_delayed(void **state) {
    (void)state;
    ranks_script script = {.size = 1, .units = UNITS};
    ranks_result alone, late;
    ranks_play(&script, &alone);
    assert_int_equal(alone.accepted, UNITS);
    script.size = 4;
    script.delay_s = 0.01;
    uint64_t messages = 1;
    for (script.delayed = 1; script.delayed <= messages; script.delayed++) {
        ranks_play(&script, &late);
        assert_int_equal(late.status, NR_OK);
        assert_int_equal(late.accepted, UNITS);
        for (size_t u = 0; u < UNITS; u++) assert_int_equal(late.done[u], 1);
        assert_memory_equal(alone.sum, late.sum, alone.sum_words * sizeof *alone.sum);
        messages = late.messages;
        forget(&late);
    }
    assert_true(messages > 20);
    forget(&alone);
}

static void test_stops_lose_nothing(void **state) {
    (void)state;
    for (uint64_t k = 1; k < 60; k++) {
        ranks_script script = {.size = 1 + (int)(k % 4),
                               .units = 1000,
                               .delayed = 3 * k,
                               .delay_s = 0.005,
                               .stop_after = 1 + k % 9,
                               .stop = k % 2 ? NR_STOP_SOON : NR_STOP_NOW};
        ranks_result r;
        ranks_play(&script, &r);
        assert_int_equal(r.status, NR_OK);
        assert_false(r.deaf);
        assert_true(r.accepted >= script.stop_after && r.accepted < 500);
        uint64_t seen = 0;
        for (size_t u = 0; u < script.units; u++) {
            assert_true(r.done[u] <= 1);
            seen += r.done[u];
        }
        assert_int_equal(seen, r.accepted);
        forget(&r);
    }
}

/* Block 9 takes longer than anybody wants to wait. */
static void test_the_deaf_are_left(void **state) {
    (void)state;
    ranks_script script = {.size = 3,
                           .units = 100000,
                           .slow_block = 9,
                           .slow_s = 4,
                           .stop_after = 40,
                           .stop = NR_STOP_NOW};
    ranks_result r;
    double start_s = nr_clock_s();
    ranks_play(&script, &r);
    assert_int_equal(r.status, NR_OK);
    assert_true(r.deaf ||
                nr_clock_s() - start_s > script.slow_s); /* the master's own */
    assert_int_equal(r.done[9], r.deaf ? 0 : 1);
    forget(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_message_delayed),
                                       cmocka_unit_test(test_stops_lose_nothing),
                                       cmocka_unit_test(test_the_deaf_are_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
