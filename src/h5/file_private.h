#ifndef NEURANK_H5_FILE_PRIVATE_H
#define NEURANK_H5_FILE_PRIVATE_H

#include <hdf5.h>

#include "journal.h"
#include "neurank/h5/file.h"

struct nr_h5 {
    hid_t id;
    char *path;
    bool comparing;
    nr_h5_journal *journal; /* NULL: not kept */
};

/* A chunk as it is stored; *bytes owned by the caller, NULL if nobody wrote it. */
nr_status nr_h5_read_chunk(const nr_h5 *file, const char *object, size_t first,
                           void **bytes, size_t *n_bytes, uint32_t *mask);

/* What writing does to a file that is compared (compare.c). */
nr_status nr_h5_compare_dataset(const nr_h5 *file, const nr_h5_dataset *dataset,
                                const void *data);
nr_status nr_h5_compare_slab(const nr_h5 *file, const char *object, nr_h5_type type,
                             const nr_h5_slab *slab, const void *data);
nr_status nr_h5_compare_scale(const nr_h5 *file, const char *path,
                              const uint32_t *values, size_t n);
nr_status nr_h5_compare_attribute(const nr_h5 *file, const char *object,
                                  const char *name, nr_h5_type type, size_t count,
                                  const void *values);
nr_status nr_h5_compare_text(const nr_h5 *file, const char *object, const char *name,
                             const char *text);

hid_t nr_h5_native(nr_h5_type type);
/* Selects a slab in the space of a dataset; returns the space of its elements alone. */
hid_t nr_h5_select(hid_t space, size_t rank, const nr_h5_slab *slab);

#endif
