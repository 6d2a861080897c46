/* The optimisers find the maximum of a concave function that is known, and the rule
 * calls a rise what is above its own noise.
 * TEST: timeout=20 */
#include "../support/nets.h"

#include <math.h>

#include "neurank/switch/ascent.h"

enum { N = 3, IMAGES = 400 };

static double error_after(bool sgd, double rate, int steps) {
    static const double best[N] = {1, -2, 0.5}, curvature[N] = {1, 4, 0.3};
    double u[N] = {0}, first[N] = {0}, second[N] = {0}, gradient[N], worst = 0;
    uint64_t taken = 0;
    nr_ascent a = {N, u, first, second, &taken, &rate, sgd};
    for (int k = 0; k < steps; k++) {
        for (int j = 0; j < N; j++) gradient[j] = curvature[j] * (best[j] - u[j]);
        nr_ascent_step(&a, gradient);
    }
    assert_int_equal(taken, steps);
    for (int j = 0; j < N; j++) worst = fmax(worst, fabs(u[j] - best[j]));
    return worst;
}

static void test_maximum(void **state) {
    (void)state;
    assert_true(error_after(true, 0.1, 500) < 1e-3);
    assert_true(error_after(false, 0.05, 2000) < 1e-2);
}

/* The first step of Adam has the length of the rate, whatever the gradient (Kingma, Ba
 * 2015, section 2.1); that of sgd is rate times gradient. */
static void test_first_step(void **state) {
    double u[2][1] = {{0}, {0}}, first[1] = {0}, second[1] = {0}, rate = 0.25;
    uint64_t steps = 0;
    (void)state;
    nr_ascent adam = {1, u[0], first, second, &steps, &rate, false};
    nr_ascent_step(&adam, (double[]){-3e-4});
    assert_true(fabs(u[0][0] + 0.25) < 1e-4);
    first[0] = second[0] = 0;
    nr_ascent sgd = {1, u[1], first, second, &steps, &rate, true};
    nr_ascent_step(&sgd, (double[]){-2});
    assert_true(u[1][0] == -0.5);
}

static void test_rule(void **state) {
    int64_t before[IMAGES], now[IMAGES];
    (void)state;
    /* differences of +-1 about 0.2: the standard error is 1 / sqrt(399) = 0.050 */
    for (int i = 0; i < IMAGES; i++) {
        before[i] = i;
        now[i] = i + (int64_t)(ldexp(0.2 + (i % 2 ? 1 : -1), 40));
    }
    nr_epoch a = {before, 0};
    assert_true(nr_epoch_rose(IMAGES, &a, &(nr_epoch){now, 0}));
    assert_true(nr_epoch_rose(IMAGES, &a, &(nr_epoch){now, 0.14}));
    assert_false(nr_epoch_rose(IMAGES, &a, &(nr_epoch){now, 0.16}));
    assert_false(nr_epoch_rose(IMAGES, &a, &a));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_maximum),
                                       cmocka_unit_test(test_first_step),
                                       cmocka_unit_test(test_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
