/* What is written is read back to the last bit, with sweeps under way; a write that
 * fails leaves what stood there; damage is refused. */
#include "../support/nets.h"
#include "../support/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "neurank/base/memory.h"
#include "neurank/h5/file.h"
#include "neurank/store/store.h"

enum { PLAYERS = 5, UNITS = 4, BLOCK = 3, BLOCKS_PER_UNIT = 4 };

/* Four visits of three images each, whose walks telescope. */
static void add_unit(nr_fold *fold, uint64_t unit) {
    uint64_t *words = nr_new(nr_tally_words(PLAYERS, 0, 0), 8);
    nr_tally *tally;
    assert_int_equal(nr_tally_new(PLAYERS, 0, &tally), NR_OK);
    for (uint64_t block = 0; block < BLOCKS_PER_UNIT; block++) {
        int64_t m[4][PLAYERS];
        for (uint64_t k = 0; k < 4; k++) {
            m[k][PLAYERS - 1] = 82;
            for (uint64_t i = 0; i + 1 < PLAYERS; i++) {
                m[k][i] = (int64_t)(1e10F * test_random(4 * unit + block, 10 * i + k));
                m[k][PLAYERS - 1] -= m[k][i];
            }
        }
        nr_visit visit = {.forward = {m[0], m[1]},
                          .reverse = {m[2], m[3]},
                          .value_full = 77,
                          .value_empty = -5,
                          .images = BLOCK,
                          .coalition_images = 11};
        assert_true(nr_tally_add(tally, &visit));
    }
    assert_true(nr_tally_end_group(tally));
    size_t used, n = nr_tally_encode(tally, words);
    assert_int_equal(nr_fold_accept(fold, unit, words, n, &used), NR_OK);
    nr_tally_free(tally);
    free(words);
}

static nr_store *make_store(void) {
    static const uint64_t units[] = {0, 1, 2, 3, 5, 6, 9}; /* sweeps 1 and 2 are open */
    static const char *const names[] = {"conv1", "block.0.conv2"};
    nr_store *store;
    assert_int_equal(nr_store_new(2, &store), NR_OK);
    store->confidence = 0.9;
    const nr_units cut = {.n_blocks = BLOCKS_PER_UNIT * UNITS,
                          .blocks_per_unit = BLOCKS_PER_UNIT,
                          .units_per_sweep = UNITS,
                          .strata = 4};
    test_store_plans(store, BLOCK * BLOCKS_PER_UNIT * UNITS, &cut, BLOCK);
    nr_store_add_history(store, "first");
    nr_store_add_history(store, "second");
    for (size_t k = 0; k < 2; k++) {
        nr_store_layer *layer = &store->layers[k];
        layer->name = nr_strdup(names[k]);
        layer->n_players = PLAYERS;
        NR_NEW(layer->filters, PLAYERS);
        for (uint32_t i = 0; i < PLAYERS; i++) layer->filters[i] = 3 * i;
        layer->goal = (nr_goal){.sweeps = 3, .half_width = 0.25, .top = 2};
        layer->goal.tolerance = 0.125;
        layer->ended_by = NR_RULE_TIME_LIMIT;
        layer->sequence_sweeps = 3;
        layer->seconds = 12.5;
        assert_int_equal(nr_store_layer_make_fold(layer), NR_OK);
        for (size_t u = 0; u < sizeof units / sizeof *units && k == 0; u++)
            add_unit(layer->fold, units[u]);
    }
    return store;
}

static void assert_same_tally(const nr_tally *a, const nr_tally *b) {
    size_t n = nr_tally_words(PLAYERS, 0, 0);
    uint64_t *wa = nr_new(n, 8), *wb = nr_new(n, 8);
    nr_tally_encode(a, wa);
    nr_tally_encode(b, wb);
    assert_memory_equal(wa, wb, n * 8);
    free(wa);
    free(wb);
}

