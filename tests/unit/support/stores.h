/* Stores of one made-up layer, for tests of files. */
#ifndef NEURANK_TESTS_STORES_H
#define NEURANK_TESTS_STORES_H

#include "neurank/store/store.h"

typedef struct {
    size_t n_players;
    uint64_t blocks_per_unit, units_per_sweep; /* blocks of one image */
    bool per_image;
} test_store_spec;

/* A layer "conv" with nothing done. */
nr_store *test_store(const test_store_spec *spec);

/* Plans for a store and its layers, which have none yet: pairs, so many images. */
void test_store_plans(nr_store *store, uint64_t images, const nr_units *units,
                      uint64_t block_images);

/* Plays a unit: value(sweep, image, player) is four times the marginal that the player
 * has in every walk on that image. */
typedef int64_t test_value(uint64_t sweep, size_t image, size_t player);
void test_store_add(nr_store *store, uint64_t unit, test_value *value);

/* How often the file at path was written. */
uint64_t test_store_generation(const char *path);

#endif
