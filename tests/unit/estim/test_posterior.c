/* Beta quantiles with closed forms, their inverse, and the intervals of a Dirichlet
 * posterior made of them.
 * TEST: timeout=20 */
#include "../support/nets.h"

#include <math.h>

#include "neurank/estim/beta.h"
#include "neurank/estim/posterior.h"

static void near(double got, double wanted, double relative) {
    if (!(fabs(got - wanted) <= relative * fabs(wanted)))
        fail_msg("%.15g instead of %.15g", got, wanted);
}

/* Beta(a, 1): x^a. Beta(1, b): 1 - (1 - x)^b. Beta(2, 2): 3 x^2 - 2 x^3.
 * Beta(1/2, 1/2): the arc sine law. */
static void test_closed_forms(void **state) {
    (void)state;
    for (double p = 0.001; p < 1; p += 0.037) {
        near(nr_beta_quantile(p, 0.02, 1), pow(p, 50), 1e-9);
        near(nr_beta_quantile(p, 3, 1), cbrt(p), 1e-11);
        near(nr_beta_quantile(p, 1, 5000), -expm1(log1p(-p) / 5000), 1e-9);
        near(nr_beta_quantile(p, 0.5, 0.5), pow(sin(M_PI * p / 2), 2), 1e-9);
        near(nr_beta_cdf(p, 2, 2), p * p * (3 - 2 * p), 1e-13);
    }
}

static void test_inverse(void **state) {
    static const double shapes[] = {1e-3, 0.3, 1, 7, 400, 1e4};
    (void)state;
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) {
            double x = nr_beta_quantile(0.3, shapes[i], shapes[k]);
            if (x > 0 && x < 0.999)
                near(nr_beta_cdf(x, shapes[i], shapes[k]), 0.3, 1e-8);
            near(nr_beta_cdf(0.4, shapes[i], shapes[k]) +
                     nr_beta_cdf(0.6, shapes[k], shapes[i]),
                 1, 1e-10);
        }
}

static nr_posterior *posterior_of(size_t n, const double *phi, double confidence) {
    nr_posterior *p;
    double logs[3] = {0};
    for (size_t j = 0; j < n; j++) logs[j] = log(phi[j]);
    assert_int_equal(nr_posterior_new(n, logs, confidence, &p), NR_OK);
    for (size_t j = 0; j < n; j++) near(p->phi[j], phi[j], 1e-14);
    return p;
}

/* phi (1, 1): s_0 is uniform. Bonferroni for two: tails of alpha / 4. */
static void test_posterior(void **state) {
    (void)state;
    nr_posterior *p = posterior_of(2, (double[]){1, 1}, 0.9);
    near(p->mean[0], 0.5, 1e-15);
    near(p->std_dev[0], sqrt(1.0 / 12), 1e-14);
    near(p->ci_low[0], 0.05, 1e-10);
    near(p->ci_high[0], 0.95, 1e-10);
    near(p->joint_low[0], 0.025, 1e-10);
    near(p->joint_high[0], 0.975, 1e-10);
    assert_int_equal(p->group[0], p->group[1]);
    nr_posterior_free(p);
    p = posterior_of(3, (double[]){10, 3000, 12}, 0.95);
    assert_int_equal(p->rank[1], 0);
    assert_int_equal(p->rank_high[1], 0);
    assert_true(p->group[0] == p->group[2] && p->group[0] == 1);
    nr_posterior_free(p);
    p = posterior_of(1, (double[]){4}, 0.95);
    assert_true(p->mean[0] == 1 && p->std_dev[0] == 0 && p->ci_low[0] == 1);
    nr_posterior_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_closed_forms),
                                       cmocka_unit_test(test_inverse),
                                       cmocka_unit_test(test_posterior)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
