/* Values by image, without holding them in memory.
 *
 * Units bring a row of n_players integers for each of their images. Rows wait here
 * until the store is written next; then they are added to what the file at hand has,
 * chunk by chunk, on the way into the new one. As with the fold, complete sweeps are
 * one dataset and open sweeps are one each, so that dropping an open sweep leaves no
 * trace:
 *
 *   shapley_by_image    [image, filter]  sum over the complete sweeps, 4 Shapley values
 *                       in quanta each; the attribute scale_factor makes them numbers
 *                       (a CF convention that xarray and netCDF readers apply)
 *   state/by_image_N    the same of open sweep N
 *
 * Chunks to which nothing is added are copied as they are stored.
 *
 * Failures: NR_ERR_INTERNAL, no memory; what waits is as it was. */
#ifndef NEURANK_STORE_IMAGE_ROWS_H
#define NEURANK_STORE_IMAGE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct nr_image_rows nr_image_rows;

/* files [n_images], labels [n_images]: position in the data file and class of each
 * image; copied. */
nr_status nr_image_rows_new(size_t n_images, size_t n_players, const uint32_t *files,
                            const uint32_t *labels, nr_image_rows **out);
void nr_image_rows_free(nr_image_rows *rows);

/* Of the same images and players, with nothing waiting. */
nr_status nr_image_rows_like(const nr_image_rows *rows, nr_image_rows **out);

/* Are these the same images, under the same labels? */
bool nr_image_rows_same_images(const nr_image_rows *a, const nr_image_rows *b);

/* Rows values [count, n_players] of consecutive images, four Shapley values in quanta
 * each; copied. */
nr_status nr_image_rows_add(nr_image_rows *rows, uint64_t sweep, size_t first,
                            size_t count, const int64_t *values);
/* All that waits in `from` waits in `to` instead, behind what waits there. */
nr_status nr_image_rows_move(nr_image_rows *from, nr_image_rows *to);
/* So much waits that the store should be written. */
bool nr_image_rows_full(const nr_image_rows *rows);
/* Bytes of the rows that wait. */
size_t nr_image_rows_bytes(const nr_image_rows *rows);
/* The store has been written: nothing waits any more. */
void nr_image_rows_written(nr_image_rows *rows);

#endif
