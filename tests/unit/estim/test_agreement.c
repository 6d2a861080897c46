/* Rank correlations against their definitions, and whether the intervals of an
 * agreement hold that of the values without errors. NEURANK_LONG=1 (make test-long)
 * takes more runs and more cases, and prints what they cover.
 * TEST: timeout=120 */
#include "../support/nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/rng.h"
#include "neurank/estim/agreement.h"

enum { N_MAX = 200 };

static double uniform(uint32_t run, uint32_t i, uint32_t use) {
    uint64_t bits[2];
    nr_stream_draw(nr_stream_make(99, "test", 0), run, i, use, 0, bits);
    return ((double)(bits[0] >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint32_t run, uint32_t i, uint32_t use) {
    return sqrt(-2 * log(uniform(run, i, use))) *
           cos(2 * M_PI * uniform(run, i, use + 100));
}

static void near(double got, double wanted) {
    if (!(fabs(got - wanted) <= 1e-12)) fail_msg("%.15g instead of %.15g", got, wanted);
}

/* ---- definitions ---- */

static double sign(double x) {
    return (x > 0) - (x < 0);
}

static double kendall_by_pairs(size_t n, const double *a, const double *b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double x = sign(a[i] - a[j]), y = sign(b[i] - b[j]);
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
    return ab / sqrt(aa * bb);
}

/* Spearman's is Pearson's of the mean ranks, which are sums over pairs, too. */
static double spearman_by_pairs(size_t n, const double *a, const double *b) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        double x = 0, y = 0;
        for (size_t j = 0; j < n; j++) {
            x += sign(a[i] - a[j]) / 2;
            y += sign(b[i] - b[j]) / 2;
        }
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return ab / sqrt(aa * bb);
}

static void test_definitions(void **state) {
    double a[N_MAX], b[N_MAX];
    (void)state;
    for (uint32_t run = 0; run < 200; run++) {
        size_t n = 2 + run % 40;
        double steps = run % 3 == 0 ? 3 : run % 3 == 1 ? 12 : 1e9; /* ties or none */
        for (uint32_t i = 0; i < n; i++) {
            a[i] = floor(steps * uniform(run, i, 0));
            b[i] = floor(steps * (uniform(run, i, 1) + 0.5 * a[i] / steps));
        }
        a[0] = -1; /* not constant */
        b[n - 1] = -1;
        near(nr_kendall(n, a, b), kendall_by_pairs(n, a, b));
        near(nr_spearman(n, a, b), spearman_by_pairs(n, a, b));
    }
}

static void test_small_cases(void **state) {
    const double up[] = {1, 2, 3, 4}, down[] = {9, 7, 5, 0}, flat[] = {2, 2, 2, 2};
    const double tied[] = {1, 2, 2, 2};
    (void)state;
    near(nr_spearman(4, up, down), -1);
    near(nr_kendall(4, up, down), -1);
    near(nr_kendall(4, up, up), 1);
    assert_true(isnan(nr_kendall(4, up, flat)) && isnan(nr_spearman(4, flat, up)));
    near(nr_top_overlap(4, 2, up, down), 0);
    near(nr_top_overlap(4, 4, up, down), 1);
    near(nr_top_overlap(4, 2, up, flat), 0.5);     /* chance: k / n */
    near(nr_top_overlap(4, 2, up, tied), 2 / 3.0); /* two of three places are theirs */
}

/* ---- intervals ---- */

/* A case: true values, the other ranking, errors. */
typedef struct {
    size_t n;
    double alike;      /* 1: the same order; 0: unrelated */
    double error;      /* of the values' spread */
    bool proportional; /* errors grow with the values, as those of filters do */
    int shape;         /* of the true values: 0 normal, 1 exponential, 2 log-normal */
} situation;

typedef struct {
    double covered[NR_AGREEMENT_MEASURES], width[NR_AGREEMENT_MEASURES];
    double floor[NR_AGREEMENT_MEASURES], repeats[NR_AGREEMENT_MEASURES];
} coverage;

static double shaped(int shape, double z) {
    return shape == 0 ? z : shape == 1 ? -log(0.5 * erfc(z / sqrt(2))) : exp(z);
}

static void play(const situation *s, uint32_t run, coverage *sum) {
    double truth[N_MAX], other[N_MAX], seen[N_MAX], twice[N_MAX], error[N_MAX];
    double exact[NR_AGREEMENT_MEASURES], mean = 0, spread = 0;
    nr_agreement_spec spec = {s->n, s->n / 4, 0.95, run};
    nr_agreement found;
    double floor[NR_AGREEMENT_MEASURES];
    for (uint32_t i = 0; i < s->n; i++) {
        double z = normal(run, i, 0);
        truth[i] = shaped(s->shape, z);
        other[i] = s->alike * z + sqrt(1 - s->alike * s->alike) * normal(run, i, 1);
        mean += truth[i] / (double)s->n;
    }
    for (size_t i = 0; i < s->n; i++)
        spread += (truth[i] - mean) * (truth[i] - mean) / (double)s->n;
    spread = sqrt(spread);
    for (uint32_t i = 0; i < s->n; i++) {
        double size = s->proportional ? 0.3 + fabs(truth[i] - mean) / spread : 1;
        error[i] = s->error * spread * size;
        seen[i] = truth[i] + error[i] * normal(run, i, 2);
        twice[i] = truth[i] + error[i] * normal(run, i, 3);
    }
    nr_scores a = {seen, error, 1, {0}}, b = {other, NULL, 2, {0}};
    assert_int_equal(nr_agreement_repeat(&spec, &b, floor), NR_OK);
    assert_int_equal(nr_agreement_repeat(&spec, &a, floor), NR_OK);
    assert_int_equal(nr_agreement_find(&spec, &a, &b, &found), NR_OK);
    exact[NR_SPEARMAN] = nr_spearman(s->n, truth, other);
    exact[NR_KENDALL] = nr_kendall(s->n, truth, other);
    exact[NR_OVERLAP] = nr_top_overlap(s->n, spec.k, truth, other);
    double again[] = {nr_spearman(s->n, seen, twice), nr_kendall(s->n, seen, twice),
                      nr_top_overlap(s->n, spec.k, seen, twice)};
    for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
        nr_bounds x = found.of[m];
        assert_true(x.low <= x.value && x.value <= x.high);
        sum->covered[m] += exact[m] >= x.low - 1e-12 && exact[m] <= x.high + 1e-12;
        sum->width[m] += x.high - x.low;
        sum->floor[m] += floor[m];
        sum->repeats[m] += again[m];
    }
}

