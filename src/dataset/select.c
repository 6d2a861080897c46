#include "neurank/dataset/select.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"

typedef struct {
    uint64_t key;
    uint32_t index;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Indices 0..n-1 in random order. */
static keyed *random_order(size_t n, uint64_t seed, const char *purpose) {
    nr_stream stream = nr_stream_make(seed, purpose, 0);
    keyed *order;
    if (!NR_NEW(order, n)) return NULL;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits[2];
        nr_stream_draw(stream, (uint32_t)i, (uint32_t)(i >> 32), 0, 0, bits);
        order[i] = (keyed){bits[0], (uint32_t)i};
    }
    qsort(order, n, sizeof *order, by_key);
    return order;
}

/* quota[c]: images of class c to take. Rounds over the classes, one image each, so that
 * no two classes differ by more than one while both have images left. The classes that
 * get the last, incomplete round are the first in a random order. */
static nr_status make_quota(const size_t *available, size_t classes, size_t wanted,
                            uint64_t seed, size_t *quota) {
    keyed *order = random_order(classes, seed, "class order");
    if (!order) return NR_ERR_INTERNAL;
    for (size_t taken = 0; taken < wanted;)
        for (size_t k = 0; k < classes && taken < wanted; k++) {
            uint32_t c = order[k].index;
            if (quota[c] == available[c]) continue;
            quota[c]++;
            taken++;
        }
    free(order);
    return NR_OK;
}

nr_status nr_select_balanced(const uint32_t *labels, size_t n, size_t classes,
                             size_t wanted, uint64_t seed, uint32_t *chosen) {
    size_t *available, *quota, taken = 0;
    keyed *order;
    NR_ASSERT(wanted <= n);
    NR_NEW(available, classes);
    NR_NEW(quota, classes);
    order = random_order(n, seed, "image subset");
    nr_status status = NR_ERR_INTERNAL;
    if (!available || !quota || !order) goto err_free;
    for (size_t i = 0; i < n; i++) available[labels[i]]++;
    NR_TRY_GOTO(make_quota(available, classes, wanted, seed, quota), err_free);
    for (size_t k = 0; k < n; k++) {
        size_t *left = &quota[labels[order[k].index]];
        if (*left == 0) continue;
        (*left)--;
        chosen[taken++] = order[k].index;
    }
    qsort(chosen, taken, sizeof *chosen, by_value);
    status = NR_OK;
err_free:
    free(order);
    free(quota);
    free(available);
    return status;
}

nr_status nr_select_shuffle(uint32_t *values, size_t n, uint64_t seed) {
    keyed *order = random_order(n, seed, "image order");
    uint32_t *copy = nr_new(n, sizeof *copy);
    nr_status status = order && copy ? NR_OK : NR_ERR_INTERNAL;
    if (status == NR_OK) {
        memcpy(copy, values, n * sizeof *copy);
        for (size_t i = 0; i < n; i++) values[i] = copy[order[i].index];
    }
    free(copy);
    free(order);
    return status;
}
