/* A thousand stores with one changed byte each: refused, or just as good.
 * TEST: timeout=120 */
#include "../support/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/store/store.h"

enum { N = 7, UNITS = 3, FLIPS = 1000 };

static void add_unit(nr_fold *fold, uint64_t unit) {
    nr_tally *tally;
    int64_t m[N];
    size_t used, n = nr_tally_words(N, 0, 0);
    uint64_t *words = nr_new(n, sizeof *words);
    nr_visit visit = {.forward = {m, m}, .reverse = {m, m}, .images = 1};
    for (uint64_t i = 0; i < N; i++) {
        m[i] = (int64_t)(1e9F * test_random(unit, i));
        visit.value_full += m[i];
    }
    assert_int_equal(nr_tally_new(N, 0, &tally), NR_OK);
    assert_true(nr_tally_add(tally, &visit) && nr_tally_end_group(tally));
    nr_tally_encode(tally, words);
    assert_int_equal(nr_fold_accept(fold, unit, words, n, &used), NR_OK);
    nr_tally_free(tally);
    free(words);
}

static nr_store *make_store(void) {
    static const char *const texts[] = {"node",      "method",  "metric",
                                        "ablate",    "filters", "kernels",
                                        "per_image", "numbers", "estimator"};
    nr_store *store;
    assert_int_equal(nr_store_new(1, &store), NR_OK);
    nr_store_layer *layer = &store->layers[0];
    store->confidence = 0.95;
    nr_plan_set(&store->plan, "model", "m");
    nr_plan_set(&store->plan, "layers", "conv");
    nr_plan_set(&store->plan, "data", "d");
    nr_plan_set(&store->plan, "seed", "1");
    nr_plan_set_u64(&store->plan, "images", UNITS);
    for (size_t k = 0; k < 9; k++) nr_plan_set(&layer->plan, texts[k], "x");
    nr_plan_set(&layer->plan, "shard", "none");
    nr_plan_set(&layer->plan, "block", "1");
    nr_plan_set(&layer->plan, "strata", "1");
    nr_plan_set(&layer->plan, "unit", "1");
    nr_plan_set(&layer->plan, "pieces", "0");
    nr_plan_set_u64(&layer->plan, "units_per_sweep", UNITS);
    nr_plan_set(&layer->plan, "by_class", "0");
    layer->name = nr_strdup("conv");
    layer->n_players = N;
    NR_NEW(layer->filters, N);
    for (uint32_t i = 0; i < N; i++) layer->filters[i] = i;
    layer->units = (nr_units){
        .n_blocks = UNITS, .blocks_per_unit = 1, .units_per_sweep = UNITS, .strata = 1};
    layer->goal.sweeps = 4;
    assert_int_equal(nr_store_layer_make_fold(layer), NR_OK);
    for (uint64_t unit = 0; unit < 2 * UNITS + 1; unit++) add_unit(layer->fold, unit);
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
