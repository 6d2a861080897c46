/* The Dirichlet posterior against closed forms, finite differences and Monte Carlo.
 * TEST: timeout=60 */
#include "../support/nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/switch/dirichlet.h"

enum { N = 4 };
static const double posteriors[][N] = {
    {0.05, 0.4, 1.2, 3}, {2, 2, 2, 2}, {30, 5, 800, 1}};
enum { POSTERIORS = sizeof posteriors / sizeof *posteriors };

static void test_divergence(void **state) {
    double phi[N], gradient[N], same[N] = {0.7, 0.7, 0.7, 0.7};
    (void)state;
    assert_true(fabs(nr_dirichlet_divergence(N, same, 0.7)) < 1e-13);
    /* Beta(2, 1) against the uniform one: the integral of 2x ln 2x is ln 2 - 1/2 */
    assert_true(fabs(nr_dirichlet_divergence(2, (double[]){2, 1}, 1) - M_LN2 + 0.5) <
                1e-14);
    for (size_t p = 0; p < POSTERIORS; p++) {
        nr_dirichlet_divergence_gradient(N, posteriors[p], 0.3, gradient);
        for (size_t j = 0; j < N; j++) {
            const double h = 1e-5;
            double side[2];
            for (int k = 0; k < 2; k++) {
                for (size_t i = 0; i < N; i++) phi[i] = posteriors[p][i];
                phi[j] *= exp(k ? h : -h);
                side[k] = nr_dirichlet_divergence(N, phi, 0.3);
            }
            double wanted = (side[1] - side[0]) / (2 * h);
            assert_true(side[0] > 0 &&
                        fabs(gradient[j] - wanted) < 1e-6 * (1 + fabs(wanted)));
        }
    }
}

/* f(s) = sum c_j s_j^2 + sin(3 s_0) s_1: curved, and not symmetric */
static double value_of(const double *s, double *ds) {
    static const double c[N] = {1, -2, 0.5, 3};
    double value = sin(3 * s[0]) * s[1];
    for (size_t j = 0; j < N; j++) {
        value += c[j] * s[j] * s[j];
        if (ds) ds[j] = 2 * c[j] * s[j];
    }
    if (ds) {
        ds[0] += 3 * cos(3 * s[0]) * s[1];
        ds[1] += sin(3 * s[0]);
    }
    return value;
}

typedef struct {
    double mean[N], error[N];
} estimate;

enum { DRAWS = 20000, AT_ONCE = 4 };

static void add(estimate *e, size_t j, double x) {
    e->mean[j] += x;
    e->error[j] += x * x;
}

static void finish(estimate *e, size_t n) {
    for (size_t j = 0; j < N; j++) {
        e->mean[j] /= (double)n;
        e->error[j] =
            sqrt((e->error[j] / (double)n - e->mean[j] * e->mean[j]) / (double)n);
    }
}

static void by_reparameterisation(const double *phi, estimate *e) {
    nr_draws *draws;
    nr_stream stream = nr_stream_make(1, "test", 1);
    double ds[AT_ONCE * N];
    assert_int_equal(nr_draws_new(N, AT_ONCE, &draws), NR_OK);
    for (uint32_t i = 0; i < DRAWS; i++) {
        double gradient[N] = {0};
        const double *s = nr_draws_make(draws, phi, stream, i, 7);
        for (size_t k = 0; k < AT_ONCE; k++) value_of(s + k * N, ds + k * N);
        nr_draws_gradient(draws, ds, gradient);
        for (size_t j = 0; j < N; j++) add(e, j, gradient[j] / AT_ONCE);
    }
    finish(e, DRAWS);
    nr_draws_free(draws);
}

/* Differences of the expectation at phi_j exp(+-h): the same random numbers on both
 * sides, so that only what moved makes noise. */
