#include "neurank/switch/batches.h"

#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"

struct nr_batches {
    size_t n_images, block_images, n_blocks, classes;
    nr_stream stream;
    uint64_t epoch; /* whose order is at hand */
    bool ordered;
    uint32_t *order; /* [n_blocks] class by class: member numbers in order of steps */
    size_t *first;   /* [classes + 1] where a class begins in it */
};

enum { ROWS = 64, IMAGES_MIN = 4, IMAGES_MAX = 16 };

size_t nr_batches_block_images(size_t batch_images, size_t draws) {
    size_t most = ROWS / (draws ? draws : 1);
    if (most < IMAGES_MIN) most = IMAGES_MIN;
    if (most > IMAGES_MAX) most = IMAGES_MAX;
    while (most > 1 && batch_images % most != 0) most--;
    return most;
}

nr_status nr_batches_new(size_t n_images, size_t batch_images, size_t block_images,
                         uint64_t seed, uint64_t layer, nr_batches **out) {
    nr_batches *b;
    if (!NR_NEW(b, 1)) return NR_ERR_INTERNAL;
    b->n_images = n_images;
    b->block_images = block_images;
    b->n_blocks = (n_images + block_images - 1) / block_images;
    b->classes = batch_images / block_images;
    if (b->classes > b->n_blocks) b->classes = b->n_blocks;
    b->stream = nr_stream_make(seed, "batches", layer);
    if (!NR_NEW(b->order, b->n_blocks) || !NR_NEW(b->first, b->classes + 1)) {
        nr_batches_free(b);
        return NR_ERR_INTERNAL;
    }
    for (size_t c = 0; c < b->classes; c++)
        b->first[c + 1] = b->first[c] + (b->n_blocks - c + b->classes - 1) / b->classes;
    *out = b;
    return NR_OK;
}

void nr_batches_free(nr_batches *b) {
    if (!b) return;
    free(b->order);
    free(b->first);
    free(b);
}

/* Class 0 has the most members. */
size_t nr_batches_steps(const nr_batches *b) {
    return b->first[1];
}

size_t nr_batches_classes(const nr_batches *b) {
    return b->classes;
}

/* Fisher and Yates, from the last place down; 64 random bits leave no bias that could
 * be seen. */
static void shuffle(const nr_batches *b, uint64_t epoch, size_t class_) {
    uint32_t *order = b->order + b->first[class_];
    size_t n = b->first[class_ + 1] - b->first[class_];
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        uint64_t bits[2];
        nr_stream_draw(b->stream, (uint32_t)epoch, (uint32_t)class_, (uint32_t)i, 0,
                       bits);
        size_t k = bits[0] % i;
        uint32_t other = order[k];
        order[k] = order[i - 1];
        order[i - 1] = other;
    }
}

static void order_epoch(nr_batches *b, uint64_t epoch) {
    if (b->ordered && b->epoch == epoch) return;
    for (size_t c = 0; c < b->classes; c++) shuffle(b, epoch, c);
    b->epoch = epoch;
    b->ordered = true;
}

bool nr_batches_block(nr_batches *b, uint64_t step, size_t class_, size_t *block) {
    size_t steps = nr_batches_steps(b), place = b->first[class_] + step % steps;
    order_epoch(b, step / steps);
    if (place >= b->first[class_ + 1]) return false;
    *block = b->order[place] * b->classes + class_;
    return true;
}

size_t nr_batches_images(nr_batches *b, uint64_t step) {
    size_t images = 0, block;
    for (size_t c = 0; c < b->classes; c++) {
        if (!nr_batches_block(b, step, c, &block)) continue;
        size_t left = b->n_images - block * b->block_images;
        images += left < b->block_images ? left : b->block_images;
    }
    return images;
}
