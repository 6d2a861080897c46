/* Other programs: their words, their exit codes, and the time they may take. */
#include "../support/nets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/clock.h"
#include "neurank/base/command.h"
#include "neurank/base/memory.h"

/* For what has an end: it comes, however busy the machine is. */
static const double plenty_s = 3600;

static int shell(const char *script, double limit_s, char *text, size_t n) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    return nr_command_run(argv, limit_s, true, text, n);
}

static void test_runs(void **state) {
    (void)state;
    char text[64];
    assert_int_equal(shell("echo hello; echo noise >&2", plenty_s, text, sizeof text),
                     0);
    assert_string_equal(text, "hello\n");
    assert_int_equal(shell("exit 7", plenty_s, text, sizeof text), 7);
    assert_string_equal(text, "");
    assert_int_equal(shell("kill -9 $$", plenty_s, text, sizeof text), -1);
    /* What does not fit is dropped, and nobody waits for it. */
    assert_int_equal(shell("yes | head -c 1000000", plenty_s, text, sizeof text), 0);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_int_equal(shell("read line && echo read", plenty_s, text, sizeof text), 1);
}

static void test_limits(void **state) {
    (void)state;
    char text[64];
    const char *const missing[] = {"no-such-program", NULL};
    assert_int_equal(nr_command_run(missing, plenty_s, true, text, sizeof text), -1);
    assert_int_equal(errno, ENOENT);
    double start = nr_clock_s();
    assert_int_equal(shell("exec sleep 7200", 0.2, text, sizeof text), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_true(nr_clock_s() - start < 3600);
}

static int filter(const char *script, const char *input, size_t n, char **text) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    return nr_command_filter(argv, plenty_s, input, n, text);
}

static void test_filters(void **state) {
    (void)state;
    char *text;
    assert_int_equal(filter("tr a-z A-Z", "hello", 5, &text), 0);
    assert_string_equal(text, "HELLO");
    free(text);
    assert_int_equal(filter("exit 3", "nobody reads this", 17, &text), 3);
    assert_string_equal(text, "");
    free(text);
    /* Far more than a pipe holds, in and out, and nobody who reads meanwhile. */
    size_t n = 3000000;
    char *much = nr_new(n, 1);
    memset(much, 'x', n);
    assert_int_equal(filter("sleep 0.1; cat", much, n, &text), 0);
    assert_int_equal(strlen(text), n);
    assert_memory_equal(text, much, n);
    free(text);
    free(much);
    const char *const missing[] = {"no-such-program", NULL};
    assert_int_equal(nr_command_filter(missing, plenty_s, "", 0, &text), -1);
    assert_int_equal(errno, ENOENT);
    free(text);
    /* Nobody wants that much. */
    assert_int_equal(filter("head -c 300000000 /dev/zero", "", 0, &text), -1);
    assert_int_equal(errno, EFBIG);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_runs),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_filters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
