/* Student's t against published tables and its own closed forms. */
#include "../support/nets.h"

#include <math.h>

#include "neurank/estim/student.h"

static void test_quantiles(void **state) {
    (void)state;
    static const struct {
        double p, freedom, t;
    } table[] = {{0.975, 1, 12.706204736174698},   {0.975, 2, 4.302652729749464},
                 {0.975, 5, 2.5705818356363146},   {0.975, 10, 2.2281388519862744},
                 {0.995, 30, 2.7499956535672259},  {0.975, 100, 1.9839715185235523},
                 {0.95, 1000, 1.6463788172854639}, {0.975, 1e9, 1.9599639868}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_true(
            fabs(nr_student_quantile(table[i].p, table[i].freedom) / table[i].t - 1) <
            1e-9);
}

/* One degree of freedom is Cauchy, two have P = 1/2 + t / (2 sqrt(2 + t^2)). */
static void test_closed_forms(void **state) {
    (void)state;
    for (double t = -20; t <= 20; t += 0.37) {
        assert_true(fabs(nr_student_cdf(t, 1) - (0.5 + atan(t) / M_PI)) < 1e-13);
        assert_true(fabs(nr_student_cdf(t, 2) - (0.5 + t / (2 * sqrt(2 + t * t)))) <
                    1e-13);
    }
    for (double df = 0.5; df < 1e6; df *= 3.7)
        for (double p = 0.55; p < 0.9999; p += 0.0433)
            assert_true(fabs(nr_student_cdf(nr_student_quantile(p, df), df) - p) <
                        1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quantiles),
                                       cmocka_unit_test(test_closed_forms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
