/* Other programs: their words, their exit codes, and the time they may take. */
#include "../support/nets.h"

#include <errno.h>
#include <string.h>

#include "neurank/base/clock.h"
#include "neurank/base/command.h"

static int shell(const char *script, double limit_s, char *text, size_t n) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    return nr_command_run(argv, limit_s, true, text, n);
}

static void test_runs(void **state) {
    (void)state;
    char text[64];
    assert_int_equal(shell("echo hello; echo noise >&2", 5, text, sizeof text), 0);
    assert_string_equal(text, "hello\n");
    assert_int_equal(shell("exit 7", 5, text, sizeof text), 7);
    assert_string_equal(text, "");
    assert_int_equal(shell("kill -9 $$", 5, text, sizeof text), -1);
    /* What does not fit is dropped, and nobody waits for it. */
    assert_int_equal(shell("yes | head -c 1000000", 5, text, sizeof text), 0);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_int_equal(shell("read line && echo read", 5, text, sizeof text), 1);
}

static void test_limits(void **state) {
    (void)state;
    char text[64];
    const char *const missing[] = {"no-such-program", NULL};
    assert_int_equal(nr_command_run(missing, 5, true, text, sizeof text), -1);
    assert_int_equal(errno, ENOENT);
    double start = nr_clock_s();
    assert_int_equal(shell("exec sleep 60", 0.2, text, sizeof text), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(nr_clock_s() - start < 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs),
                                       cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
