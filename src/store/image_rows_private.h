/* What waits for the next write, for the code that writes it. */
#ifndef NEURANK_STORE_IMAGE_ROWS_PRIVATE_H
#define NEURANK_STORE_IMAGE_ROWS_PRIVATE_H

#include "neurank/store/image_rows.h"

typedef struct {
    uint64_t sweep;
    size_t image, place; /* place: row in `values` */
} waiting_row;

struct nr_image_rows {
    size_t n_images, n, chunk_rows;
    uint32_t *files, *labels; /* [n_images] */
    waiting_row *waiting;     /* [n_waiting] */
    int64_t *values;          /* [n_waiting, n] */
    size_t n_waiting, capacity, values_capacity;
};

#endif
