/* What is written is the store as it was when the snapshot was taken, whatever the run
 * does meanwhile; rows that could not be written are not lost. */
#include "../support/nets.h"
#include "../support/stores.h"

#include <stdlib.h>
#include <unistd.h>

#include "neurank/store/snapshot.h"

enum { N = 6, UNITS = 8, BLOCKS = 16 };

static int64_t value(uint64_t sweep, size_t image, size_t player) {
    return 4 * (int64_t)(1e6F * test_random(sweep, image * N + player));
}

static void add_units(nr_store *store, uint64_t from, uint64_t to) {
    for (uint64_t unit = from; unit < to; unit++) test_store_add(store, unit, value);
}

/* The file holds the first `units` units, and its values by image add up to its sums.
 */
static void check(const char *path, uint64_t units) {
    nr_store *back;
    bool sealed;
    assert_int_equal(nr_store_verify(path, &sealed, &back), NR_OK);
    assert_true(sealed);
    assert_int_equal(nr_fold_units(back->layers[0].fold), units);
    for (uint64_t unit = 0; unit < units; unit++)
        assert_true(nr_fold_has(back->layers[0].fold, unit));
    nr_store_free(back);
}

static void test_the_run_goes_on(void **state) {
    (void)state;
    const test_store_spec spec = {.n_players = N,
                                  .blocks_per_unit = BLOCKS,
                                  .units_per_sweep = UNITS,
                                  .per_image = true};
    nr_store *store = test_store(&spec);
    nr_snapshot *snapshot;
    const char *path = test_path("live.h5"), *other = test_path("other.h5");
    assert_int_equal(nr_store_write(path, store), NR_OK);
    assert_int_equal(nr_snapshot_new(store, &snapshot), NR_OK);
    add_units(store, 0, 5);
    assert_int_equal(nr_snapshot_take(snapshot, 0), NR_OK);
    test_store_add(store, 7, value); /* not of the snapshot's time */
    assert_int_equal(nr_snapshot_write(snapshot, path), NR_OK);
    check(path, 5);
    assert_int_equal(nr_snapshot_waiting(snapshot), 0);
    add_units(store, 5, 7);
    add_units(store, 8, 2 * UNITS + 3);
    assert_int_equal(nr_snapshot_take(snapshot, 0), NR_OK);
    test_capture_log();
    assert_int_equal(nr_snapshot_write(snapshot, "/no/such/folder/s.h5"), NR_ERR_STORE);
    assert_true(nr_snapshot_waiting(snapshot) > 0);
    add_units(store, 2 * UNITS + 3, 3 * UNITS);
    assert_int_equal(nr_snapshot_take(snapshot, 0), NR_OK);
    assert_int_equal(unlink(path), 0); /* its rows can be read none the less */
    assert_int_equal(nr_snapshot_write_new(snapshot, other), NR_OK);
    check(other, 3 * UNITS);
    nr_snapshot_free(snapshot);
    nr_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_run_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
