/* Shards, joined in any order and at any stage, are the ledger of one run; copies are
 * what they were made of; a unit that two ledgers hold is found. */
#include "../support/nets.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/estim/fold.h"

enum { N = 3, UNITS = 5, CLASSES = 4, SWEEPS = 12 };

static nr_fold *make(uint64_t lanes, uint64_t lane) {
    nr_fold *fold;
    nr_fold_spec spec = {.n_players = N,
                         .n_classes = CLASSES,
                         .units_per_sweep = UNITS,
                         .n_blocks = UNITS,
                         .lanes = lanes,
                         .lane = lane};
    assert_int_equal(nr_fold_new(&spec, &fold), NR_OK);
    return fold;
}

/* A unit's tally is a function of its number. */
static void add(nr_fold *fold, uint64_t unit) {
    nr_tally *tally;
    int64_t m[4][N];
    size_t used, n = nr_tally_words(N, CLASSES, 1);
    uint64_t *words = nr_new(n, sizeof *words);
    for (uint64_t k = 0; k < 4; k++)
        for (uint64_t i = 0; i < N; i++)
            m[k][i] = (int64_t)(1e6F * test_random(unit, 10 * k + i));
    nr_visit visit = {.forward = {m[0], m[1]},
                      .reverse = {m[2], m[3]},
                      .value_full = (int64_t)unit,
                      .images = 1,
                      .label = (uint32_t)(unit % CLASSES),
                      .coalition_images = 7};
    assert_int_equal(nr_tally_new(N, CLASSES, &tally), NR_OK);
    assert_true(nr_tally_add(tally, &visit) && nr_tally_end_group(tally));
    nr_tally_encode(tally, words);
    assert_int_equal(nr_fold_accept(fold, unit, words, n, &used), NR_OK);
    nr_tally_free(tally);
    free(words);
}

static void add_sweep(nr_fold *fold, uint64_t sweep) {
    for (uint64_t u = UNITS; u > 0; u--) add(fold, sweep * UNITS + u - 1);
}

static void assert_same_tally(const nr_tally *a, const nr_tally *b) {
    const nr_class_sums *ca = nr_tally_classes(a), *cb = nr_tally_classes(b);
    uint64_t wa[NR_CLASS_WORDS * N], wb[NR_CLASS_WORDS * N];
    assert_memory_equal(nr_tally_sum(a), nr_tally_sum(b), N * sizeof(nr_wide));
    assert_int_equal(nr_tally_visits(a), nr_tally_visits(b));
    assert_true(nr_tally_value_full(a) == nr_tally_value_full(b) ||
                !nr_tally_visits(a));
    for (uint32_t c = 0; c < CLASSES; c++) {
        nr_class_sums_get(ca, c, wa);
        nr_class_sums_get(cb, c, wb);
        assert_memory_equal(wa, wb, sizeof wa);
        assert_int_equal(nr_class_sums_images(ca, c), nr_class_sums_images(cb, c));
    }
}

/* But for classes. */
static void assert_same_words(const nr_tally *a, const nr_tally *b) {
    size_t n = nr_tally_words(N, 0, 0);
    uint64_t *wa = nr_new(n, sizeof *wa), *wb = nr_new(n, sizeof *wb);
    assert_int_equal(nr_tally_encode_plain(a, wa), n);
    assert_int_equal(nr_tally_encode_plain(b, wb), n);
    assert_memory_equal(wa, wb, n * sizeof *wa);
    free(wa);
    free(wb);
}

static void assert_same_stages(const nr_fold *a, const nr_fold *b) {
    bool good;
    assert_int_equal(nr_fold_stages(a), nr_fold_stages(b));
    for (size_t k = 0; k < nr_fold_stages(a); k++)
        assert_same_words(nr_fold_stage(a, k), nr_fold_stage(b, k));
    assert_int_equal(nr_fold_check_stages(a, &good), NR_OK);
    assert_true(good);
}

