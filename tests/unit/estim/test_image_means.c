/* Means over images: exact sums in any order, and what they are checked against.
 * TEST: timeout=20 */
#include "../support/nets.h"

#include <math.h>

#include "neurank/base/wide.h"
#include "neurank/estim/image_means.h"

enum { N = 2, WORDS = 2 * NR_IMAGE_MEAN_LANES * N };

static void add(uint64_t *sums, size_t i, double value) {
    int64_t lanes[NR_IMAGE_MEAN_LANES];
    assert_true(nr_image_mean_lanes(value, lanes));
    for (size_t lane = 0; lane < NR_IMAGE_MEAN_LANES; lane++) {
        uint64_t *low = &sums[2 * lane * N + i], *high = low + N;
        nr_wide sum = nr_wide_join(*low, *high);
        assert_true(nr_wide_add(&sum, lanes[lane]));
        *low = nr_wide_low(sum);
        *high = nr_wide_high(sum);
    }
}

/* 1, 2, 3, 4: mean 2.5, variance 5/3, so the error is sqrt(5/12). A constant has none,
 * however large it is. */
static void test_mean_and_error(void **state) {
    uint64_t sums[WORDS] = {0};
    double mean[N], error[N];
    (void)state;
    for (int k = 1; k <= 4; k++) {
        add(sums, 0, k);
        add(sums, 1, -65535.25);
    }
    nr_image_mean_estimate(sums, N, 4, mean, error);
    assert_true(mean[0] == 2.5 && mean[1] == -65535.25);
    assert_true(fabs(error[0] - sqrt(5.0 / 12)) < 1e-15 && error[1] == 0);
}

static void test_too_few(void **state) {
    uint64_t sums[WORDS] = {0};
    double mean[N], error[N];
    (void)state;
    nr_image_mean_estimate(sums, N, 0, mean, error);
    assert_true(isnan(mean[0]) && isnan(error[0]));
    add(sums, 0, 0.125);
    nr_image_mean_estimate(sums, N, 1, mean, error);
    assert_true(mean[0] == 0.125 && isnan(error[0]));
}

static void test_range(void **state) {
    int64_t lanes[NR_IMAGE_MEAN_LANES];
    (void)state;
    assert_false(nr_image_mean_lanes(65536, lanes));
    assert_false(nr_image_mean_lanes(NAN, lanes));
    assert_true(nr_image_mean_lanes(-65535.999, lanes));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mean_and_error),
                                       cmocka_unit_test(test_too_few),
                                       cmocka_unit_test(test_range)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
