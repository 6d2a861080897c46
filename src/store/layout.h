/* The names and types of what is stored stand in layout_*.c and nowhere else. Changing
 * one raises NR_STORE_VERSION. */
#ifndef NEURANK_STORE_LAYOUT_H
#define NEURANK_STORE_LAYOUT_H

#include "neurank/base/digest.h"
#include "neurank/h5/file.h"
#include "neurank/store/store.h"

enum { NR_LAYOUT_PATH = 320 };

/* "/<layer>/<name>"; returns path. */
const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name);

nr_status nr_layout_write(nr_h5 *file, const nr_store *store);
/* One layer's part of that, but for values by image. */
nr_status nr_layout_write_layer(nr_h5 *file, const nr_store *store,
                                const nr_store_layer *layer);
/* Who wrote the file last, and how often it was written. */
nr_status nr_layout_read_generation(const nr_h5 *file, uint64_t *generation,
                                    char writer[NR_STORE_WRITER]);
nr_status nr_layout_read(const nr_h5 *file, nr_store **out);

/* ---- the parts of a layer ---- */
/* Names of the fields of a layer's plan. */
enum { NR_LAYOUT_FIELDS = 16 };
extern const char *const nr_layout_fields[NR_LAYOUT_FIELDS];

nr_status nr_layout_write_results(nr_h5 *file, const nr_store_layer *layer,
                                  const nr_results *r);
nr_status nr_layout_write_state(nr_h5 *file, const nr_store_layer *layer);
nr_status nr_layout_write_images(nr_h5 *file, const nr_store *store,
                                 const nr_store_layer *layer);
/* Fills the layer's empty fold. Every count is checked against the datasets that carry
 * it. */
nr_status nr_layout_read_state(const nr_h5 *file, nr_store_layer *layer,
                               uint64_t sweeps);
nr_status nr_layout_read_images(const nr_h5 *file, nr_store_layer *layer,
                                size_t n_images);
/* Do the values by image of the file add up to the layer's sums? */
nr_status nr_layout_check_images(const nr_h5 *file, const nr_store_layer *layer);

/* Of everything the layer's next session goes on from: plan, filters, goal, exact sums,
 * finished units. */
nr_status nr_layout_digest(const nr_store_layer *layer, char text[NR_DIGEST_TEXT]);

/* Refuses a dataset of another shape. */
nr_status nr_layout_require_dims(const nr_h5 *file, const char *object, size_t rank,
                                 const size_t *wanted);

#endif