static void assert_same(const nr_fold *a, const nr_fold *b) {
    assert_same_stages(a, b);
    assert_int_equal(nr_fold_lanes(a), nr_fold_lanes(b));
    assert_memory_equal(nr_fold_lane_sweeps(a), nr_fold_lane_sweeps(b),
                        nr_fold_lanes(a) * sizeof(uint64_t));
    assert_same_tally(nr_fold_complete_tally(a), nr_fold_complete_tally(b));
    assert_int_equal(nr_fold_open_count(a), nr_fold_open_count(b));
    for (size_t k = 0; k < nr_fold_open_count(a); k++) {
        uint64_t sa, sb;
        const uint8_t *da, *db;
        const nr_tally *ta, *tb;
        nr_fold_open_get(a, k, &sa, &da, &ta);
        nr_fold_open_get(b, k, &sb, &db, &tb);
        assert_int_equal(sa, sb);
        assert_memory_equal(da, db, UNITS);
        assert_same_tally(ta, tb);
    }
}

static void test_joined_in_any_order(void **state) {
    (void)state;
    for (uint64_t lanes = 1; lanes <= 5; lanes++)
        for (uint64_t turn = 0; turn < lanes; turn++) {
            nr_fold *whole = make(0, 0), *sum = make(0, 0);
            for (uint64_t s = 0; s < SWEEPS; s++) add_sweep(whole, s);
            for (uint64_t k = 0; k < lanes; k++) {
                uint64_t lane = (k + turn) % lanes, unit;
                nr_fold *shard = make(lanes, lane);
                for (uint64_t s = lane; s < SWEEPS; s += lanes) add_sweep(shard, s);
                assert_int_equal(nr_fold_complete_sweeps(shard),
                                 nr_fold_share(nr_fold_get_spec(shard), SWEEPS));
                assert_false(nr_fold_overlap(sum, shard, &unit));
                assert_int_equal(nr_fold_join(sum, shard), NR_OK);
                assert_true(nr_fold_overlap(sum, shard, &unit));
                assert_int_equal(unit / UNITS % lanes, lane);
                nr_fold_free(shard);
            }
            assert_int_equal(nr_fold_lanes(sum), 1);
            assert_same(whole, sum);
            nr_fold_free(whole);
            nr_fold_free(sum);
        }
}

/* Shards that are not equally far, with open sweeps; then the joined ledger goes on. */
static void test_gaps_are_filled(void **state) {
    (void)state;
    nr_fold *whole = make(0, 0), *sum = make(0, 0), *copy = NULL;
    nr_fold *a = make(2, 0), *b = make(2, 1);
    for (uint64_t s = 0; s < SWEEPS; s++) add_sweep(whole, s);
    for (uint64_t s = 0; s < 8; s += 2) add_sweep(a, s);
    add_sweep(b, 1);
    add(b, 3 * UNITS + 2);
    add(b, 5 * UNITS + 4);
    assert_int_equal(nr_fold_join(sum, b), NR_OK);
    assert_int_equal(nr_fold_first_sweep(sum), 0);
    assert_int_equal(nr_fold_join(sum, a), NR_OK);
    assert_int_equal(nr_fold_lanes(sum), 2);
    assert_int_equal(nr_fold_first_sweep(sum), 3);
    assert_int_equal(nr_fold_end_sweep(sum), 7);
    assert_int_equal(nr_fold_complete_sweeps(sum), 5);
    assert_true(nr_fold_sweep_is_complete(sum, 6));
    assert_false(nr_fold_sweep_is_complete(sum, 5));
    assert_int_equal(nr_fold_open_count(sum), 2);
    for (uint64_t s = SWEEPS; s > 3; s--) /* the last first: they wait */
        for (uint64_t u = 0; u < UNITS; u++)
            if (!nr_fold_has(sum, (s - 1) * UNITS + u)) {
                add(sum, (s - 1) * UNITS + u);
                assert_int_equal(nr_fold_copy(sum, &copy), NR_OK);
                assert_same(sum, copy);
            }
    assert_int_equal(nr_fold_complete_sweeps(sum), SWEEPS);
    assert_same(whole, sum);
    nr_fold_free(copy);
    nr_fold_free(a);
    nr_fold_free(b);
    nr_fold_free(whole);
    nr_fold_free(sum);
}

