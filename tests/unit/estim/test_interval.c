/* Interval factors against the formulas written out, and the order in which they have
 * to stand. */
#include "../support/nets.h"

#include <math.h>

#include "neurank/estim/interval.h"
#include "neurank/estim/student.h"

/* Waudby-Smith et al. with s = 1 and t samples, t_opt = 1000: half-width over
 * 1/sqrt(t).
 */
static double written_out(double alpha, double t) {
    double r = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / 1000;
    double half = sqrt(2 * (t * r + 1) / (t * t * r) * log(sqrt(t * r + 1) / alpha));
    return half * sqrt(t);
}

static void test_sequence(void **state) {
    (void)state;
    nr_interval_spec spec = {.confidence = 0.95, .sequence_sweeps = 1000};
    for (double t = 10; t < 1e6; t *= 3)
        for (size_t n = 1; n < 5000; n *= 16) {
            double wanted = written_out(0.05 / (double)n, t);
            assert_true(fabs(nr_interval_factor(&spec, 1e9, t, n) / wanted - 1) < 1e-6);
        }
}

/* Only t / t_opt matters, fewer degrees of freedom widen, and at its best the sequence
 * is wider than Student's t by less than 0.6. */
static void test_order(void **state) {
    (void)state;
    nr_interval_spec student = {.confidence = 0.95};
    nr_interval_spec sequence = {.confidence = 0.95, .sequence_sweeps = 10};
    nr_interval_spec finer = {.confidence = 0.95, .sequence_sweeps = 1000};
    for (size_t n = 1; n < 5000; n *= 8) {
        double t = nr_interval_factor(&student, 50, 10, n);
        double s = nr_interval_factor(&sequence, 50, 10, n);
        assert_true(fabs(t - nr_student_quantile(1 - 0.025 / (double)n, 50)) < 1e-9);
        assert_true(s > t && s < 1.6 * t);
        assert_true(nr_interval_factor(&sequence, 5, 10, n) > s);
        assert_true(fabs(nr_interval_factor(&finer, 50, 1000, n) / s - 1) < 1e-12);
    }
}

/* A half-width that is asked for is reached at the forecast, and not before. */
static void test_sweeps(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        nr_interval_spec spec = {.confidence = 0.9, .sequence_sweeps = kind * 20.0};
        for (double ratio = 0.9; ratio > 1e-4; ratio /= 3) {
            double sweeps = nr_interval_sweeps(&spec, 3, ratio, 40);
            double now = nr_interval_factor(&spec, 1e9, 3, 40) / sqrt(3);
            double then = nr_interval_factor(&spec, 1e9, sweeps, 40) / sqrt(sweeps);
            assert_true(fabs(then / now / ratio - 1) < 1e-6);
        }
        assert_true(nr_interval_sweeps(&spec, 3, 1, 40) == 3);
        assert_true(isinf(nr_interval_sweeps(&spec, 3, 0, 40)));
        assert_true(isinf(nr_interval_sweeps(&spec, 3, -1, 40)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequence),
                                       cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_sweeps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
