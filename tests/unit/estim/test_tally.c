/* A tally's estimates equal the textbook formulas in doubles; sums do not depend on the
 * order, survive encoding, and a spread that does not fit is reported. */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/estim/fold.h"
#include "neurank/estim/results.h"

enum { N = 3, VISITS = 40 };

typedef struct {
    int64_t forward[2][N], reverse[2][N];
} played;

static nr_visit visit_of(played *p, uint64_t number, double offset) {
    nr_visit v = {.images = 1, .coalition_images = 10};
    for (int j = 0; j < 2; j++) {
        for (int i = 0; i < N; i++) {
            double shared = offset + test_random(1, number); /* between images */
            double own = test_random(2 + (uint64_t)j, number * N + (uint64_t)i);
            assert_true(nr_quantise(i == 2 ? 0 : shared + own, &p->forward[j][i]));
            own = test_random(5 + (uint64_t)j, number * N + (uint64_t)i);
            assert_true(
                nr_quantise(i == 2 ? 0 : shared + 0.5 * own, &p->reverse[j][i]));
        }
        v.forward[j] = p->forward[j];
        v.reverse[j] = p->reverse[j];
    }
    v.value_full = (int64_t)1 << NR_QUANTUM_BITS;
    return v;
}

static void fill(nr_tally *tally, size_t first, size_t step, double offset) {
    for (size_t k = first; k < VISITS; k += step) {
        played p;
        nr_visit v = visit_of(&p, k, offset);
        assert_true(nr_tally_add(tally, &v));
        assert_true(nr_tally_end_group(tally));
    }
}

static void test_formulas(void **state) {
    (void)state;
    nr_tally *tally;
    assert_int_equal(nr_tally_new(N, 0, &tally), NR_OK);
    fill(tally, 0, 1, 0.3);
    for (size_t i = 0; i < N; i++) {
        double mean = 0, within = 0, spread = 0, b[VISITS];
        for (size_t k = 0; k < VISITS; k++) {
            played p;
            visit_of(&p, k, 0.3);
            double unit = ldexp(1, -NR_QUANTUM_BITS), d[2];
            for (int j = 0; j < 2; j++)
                d[j] = 0.5 * unit * (double)(p.forward[j][i] + p.reverse[j][i]);
            b[k] = (d[0] + d[1]) / 2;
            mean += b[k] / VISITS;
            within += (d[0] - d[1]) * (d[0] - d[1]) / 4;
        }
        for (size_t k = 0; k < VISITS; k++) spread += (b[k] - mean) * (b[k] - mean);
        nr_player_estimate e = nr_tally_estimate(tally, i, 1);
        assert_true(fabs(e.shapley - mean) < 1e-12);
        assert_true(fabs(e.variance - within / VISITS / VISITS) < 1e-12);
        /* one visit a block: spread already holds the variance within */
        if (i < 2)
            assert_true(fabs(e.between + e.variance - spread / (VISITS - 1) / VISITS) <
                        1e-12);
        assert_true(e.moved == (i != 2) && e.live);
        assert_true(e.freedom >= 1 && e.freedom <= VISITS);
    }
    nr_tally_free(tally);
}

static void test_order_leaves_no_trace(void **state) {
    (void)state;
    nr_tally *all, *parts[3], *copy;
    size_t words = nr_tally_words(N, 0, 0);
    uint64_t *a = nr_new(words, 8), *b = nr_new(words, 8);
    assert_int_equal(nr_tally_new(N, 0, &all), NR_OK);
    assert_int_equal(nr_tally_new(N, 0, &copy), NR_OK);
    fill(all, 0, 1, -1e4);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(nr_tally_new(N, 0, &parts[k]), NR_OK);
        fill(parts[k], k, 3, -1e4);
    }
    assert_true(nr_tally_merge(parts[2], parts[0]));
    assert_true(nr_tally_merge(parts[2], parts[1]));
    nr_tally_encode(parts[2], b);
    assert_int_equal(nr_tally_decode(copy, b, words), words);
    nr_tally_encode(all, a);
    nr_tally_encode(copy, b);
    assert_memory_equal(a, b, words * 8);
    for (size_t k = 0; k < 3; k++) nr_tally_free(parts[k]);
    nr_tally_free(all);
    nr_tally_free(copy);
    free(a);
    free(b);
}

