#include "neurank/store/image_rows.h"

#include <stdlib.h>
#include <string.h>

#include "image_rows_private.h"
#include "neurank/base/memory.h"

/* Rows wait for the next checkpoint in at most about this much memory. */
enum { WAITING_BYTES = 32 << 20, CHUNK_BYTES = 256 << 10 };

nr_status nr_image_rows_new(size_t n_images, size_t n_players, const uint32_t *files,
                            const uint32_t *labels, nr_image_rows **out) {
    nr_image_rows *rows;
    if (!NR_NEW(rows, 1)) return NR_ERR_INTERNAL;
    rows->n_images = n_images;
    rows->n = n_players;
    rows->chunk_rows = CHUNK_BYTES / sizeof(int64_t) / n_players;
    if (rows->chunk_rows < 1) rows->chunk_rows = 1;
    if (rows->chunk_rows > n_images) rows->chunk_rows = n_images;
    if (!NR_NEW(rows->files, n_images) || !NR_NEW(rows->labels, n_images)) {
        nr_image_rows_free(rows);
        return NR_ERR_INTERNAL;
    }
    memcpy(rows->files, files, n_images * sizeof *files);
    memcpy(rows->labels, labels, n_images * sizeof *labels);
    *out = rows;
    return NR_OK;
}

void nr_image_rows_free(nr_image_rows *rows) {
    if (!rows) return;
    free(rows->files);
    free(rows->labels);
    free(rows->waiting);
    free(rows->values);
    free(rows);
}

nr_status nr_image_rows_like(const nr_image_rows *rows, nr_image_rows **out) {
    return nr_image_rows_new(rows->n_images, rows->n, rows->files, rows->labels, out);
}

bool nr_image_rows_same_images(const nr_image_rows *a, const nr_image_rows *b) {
    return a->n_images == b->n_images &&
           memcmp(a->files, b->files, a->n_images * sizeof *a->files) == 0 &&
           memcmp(a->labels, b->labels, a->n_images * sizeof *a->labels) == 0;
}

nr_status nr_image_rows_add(nr_image_rows *rows, uint64_t sweep, size_t first,
                            size_t count, const int64_t *values) {
    size_t n = rows->n, before = rows->n_waiting;
    NR_TRY(nr_grow((void **)&rows->waiting, &rows->capacity, before + count,
                   sizeof *rows->waiting));
    NR_TRY(nr_grow((void **)&rows->values, &rows->values_capacity,
                   nr_size_mul(before + count, n), sizeof *rows->values));
    memcpy(rows->values + before * n, values, count * n * sizeof *values);
    for (size_t k = 0; k < count; k++)
        rows->waiting[before + k] = (waiting_row){sweep, first + k, before + k};
    rows->n_waiting += count;
    return NR_OK;
}

static void swap_waiting(nr_image_rows *a, nr_image_rows *b) {
    nr_image_rows kept = *a;
    a->waiting = b->waiting, a->values = b->values, a->n_waiting = b->n_waiting;
    a->capacity = b->capacity, a->values_capacity = b->values_capacity;
    b->waiting = kept.waiting, b->values = kept.values, b->n_waiting = kept.n_waiting;
    b->capacity = kept.capacity, b->values_capacity = kept.values_capacity;
}

nr_status nr_image_rows_move(nr_image_rows *from, nr_image_rows *to) {
    size_t n = to->n, before = to->n_waiting, all = before + from->n_waiting;
    if (before == 0) {
        swap_waiting(from, to);
        return NR_OK;
    }
    NR_TRY(nr_grow((void **)&to->waiting, &to->capacity, all, sizeof *to->waiting));
    NR_TRY(nr_grow((void **)&to->values, &to->values_capacity, nr_size_mul(all, n),
                   sizeof *to->values));
    memcpy(to->values + before * n, from->values,
           from->n_waiting * n * sizeof *to->values);
    for (size_t k = 0; k < from->n_waiting; k++) {
        to->waiting[before + k] = from->waiting[k];
        to->waiting[before + k].place += before;
    }
    to->n_waiting = all;
    from->n_waiting = 0;
    return NR_OK;
}

bool nr_image_rows_full(const nr_image_rows *rows) {
    return nr_image_rows_bytes(rows) >= WAITING_BYTES;
}

size_t nr_image_rows_bytes(const nr_image_rows *rows) {
    return rows->n_waiting * rows->n * sizeof *rows->values;
}

void nr_image_rows_written(nr_image_rows *rows) {
    rows->n_waiting = 0;
}
