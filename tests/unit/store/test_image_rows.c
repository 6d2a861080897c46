/* Values by image arrive in any order, over several writes, reads and dropped sweeps,
 * and end as the sums of the complete sweeps; nothing has to be in memory for that. */
#include "../support/nets.h"
#include "../support/stores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/h5/file.h"
#include "neurank/store/store.h"

/* Chunks of 256 KiB hold 3276 rows: several of them. */
enum { N = 10, IMAGES = 8192, UNITS = 64, BLOCKS = IMAGES / UNITS };

static int64_t value(uint64_t sweep, size_t image, size_t i) {
    return 4 * (int64_t)(1e6F * test_random(sweep, image * N + i));
}

static nr_store *make_store(void) {
    const test_store_spec spec = {.n_players = N,
                                  .blocks_per_unit = BLOCKS,
                                  .units_per_sweep = UNITS,
                                  .per_image = true};
    return test_store(&spec);
}

static void add_unit(nr_store *store, uint64_t unit) {
    test_store_add(store, unit, value);
}

static void reread(const char *path, nr_store **store) {
    assert_int_equal(nr_store_write(path, *store), NR_OK);
    nr_store_free(*store);
    assert_int_equal(nr_store_read(path, store), NR_OK);
}

static void check(const char *path, uint64_t sweeps) {
    nr_h5 *file;
    double scale;
    int64_t *rows = nr_new((size_t)IMAGES * N, sizeof *rows);
    assert_int_equal(nr_h5_open(path, &file), NR_OK);
    assert_int_equal(
        nr_h5_read(file, "/conv/shapley_by_image", NR_H5_I64, (size_t)IMAGES * N, rows),
        NR_OK);
    assert_int_equal(
        nr_h5_read_attribute(file, "/conv/shapley_by_image", "scale_factor", 1, &scale),
        NR_OK);
    assert_true(scale == ldexp(1, -NR_QUANTUM_BITS) / 4 / (double)sweeps);
    for (size_t image = 0; image < IMAGES; image++)
        for (size_t i = 0; i < N; i++) {
            int64_t sum = 0;
            for (uint64_t s = 0; s < sweeps; s++) sum += value(s, image, i);
            assert_int_equal(rows[image * N + i], sum);
        }
    nr_h5_close(file);
    free(rows);
}

static bool ends_at_two(void *self, const nr_fold *fold) {
    (void)self;
    return nr_fold_complete_sweeps(fold) == 2;
}

static void test_any_order_over_many_writes(void **state) {
    (void)state;
    nr_store *store = make_store();
    const char *path = test_path("rows.h5");
    for (uint64_t k = 0; k < 2 * UNITS; k++) { /* sweeps 0 and 1 mixed */
        add_unit(store, k * 37 % (2 * UNITS));
        if (k % 29 == 7) reread(path, &store);
    }
    reread(path, &store);
    check(path, 2);
    assert_int_equal(nr_fold_open_count(store->layers[0].fold), 0);
    add_unit(store, 2 * UNITS + 5); /* an open sweep is no part of it */
    reread(path, &store);
    check(path, 2);
    for (uint64_t u = 0; u < UNITS; u++)
        if (u != 5) add_unit(store, 2 * UNITS + u);
    assert_int_equal(nr_store_write(path, store), NR_OK);
    check(path, 3);
    nr_store_free(store);
}

/* Units that fast ranks did beyond the end of a run leave no trace. */
static void test_dropped_sweeps(void **state) {
    (void)state;
    nr_store *store = make_store();
    const char *path = test_path("dropped.h5");
    for (uint64_t u = 0; u < 2 * UNITS + 9; u++)
        if (u != 17) add_unit(store, u);
    assert_int_equal(nr_store_write(path, store), NR_OK); /* three sweeps are open */
    for (uint64_t u = 2 * UNITS + 9; u < 3 * UNITS; u++) add_unit(store, u);
    nr_fold_set_judge(store->layers[0].fold, ends_at_two, NULL);
    add_unit(store, 17);
    assert_true(nr_fold_ended(store->layers[0].fold));
    reread(path, &store);
    check(path, 2);
    assert_int_equal(nr_fold_open_count(store->layers[0].fold), 0);
    for (uint64_t u = 2 * UNITS; u < 3 * UNITS; u++) add_unit(store, u); /* extended */
    reread(path, &store);
    check(path, 3);
    nr_store_free(store);
}

/* A file that is removed can still be read, and is written again whole; another run's
 * is not gone on with. */
static void test_removed_and_replaced(void **state) {
    (void)state;
    nr_store *store = make_store(), *other = make_store();
    const char *path = test_path("mine.h5");
    for (uint64_t u = 0; u < UNITS; u++) add_unit(store, u);
    assert_int_equal(nr_store_write(path, store), NR_OK);
    for (uint64_t u = UNITS; u < 2 * UNITS; u++) add_unit(store, u);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(nr_store_write(path, store), NR_OK);
    check(path, 2);
    test_capture_log();
    assert_int_equal(nr_store_write(path, other), NR_ERR_MISMATCH);
    assert_non_null(strstr(test_last_message(), "(generation 2, this run's is 0)"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(nr_store_write(path, other), NR_OK);
    assert_int_equal(nr_store_write(path, store), NR_ERR_MISMATCH);
    nr_store_free(store);
    nr_store_free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_over_many_writes),
        cmocka_unit_test(test_dropped_sweeps),
        cmocka_unit_test(test_removed_and_replaced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