static void by_differences(const double *phi, estimate *e) {
    const double h = 0.05;
    nr_draws *draws;
    nr_stream stream = nr_stream_make(2, "test", 1);
    assert_int_equal(nr_draws_new(N, AT_ONCE, &draws), NR_OK);
    for (size_t j = 0; j < N; j++)
        for (uint32_t i = 0; i < DRAWS; i++) {
            double side[2] = {0};
            for (int k = 0; k < 2; k++) {
                double moved[N];
                for (size_t l = 0; l < N; l++) moved[l] = phi[l];
                moved[j] *= exp(k ? h : -h);
                const double *s = nr_draws_make(draws, moved, stream, i, 9);
                for (size_t d = 0; d < AT_ONCE; d++)
                    side[k] += value_of(s + d * N, NULL);
            }
            add(e, j, (side[1] - side[0]) / (2 * h * AT_ONCE));
        }
    finish(e, DRAWS);
    nr_draws_free(draws);
}

/* Within four standard errors, and the h^2 of the difference. */
static void test_monte_carlo(void **state) {
    (void)state;
    for (size_t p = 0; p < POSTERIORS; p++) {
        estimate a = {{0}, {0}}, b = {{0}, {0}};
        by_reparameterisation(posteriors[p], &a);
        by_differences(posteriors[p], &b);
        for (size_t j = 0; j < N; j++) {
            double error = hypot(a.error[j], b.error[j]) + 1e-3 * fabs(a.mean[j]);
            if (!(fabs(a.mean[j] - b.mean[j]) <= 4 * error))
                fail_msg("posterior %zu, part %zu: %g +- %g, by differences %g +- %g",
                         p, j, a.mean[j], a.error[j], b.mean[j], b.error[j]);
        }
    }
}

/* E[s_j^2] = phi_j (phi_j + 1) / (S (S + 1)): its derivative, by hand. */
static void test_second_moment(void **state) {
    enum { REPEATS = 40000 };
    const double *phi = posteriors[0];
    nr_draws *draws;
    nr_stream stream = nr_stream_make(5, "test", 1);
    estimate e = {{0}, {0}};
    double total = phi[0] + phi[1] + phi[2] + phi[3];
    (void)state;
    assert_int_equal(nr_draws_new(N, 1, &draws), NR_OK);
    for (uint32_t i = 0; i < REPEATS; i++) {
        double gradient[N] = {0}, ds[N] = {0};
        ds[2] = 2 * nr_draws_make(draws, phi, stream, i, 0)[2];
        nr_draws_gradient(draws, ds, gradient);
        for (size_t j = 0; j < N; j++) add(&e, j, gradient[j]);
    }
    finish(&e, REPEATS);
    nr_draws_free(draws);
    double moment = phi[2] * (phi[2] + 1) / (total * (total + 1));
    double by_total = -moment * (1 / total + 1 / (total + 1));
    for (size_t j = 0; j < N; j++) {
        double own = j == 2 ? moment * (1 / phi[2] + 1 / (phi[2] + 1)) : 0;
        double wanted = phi[j] * (own + by_total);
        assert_true(fabs(e.mean[j] - wanted) < 4.5 * e.error[j]);
    }
}

/* The mean: exact. */
static void test_mean(void **state) {
    const double *phi = posteriors[2];
    double gradient[N] = {0}, ds[N], moved[N];
    nr_draws *draws;
    nr_stream stream = nr_stream_make(5, "test", 1);
    (void)state;
    assert_int_equal(nr_draws_new(N, 0, &draws), NR_OK);
    value_of(nr_draws_make(draws, phi, stream, 0, 0), ds);
    nr_draws_gradient(draws, ds, gradient);
    for (size_t j = 0; j < N; j++) {
        double side[2];
        for (int k = 0; k < 2; k++) {
            for (size_t l = 0; l < N; l++) moved[l] = phi[l];
            moved[j] *= exp(k ? 1e-5 : -1e-5);
            side[k] = value_of(nr_draws_make(draws, moved, stream, 0, 0), NULL);
        }
        assert_true(fabs((side[1] - side[0]) / 2e-5 - gradient[j]) < 1e-8);
    }
    nr_draws_free(draws);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divergence), cmocka_unit_test(test_monte_carlo),
        cmocka_unit_test(test_second_moment), cmocka_unit_test(test_mean)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
