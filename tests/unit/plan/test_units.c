/* Units cover every block once. */
#include "../support/nets.h"

#include "neurank/plan/units.h"

static void test_units_cover_every_block_once(void **state) {
    (void)state;
    static const uint64_t blocks[] = {1, 2, 31, 32, 33, 1000, 10007};
    static const double macs[] = {0, 1, 1e4, 3e6, 1e12};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (size_t m = 0; m < sizeof macs / sizeof *macs; m++)
            for (uint32_t group = 1; group <= 32; group *= 2) {
                nr_units units = nr_units_plan(blocks[b], macs[m], group);
                uint64_t next = 0;
                assert_int_equal(units.blocks_per_unit % units.group_blocks, 0);
                assert_int_equal(units.blocks_per_unit % units.strata, 0);
                for (uint64_t u = 0; u < units.units_per_sweep; u++) {
                    nr_unit unit = nr_units_get(&units, 5 * units.units_per_sweep + u);
                    assert_true(unit.sweep == 5 && unit.first_block == next);
                    assert_true(unit.n_blocks > 0);
                    next += unit.n_blocks;
                }
                assert_true(next == blocks[b]);
            }
}

/* Every piece of every block once, in order, and no more units than a ledger can hold.
 */
static void test_exact_units_cover_every_piece_once(void **state) {
    (void)state;
    static const uint64_t blocks[] = {1, 3, 100, 5000}, players[] = {0, 1, 8, 20, 40};
    static const double macs[] = {0, 100, 4e5, 3e8};
    for (size_t b = 0; b < 4; b++)
        for (size_t p = 0; p < 5; p++)
            for (size_t m = 0; m < 4; m++) {
                nr_units units = nr_units_plan_exact(blocks[b], players[p], macs[m], 8);
                uint64_t next = 0;
                assert_true(units.units_per_sweep <= 1 << 24);
                assert_true(units.pieces == 1 || units.blocks_per_unit == 1);
                for (uint64_t u = 0; u < units.units_per_sweep; u++) {
                    nr_unit unit = nr_units_get(&units, u);
                    assert_int_equal(unit.n_pieces, units.pieces);
                    assert_int_equal(unit.first_block * units.pieces + unit.piece,
                                     next);
                    next += unit.n_blocks * (units.pieces > 1 ? 1 : units.pieces);
                }
                assert_int_equal(next, blocks[b] * units.pieces);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units_cover_every_block_once),
        cmocka_unit_test(test_exact_units_cover_every_piece_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