/* A variance of 1/3 on values near 1e4: sums of squares in doubles would lose it. */
static void test_large_offsets_keep_the_variance(void **state) {
    (void)state;
    nr_tally *near_zero, *far;
    assert_int_equal(nr_tally_new(N, 0, &near_zero), NR_OK);
    assert_int_equal(nr_tally_new(N, 0, &far), NR_OK);
    fill(near_zero, 0, 1, 0);
    fill(far, 0, 1, 32768);
    for (size_t i = 0; i < 2; i++) {
        nr_player_estimate a = nr_tally_estimate(near_zero, i, 1);
        nr_player_estimate b = nr_tally_estimate(far, i, 1);
        assert_true(fabs(a.between / b.between - 1) < 1e-7);
        assert_true(fabs(a.variance / b.variance - 1) < 1e-9);
    }
    nr_tally_free(near_zero);
    nr_tally_free(far);
}

static void test_limits(void **state) {
    (void)state;
    int64_t quanta;
    assert_false(nr_quantise(NAN, &quanta));
    assert_false(nr_quantise(INFINITY, &quanta));
    assert_false(nr_quantise(65536.0, &quanta));
    assert_true(nr_quantise(-65535.99, &quanta));
    nr_tally *tally;
    played p = {.forward = {{INT64_MAX / 2, 0, 0}, {INT64_MIN / 2, 0, 0}}};
    nr_visit v = {.forward = {p.forward[0], p.forward[1]},
                  .reverse = {p.reverse[0], p.reverse[1]}};
    assert_int_equal(nr_tally_new(N, 0, &tally), NR_OK);
    assert_false(nr_tally_add(tally, &v) && nr_tally_end_group(tally));
    nr_tally_free(tally);
}

/* Units in any order, sweeps complete in order, a unit only once. */
static void test_fold(void **state) {
    (void)state;
    enum { UNITS = 4, SWEEPS = 3 };
    static const uint64_t order[] = {5, 0, 1, 11, 3, 4, 2, 9, 7, 6, 8, 10};
    size_t words = nr_tally_words(N, 0, 0), used;
    uint64_t *unit = nr_new(words, 8), sweeps;
    nr_fold *fold;
    nr_tally *tally;
    nr_fold_spec spec = {.n_players = N, .units_per_sweep = UNITS, .n_blocks = UNITS};
    assert_int_equal(nr_fold_new(&spec, &fold), NR_OK);
    assert_int_equal(nr_tally_new(N, 0, &tally), NR_OK);
    for (size_t k = 0; k < UNITS * SWEEPS; k++) {
        nr_tally_clear(tally);
        played p;
        nr_visit v = visit_of(&p, order[k], 0);
        assert_true(nr_tally_add(tally, &v));
        assert_true(nr_tally_end_group(tally));
        nr_tally_encode(tally, unit);
        assert_false(nr_fold_has(fold, order[k]));
        assert_int_equal(nr_fold_accept(fold, order[k], unit, words, &used), NR_OK);
        assert_true(nr_fold_has(fold, order[k]));
        assert_int_equal(nr_fold_units(fold), k + 1);
        if (k < 6) /* unit 2 is missing: the first sweep is the estimate */
            assert_int_equal(nr_fold_complete_sweeps(fold), 0);
    }
    assert_int_equal(nr_fold_complete_sweeps(fold), SWEEPS);
    assert_int_equal(nr_tally_visits(nr_fold_result(fold, &sweeps)), UNITS * SWEEPS);
    assert_int_equal(sweeps, SWEEPS);
    test_capture_log();
    assert_int_equal(nr_fold_accept(fold, 7, unit, words, &used), NR_ERR_INTERNAL);
    assert_string_equal(test_last_message(), "unit 7 was finished twice");
    nr_fold_free(fold);
    nr_tally_free(tally);
    free(unit);
}

static void test_results_without_work_are_unknown(void **state) {
    (void)state;
    nr_fold *fold;
    nr_results *r;
    nr_fold_spec spec = {.n_players = N, .units_per_sweep = 2, .n_blocks = 2};
    nr_interval_spec intervals = {.confidence = 0.95, .marginal_limit = INFINITY};
    assert_int_equal(nr_fold_new(&spec, &fold), NR_OK);
    assert_int_equal(nr_results_new(fold, &intervals, &r), NR_OK);
    assert_true(isnan(r->shapley[0]) && isnan(r->ci_low[1]) && isnan(r->value_full));
    nr_results_free(r);
    nr_fold_free(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_order_leaves_no_trace),
        cmocka_unit_test(test_large_offsets_keep_the_variance),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_results_without_work_are_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
