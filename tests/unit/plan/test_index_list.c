/* Lists of filters are read strictly. */
#include "../support/nets.h"

#include <stdlib.h>

#include "neurank/plan/index_list.h"

static void test_index_lists(void **state) {
    (void)state;
    static const char *const bad[] = {"",      "3-", "-3", "5-3", "1,1",
                                      "0-2,1", "10", "a",  "1,"};
    uint32_t *list;
    size_t n;
    assert_int_equal(nr_parse_index_list("--x", "7,0-2", 10, &list, &n), NR_OK);
    assert_int_equal(n, 4);
    const uint32_t wanted[] = {0, 1, 2, 7};
    assert_memory_equal(list, wanted, sizeof wanted);
    free(list);
    test_capture_log();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(nr_parse_index_list("--x", bad[i], 10, &list, &n),
                         NR_ERR_USAGE);
        free(list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_index_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
