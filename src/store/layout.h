/* The names and types of what is stored stand in layout_*.c and nowhere else. Changing
 * one raises NR_STORE_VERSION. */
#ifndef NEURANK_STORE_LAYOUT_H
#define NEURANK_STORE_LAYOUT_H

#include "layout_kinds.h"
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

/* Plan fields are text attributes with a prefix. */
nr_status nr_layout_write_plan(nr_h5 *file, const char *object, nr_plan plan);
/* *plan is zero before, and the caller's to clear after a failure, too. NR_ERR_INPUT: a
 * field is absent, or not of its type. */
nr_status nr_layout_read_plan(const nr_h5 *file, const char *object,
                              const nr_plan_form *form, void *plan);
/* And does it fit itself and the run's images? The layer's name is set. */
nr_status nr_layout_read_layer_plan(const nr_h5 *file, const char *group,
                                    uint64_t images, nr_store_layer *layer);

/* ---- ratings ---- */
/* Along an axis of the rating. */
size_t nr_rating_axis_count(const nr_rating *rating, nr_rating_axis axis);
/* Elements of array k. */
size_t nr_rating_array_count(const nr_rating *rating, size_t k);
/* All arrays, zero, for the axes of the rating. */
nr_status nr_rating_allocate(nr_rating *rating);

nr_status nr_layout_write_rating(nr_h5 *file, const nr_rating *rating,
                                 double confidence);
/* Adds those of one layer to the store. */
nr_status nr_layout_read_ratings(const nr_h5 *file, const char *layer, nr_store *store);

/* ---- the parts of a layer ---- */
/* The fields of a plan, absent late ones left out. */
void nr_layout_digest_plan(nr_digest *digest, nr_plan plan);

nr_status nr_layout_write_results(nr_h5 *file, const nr_store_layer *layer,
                                  const nr_results *r);
nr_status nr_layout_write_state(nr_h5 *file, const nr_store_layer *layer);
nr_status nr_layout_write_stages(nr_h5 *file, const nr_store_layer *layer);
nr_status nr_layout_read_stages(const nr_h5 *file, nr_store_layer *layer);
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