static bool ends_at_six(void *self, const nr_fold *fold) {
    uint64_t *asked = self;
    *asked = nr_fold_complete_sweeps(fold);
    return *asked == 6;
}

/* A judge sees the first sweeps only, never some that are behind a gap. */
static void test_judged_without_gaps(void **state) {
    (void)state;
    nr_fold *sum = make(0, 0), *a = make(2, 0);
    uint64_t asked = 0;
    for (uint64_t s = 0; s < 6; s += 2) add_sweep(a, s);
    assert_int_equal(nr_fold_join(sum, a), NR_OK);
    nr_fold_set_judge(sum, ends_at_six, &asked);
    nr_fold_ask(sum);
    add_sweep(sum, 1);
    assert_int_equal(asked, 0);
    add_sweep(sum, 7);
    add_sweep(sum, 3); /* 0 to 4: the gap is closed */
    assert_int_equal(asked, 5);
    add_sweep(sum, 5);
    assert_int_equal(asked, 6);
    assert_true(nr_fold_ended(sum));
    assert_int_equal(nr_fold_open_count(sum), 0);
    nr_fold_free(sum);
    nr_fold_free(a);
}

static void test_overlap_of_open_sweeps(void **state) {
    (void)state;
    nr_fold *a = make(0, 0), *b = make(0, 0);
    uint64_t unit;
    add(a, 3);
    add(b, 4);
    assert_false(nr_fold_overlap(a, b, &unit));
    add(b, 3);
    assert_true(nr_fold_overlap(a, b, &unit) && unit == 3);
    for (uint64_t u = 0; u < UNITS; u++)
        if (u != 3) add(a, u);
    assert_true(nr_fold_overlap(a, b, &unit));
    nr_fold_free(a);
    nr_fold_free(b);
}

/* The ledger at a stage is what a run of so many sweeps was; of a shard, too. */
static void test_as_it_was(void **state) {
    (void)state;
    static const uint64_t ends[] = {1, 2, 3, 4, 6, 8, 12};
    for (uint64_t lanes = 0; lanes <= 3; lanes++) {
        uint64_t lane = lanes ? lanes - 1 : 0, step = lanes ? lanes : 1;
        nr_fold *fold = make(lanes, lane), *then;
        for (uint64_t s = lane; s < SWEEPS + 1; s += step) add_sweep(fold, s);
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            nr_fold *early = make(lanes, lane);
            assert_int_equal(nr_fold_stage_end(k), ends[k]);
            for (uint64_t s = lane; s < ends[k]; s += step) add_sweep(early, s);
            assert_int_equal(nr_fold_at_stage(fold, k, &then), NR_OK);
            assert_int_equal(!then, nr_fold_complete_sweeps(early) == 0);
            if (then) {
                assert_int_equal(nr_fold_complete_sweeps(then),
                                 nr_fold_complete_sweeps(early));
                assert_same_words(nr_fold_complete_tally(then),
                                  nr_fold_complete_tally(early));
            }
            nr_fold_free(then);
            nr_fold_free(early);
        }
        assert_int_equal(nr_fold_at_stage(fold, 8, &then), NR_OK); /* 24 sweeps */
        assert_null(then);
        nr_fold_free(fold);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_it_was),
                                       cmocka_unit_test(test_joined_in_any_order),
                                       cmocka_unit_test(test_gaps_are_filled),
                                       cmocka_unit_test(test_judged_without_gaps),
                                       cmocka_unit_test(test_overlap_of_open_sweeps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
