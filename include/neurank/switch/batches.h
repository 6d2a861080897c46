/* Which images an optimiser's step sees.
 *
 * Blocks of images are dealt into as many classes as a batch has blocks, one of each
 * class a batch:
 *
 *   class 0: blocks 0, C, 2C, ...      batch b = { one of class 0, one of class 1, ...
 * } class 1: blocks 1, C + 1, ...      every epoch each class in a new random order
 *
 * so every epoch sees every image once, and the rank that has a class sees the same
 * blocks every time and can keep what it has computed of them. The plan alone decides
 * on batches, not the number of ranks. */
#ifndef NEURANK_SWITCH_BATCHES_H
#define NEURANK_SWITCH_BATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct nr_batches nr_batches;

/* Images of a block: the largest divisor of a batch that is at most 64 / draws, so that
 * a block has about 64 rows with its draws; that bound is kept to 4 .. 16. draws 0: one
 * row an image. */
size_t nr_batches_block_images(size_t batch_images, size_t draws);

/* block_images: a divisor of batch_images; layer: a number that tells the layers of a
 * network apart. NR_ERR_INTERNAL: no memory. */
nr_status nr_batches_new(size_t n_images, size_t batch_images, size_t block_images,
                         uint64_t seed, uint64_t layer, nr_batches **out);
void nr_batches_free(nr_batches *batches);

/* Steps of an epoch; classes, which is the most blocks of a batch: fewer than a batch
 * has where the images make fewer blocks. */
size_t nr_batches_steps(const nr_batches *batches);
size_t nr_batches_classes(const nr_batches *batches);

/* The block of one class in step number `step`, counted over all epochs; false where
 * the class has none left (in the last batch of an epoch). */
bool nr_batches_block(nr_batches *batches, uint64_t step, size_t class_, size_t *block);
/* Images of that step's batch. Both calls remember an epoch's order: one thread. */
size_t nr_batches_images(nr_batches *batches, uint64_t step);

#endif
