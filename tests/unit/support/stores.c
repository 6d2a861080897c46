#include "stores.h"
#include "nets.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

void test_store_plans(nr_store *store, uint64_t images, const nr_units *units,
                      uint64_t block_images) {
    const nr_run_plan run = {
        .in = {.model = "m", .data = "d", .images = images, .seed = 1}, .layers = "l"};
    const nr_layer_plan layer = {
        .node = "n",
        .filters = "all",
        .block_images = block_images,
        .units = *units,
        .arithmetic = {.kernels = "blas", .numbers = NR_NUMBERS_VERSION}};
    assert_int_equal(nr_plan_copy(&nr_run_form, &run, &store->plan), NR_OK);
    for (size_t k = 0; k < store->n_layers; k++)
        assert_int_equal(nr_plan_copy(&nr_layer_form, &layer, &store->layers[k].plan),
                         NR_OK);
}

/* The images' order is not that of the file. */
static void set_images(nr_store_layer *layer, size_t n_images) {
    uint32_t *files = nr_new(n_images, sizeof *files),
             *labels = nr_new(n_images, sizeof *labels);
    for (size_t i = 0; i < n_images; i++) files[i] = (uint32_t)(n_images - 1 - i);
    assert_int_equal(
        nr_image_rows_new(n_images, layer->n_players, files, labels, &layer->images),
        NR_OK);
    free(labels);
    free(files);
}

nr_store *test_store(const test_store_spec *spec) {
    nr_store *store;
    uint64_t images = spec->blocks_per_unit * spec->units_per_sweep;
    assert_int_equal(nr_store_new(1, &store), NR_OK);
    nr_store_layer *layer = &store->layers[0];
    store->confidence = 0.95;
    const nr_units units = {.n_blocks = images,
                            .blocks_per_unit = spec->blocks_per_unit,
                            .units_per_sweep = spec->units_per_sweep,
                            .strata = 1};
    test_store_plans(store, images, &units, 1);
    layer->plan.per_image = spec->per_image;
    layer->name = nr_strdup("conv");
    layer->n_players = spec->n_players;
    NR_NEW(layer->filters, spec->n_players);
    for (uint32_t i = 0; i < spec->n_players; i++) layer->filters[i] = i;
    assert_int_equal(nr_store_layer_make_fold(layer), NR_OK);
    if (spec->per_image) set_images(layer, (size_t)images);
    return store;
}

void test_store_add(nr_store *store, uint64_t unit, test_value *value) {
    nr_store_layer *layer = &store->layers[0];
    nr_unit u = nr_units_get(&layer->plan.units, unit);
    nr_tally *tally;
    size_t players = layer->n_players, n = nr_tally_words(players, 0, 0), used;
    int64_t *each = nr_new(players, sizeof *each),
            *rows = nr_new((size_t)u.n_blocks * players, sizeof *rows);
    uint64_t *words = nr_new(n, sizeof *words);
    nr_visit visit = {.forward = {each, each}, .reverse = {each, each}, .images = 1};
    assert_int_equal(nr_tally_new(players, 0, &tally), NR_OK);
    for (size_t b = 0; b < u.n_blocks; b++) {
        visit.value_full = 0;
        for (size_t i = 0; i < players; i++) {
            rows[b * players + i] = value(u.sweep, (size_t)u.first_block + b, i);
            each[i] = rows[b * players + i] / 4;
            visit.value_full += each[i];
        }
        assert_true(nr_tally_add(tally, &visit) && nr_tally_end_group(tally));
    }
    nr_tally_encode(tally, words);
    assert_int_equal(nr_fold_accept(layer->fold, unit, words, n, &used), NR_OK);
    if (layer->images)
        assert_int_equal(nr_image_rows_add(layer->images, u.sweep,
                                           (size_t)u.first_block, (size_t)u.n_blocks,
                                           rows),
                         NR_OK);
    nr_tally_free(tally);
    free(words);
    free(rows);
    free(each);
}

uint64_t test_store_generation(const char *path) {
    nr_store *store;
    assert_int_equal(nr_store_read(path, &store), NR_OK);
    uint64_t generation = store->generation;
    nr_store_free(store);
    return generation;
}
