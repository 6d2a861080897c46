/* Numbers and durations are read strictly and written so that they read back equal. */
#include "../support/nets.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/text.h"

static void test_numbers(void **state) {
    (void)state;
    static const char *const bad_counts[] = {
        "", " 1", "-1", "+1", "1.5", "1e3", "0x10", "18446744073709551616", "12a"};
    static const char *const bad_numbers[] = {"",      "nan", "inf", "1e999",
                                              "0x1p3", "1,5", "--1", "."};
    uint64_t count = 7;
    double number = 7;
    for (size_t i = 0; i < sizeof bad_counts / sizeof *bad_counts; i++)
        assert_false(nr_parse_u64(bad_counts[i], &count));
    for (size_t i = 0; i < sizeof bad_numbers / sizeof *bad_numbers; i++)
        assert_false(nr_parse_double(bad_numbers[i], &number));
    assert_true(count == 7 && number == 7);
    assert_true(nr_parse_u64("18446744073709551615", &count) && count == UINT64_MAX);
    assert_true(nr_parse_double("-1.5e-3", &number) && number == -1.5e-3);
}

static void test_durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90", 90},      {"90s", 90},   {"1.5m", 90},      {"2h", 7200},
                {"1d", 86400},   {"2:00", 120}, {"1:30:00", 5400}, {"0", 0},
                {"90:00", 5400}, {"1:5", 65}};
    static const char *const bad[] = {"",     "s",       "-1s",     "1w",
                                      "1:",   "1:2:3:4", ":30",     "1h30",
                                      "1:99", "1:99:00", "1:00:60", "1:005"};
    double seconds = -1;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(nr_parse_duration(good[i].text, &seconds) &&
                    seconds == good[i].seconds);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(nr_parse_duration(bad[i], &seconds));
}

static void test_doubles_read_back(void **state) {
    (void)state;
    const double values[] = {0.1, 1.0 / 3, DBL_MAX, DBL_MIN, -2.5, 1e22, M_PI};
    char text[NR_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double back;
        assert_true(nr_parse_double(nr_format_double(values[i], text), &back));
        assert_true(back == values[i]);
    }
    assert_string_equal(nr_format_double(0.1, text), "0.1");
}

static void test_sizes_stick(void **state) {
    (void)state;
    assert_true(nr_size_mul(SIZE_MAX / 2, 3) == SIZE_MAX);
    assert_true(nr_size_mul(SIZE_MAX, 0) == SIZE_MAX);
    assert_true(nr_size_add(SIZE_MAX, 1) == SIZE_MAX);
    assert_true(nr_size_mul(6, 7) == 42);
    test_capture_log();
    assert_null(nr_new(SIZE_MAX / 4, 8));
    assert_string_equal(test_last_message(), "a size in memory overflows");
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"conv1", "conv2", "fc1"};
    assert_int_equal(nr_nearest_name("conv22", names, 3), 1);
    assert_int_equal(nr_nearest_name("fc", names, 3), 2);
    assert_int_equal(nr_nearest_name("x", names, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_durations),
        cmocka_unit_test(test_doubles_read_back), cmocka_unit_test(test_sizes_stick),
        cmocka_unit_test(test_nearest_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