static void assert_same_fold(const nr_fold *a, const nr_fold *b) {
    assert_int_equal(nr_fold_complete_sweeps(a), nr_fold_complete_sweeps(b));
    assert_same_tally(nr_fold_complete_tally(a), nr_fold_complete_tally(b));
    assert_int_equal(nr_fold_open_count(a), nr_fold_open_count(b));
    for (size_t k = 0; k < nr_fold_open_count(a); k++) {
        uint64_t sweep[2];
        const uint8_t *done[2];
        const nr_tally *tally[2];
        nr_fold_open_get(a, k, &sweep[0], &done[0], &tally[0]);
        nr_fold_open_get(b, k, &sweep[1], &done[1], &tally[1]);
        assert_int_equal(sweep[0], sweep[1]);
        assert_memory_equal(done[0], done[1], UNITS);
        assert_same_tally(tally[0], tally[1]);
    }
}

static void test_round_trip(void **state) {
    (void)state;
    nr_store *store = make_store(), *back;
    const char *path = test_path("round.h5");
    assert_int_equal(nr_store_write(path, store), NR_OK);
    assert_int_equal(nr_store_write(path, store), NR_OK); /* over itself */
    assert_int_equal(nr_store_read(path, &back), NR_OK);
    assert_true(back->n_layers == 2 && back->confidence == 0.9);
    assert_string_equal(back->history, "first\nsecond");
    char text[200] = "";
    nr_plan_differences((nr_plan){&nr_run_form, &back->plan},
                        (nr_plan){&nr_run_form, &store->plan}, NULL, text, sizeof text);
    for (size_t k = 0; k < 2; k++) {
        const nr_store_layer *a = &store->layers[k], *b = &back->layers[k];
        assert_string_equal(a->name, b->name);
        nr_plan_differences(nr_store_layer_plan(b), nr_store_layer_plan(a), NULL, text,
                            sizeof text);
        assert_string_equal(text, "");
        assert_memory_equal(a->filters, b->filters, PLAYERS * sizeof *a->filters);
        assert_true(b->seconds == 12.5 && b->sequence_sweeps == 3);
        assert_memory_equal(&a->goal, &b->goal, sizeof a->goal);
        assert_int_equal(b->ended_by, NR_RULE_TIME_LIMIT);
        assert_same_fold(a->fold, b->fold);
    }
    assert_int_equal(nr_fold_open_count(back->layers[0].fold), 2);
    nr_store_free(store);
    nr_store_free(back);
}

static void test_failed_write_keeps_the_old_file(void **state) {
    (void)state;
    nr_store *store = make_store(), *back;
    char path[512], folder[256];
    snprintf(folder, sizeof folder, "%s", test_path("sub"));
    snprintf(path, sizeof path, "%s/s.h5", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(nr_store_write(path, store), NR_OK);
    test_capture_log();
    char target[512];
    snprintf(target, sizeof target, "%s/none/s.h5", folder);
    assert_int_equal(nr_store_write(target, store), NR_ERR_STORE);
    assert_non_null(strstr(test_last_message(), "No such file or directory"));
    /* A folder where the file should be: renaming over it fails at the last step. */
    snprintf(target, sizeof target, "%s/folder", folder);
    assert_int_equal(mkdir(target, 0700), 0);
    assert_int_equal(nr_store_write(target, store), NR_ERR_STORE);
    assert_non_null(strstr(test_last_message(), "what stands there cannot be read"));
    assert_int_equal(nr_store_read(path, &back), NR_OK);
    nr_store_free(back);
    nr_store_free(store);
}

static void test_damage_is_refused(void **state) {
    (void)state;
    nr_store *store = make_store(), *back;
    const char *path = test_path("damage.h5");
    assert_int_equal(nr_store_write(path, store), NR_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    test_capture_log();
    /* Without its seal and behind that, it is as good as its digests. */
    assert_int_equal(truncate(path, info.st_size - 69), 0);
    assert_int_equal(nr_store_read(path, &back), NR_OK);
    nr_store_free(back);
    for (off_t size = info.st_size - 70; size > 0; size /= 2) {
        assert_int_equal(truncate(path, size), 0);
        assert_int_equal(nr_store_read(path, &back), NR_ERR_INPUT);
        assert_non_null(strstr(test_last_message(), "damage.h5"));
    }
    assert_int_equal(nr_store_read("/no/such/store.h5", &back), NR_ERR_INPUT);
    nr_store_free(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_failed_write_keeps_the_old_file),
        cmocka_unit_test(test_damage_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
