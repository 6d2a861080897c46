/* A thousand stores with one changed byte each: refused, or just as good.
 * TEST: timeout=120 */
#include "../support/nets.h"
#include "../support/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/store/store.h"

enum { N = 7, UNITS = 3, FLIPS = 1000 };

static int64_t value(uint64_t sweep, size_t image, size_t player) {
    return 4 * (int64_t)(1e9F * test_random(sweep * UNITS + image, player));
}

static nr_store *make_store(void) {
    const test_store_spec spec = {
        .n_players = N, .blocks_per_unit = 1, .units_per_sweep = UNITS};
    nr_store *store = test_store(&spec);
    store->layers[0].goal.sweeps = 4;
    for (uint64_t unit = 0; unit < 2 * UNITS + 1; unit++)
        test_store_add(store, unit, value);
    return store;
}

static char *slurp(const char *path, size_t *n) {
    FILE *file = fopen(path, "re");
    char *bytes = nr_new(1 << 20, 1);
    assert_non_null(file);
    *n = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void spill(const char *path, const char *bytes, size_t n) {
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void assert_same(const nr_store *a, const nr_store *b) {
    size_t n = nr_tally_words(N, 0, 0);
    uint64_t *wa = nr_new(n, 8), *wb = nr_new(n, 8), sweeps;
    nr_tally_encode(nr_fold_result(a->layers[0].fold, &sweeps), wa);
    nr_tally_encode(nr_fold_result(b->layers[0].fold, &sweeps), wb);
    assert_memory_equal(wa, wb, n * 8);
    assert_int_equal(nr_fold_units(a->layers[0].fold),
                     nr_fold_units(b->layers[0].fold));
    free(wa);
    free(wb);
}

static void test_flips(void **state) {
    (void)state;
    nr_store *store = make_store(), *back;
    char path[512];
    size_t n, refused = 0;
    snprintf(path, sizeof path, "%s", test_path("flip.h5"));
    assert_int_equal(nr_store_write(path, store), NR_OK);
    char *bytes = slurp(path, &n);
    test_capture_log();
    for (uint64_t k = 0; k < FLIPS; k++) {
        size_t at = (size_t)((test_random(77, k) + 1) / 2 * (float)n);
        char flip = (char)(1 << k % 8);
        bool sealed;
        if (at >= n) at = n - 1;
        bytes[at] ^= flip;
        spill(path, bytes, n);
        nr_status status = nr_store_read(path, &back);
        assert_true(status == NR_OK || status == NR_ERR_INPUT);
        assert_int_equal(nr_store_verify(path, &sealed, NULL), status);
        refused += status != NR_OK;
        if (status == NR_OK) {
            assert_false(sealed);
            assert_same(store, back);
            nr_store_free(back);
        } else assert_non_null(strstr(test_last_message(), path));
        bytes[at] ^= flip;
    }
    assert_true(refused >= FLIPS - 5);
    free(bytes);
    nr_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_flips)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
