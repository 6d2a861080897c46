/* The whole scheduler, with ranks as threads: sums are the same for any number of
 * workers, and the first failure of a unit ends the run with everything accounted for.
 */
#include "../support/nets.h"
#include "../support/ranks.h"

#include <stdlib.h>

enum { UNITS = 100 };

static void forget(ranks_result *r) {
    free(r->done);
    free(r->sum);
}

static void test_same_bits_for_any_number_of_workers(void **state) {
    (void)state;
    ranks_script script = {.size = 1, .units = UNITS};
    ranks_result alone, together;
    ranks_play(&script, &alone);
    for (script.size = 2; script.size < 20; script.size++) {
        ranks_play(&script, &together);
        assert_int_equal(together.status, NR_OK);
        assert_memory_equal(alone.sum, together.sum,
                            alone.sum_words * sizeof *alone.sum);
        for (size_t u = 0; u < UNITS; u++) assert_int_equal(together.done[u], 1);
        forget(&together);
    }
    forget(&alone);
}

static void test_a_bad_unit_ends_the_run(void **state) {
    (void)state;
    ranks_script script = {.units = UNITS, .bad_block = 21};
    ranks_result r;
    for (script.size = 1; script.size < 5; script.size++) {
        test_capture_log();
        ranks_play(&script, &r);
        assert_int_equal(r.status, NR_ERR_UNIT);
        assert_string_equal(test_last_message(), "block 20 is bad");
        assert_int_equal(r.done[20], 0);
        assert_true(r.accepted < UNITS);
        forget(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits_for_any_number_of_workers),
        cmocka_unit_test(test_a_bad_unit_ends_the_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
