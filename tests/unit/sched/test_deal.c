/* Every missing unit is dealt once, sweep by sweep; a worker gets again what it had. */
#include "../support/nets.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/sched/deal.h"

enum { PARTS = 97, SWEEPS = 5, WORKERS = 4 };

static nr_fold *empty_fold(void) {
    nr_fold *fold;
    nr_fold_spec spec = {.n_players = 1, .units_per_sweep = PARTS, .n_blocks = PARTS};
    assert_int_equal(nr_fold_new(&spec, &fold), NR_OK);
    return fold;
}

/* Workers of equal speed but the first, which is twice as fast. */
static void test_workers_keep_their_parts(void **state) {
    (void)state;
    static const int turns[] = {0, 1, 0, 2, 3};
    int had[PARTS], count = 0, kept = 0, dealt[SWEEPS * PARTS] = {0};
    nr_fold *fold = empty_fold();
    nr_deal *deal;
    uint64_t unit, last_sweep = 0;
    assert_int_equal(nr_deal_new(fold, SWEEPS, WORKERS, &deal), NR_OK);
    for (int k = 0; nr_deal_next(deal, turns[k % 5], &unit); k++) {
        uint64_t sweep = unit / PARTS, part = unit % PARTS;
        assert_true(sweep >= last_sweep && sweep < SWEEPS);
        last_sweep = sweep;
        assert_int_equal(dealt[unit]++, 0);
        if (sweep > 0) kept += had[part] == turns[k % 5];
        had[part] = turns[k % 5];
        count++;
    }
    assert_int_equal(count, SWEEPS * PARTS);
    assert_true(kept >= (SWEEPS - 1) * PARTS * 9 / 10);
    assert_false(nr_deal_next(deal, 1, &unit));
    nr_deal_free(deal);
    nr_fold_free(fold);
}

/* What a store has already is not dealt; a worker that was never seen gets work, too.
 */
static void test_goes_on(void **state) {
    (void)state;
    nr_fold *fold = empty_fold();
    nr_deal *deal;
    nr_tally *tally;
    uint8_t done[PARTS] = {0};
    uint64_t unit;
    int count = 0;
    for (int p = 0; p < PARTS; p += 2) done[p] = 1;
    assert_int_equal(nr_fold_restore_open(fold, 0, done, &tally), NR_OK);
    assert_int_equal(nr_deal_new(fold, 2, WORKERS, &deal), NR_OK);
    while (nr_deal_next(deal, count < PARTS ? 0 : 3, &unit)) {
        assert_true(unit >= PARTS || unit % 2 == 1);
        count++;
    }
    assert_int_equal(count, PARTS / 2 + PARTS);
    nr_deal_free(deal);
    nr_fold_free(fold);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_workers_keep_their_parts),
                                       cmocka_unit_test(test_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