static void test_coverage(void **state) {
    static const situation all[] = {
        {24, 0.9, 0.1, true, 1},    {60, 0.5, 0.3, true, 2},  {40, 1, 0.2, false, 1},
        {120, 0.97, 0.1, true, 2},  {30, 0, 0.5, false, 0},   {16, 0.8, 0.4, true, 1},
        {16, 1, 0.1, true, 2},      {60, 0.9, 0.05, true, 1}, {60, 0.9, 0.6, false, 0},
        {120, 0.7, 0.2, false, 2},  {200, 1, 0.05, true, 1},  {200, 0.9, 0.3, true, 1},
        {200, 0.99, 0.3, false, 0}, {10, 0.6, 0.2, true, 0}};
    bool longer = getenv("NEURANK_LONG") != NULL;
    size_t cases = longer ? sizeof all / sizeof *all : 3;
    uint32_t runs = longer ? (uint32_t)atoi(getenv("NEURANK_LONG")) : 60;
    (void)state;
    for (size_t c = 0; c < cases; c++) {
        coverage sum = {{0}, {0}, {0}, {0}};
        for (uint32_t run = 0; run < runs; run++) play(&all[c], run, &sum);
        if (longer)
            printf("n %3zu alike %.2f error %.2f %s shape %d:", all[c].n, all[c].alike,
                   all[c].error, all[c].proportional ? "prop." : "equal", all[c].shape);
        for (int m = 0; m < NR_AGREEMENT_MEASURES; m++) {
            double part = sum.covered[m] / runs;
            double off = (sum.floor[m] - sum.repeats[m]) / runs;
            if (longer)
                printf("  %5.1f%% (width %.3f, floor %.3f off %+.3f)", 100 * part,
                       sum.width[m] / runs, sum.floor[m] / runs, off);
            assert_true(part >= (longer ? 0.95 : 0.9));
            assert_true(off <= 0.03 && off >= (all[c].error < 0.3 ? -0.06 : -0.2));
        }
        if (longer) printf("\n");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definitions),
                                       cmocka_unit_test(test_small_cases),
                                       cmocka_unit_test(test_coverage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
