/* Thin, checked HDF5: one file, objects by path, messages with file and object.
 *
 * Files are written as netCDF-4 readers like them: creation order is tracked, text is
 * variable-length UTF-8, every axis of every dataset carries a dimension scale, and
 * numbers that were not computed are NaN.
 *
 * Failures: NR_ERR_INTERNAL, no memory; of reading NR_ERR_INPUT, the file cannot be
 * read, is damaged, or has no such object or one of another shape or type; of writing
 * NR_ERR_STORE, it cannot be written. A file that failed to be written is good for
 * nr_h5_close only. */
#ifndef NEURANK_H5_FILE_H
#define NEURANK_H5_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct nr_h5 nr_h5;

typedef enum {
    NR_H5_U8,
    NR_H5_U32,
    NR_H5_I32,
    NR_H5_U64,
    NR_H5_I64,
    NR_H5_F32,
    NR_H5_F64
} nr_h5_type;

enum { NR_H5_RANK = 5 };

/* Bytes of a number in memory. */
size_t nr_h5_type_bytes(nr_h5_type type);

/* ---- files ---- */
/* Opens a regular file to read it, or makes a new one in the place of what is there, to
 * write it. *out is ended by nr_h5_close or nr_h5_close_checked. */
nr_status nr_h5_open(const char *path, nr_h5 **out);
nr_status nr_h5_create(const char *path, nr_h5 **out);
/* NR_ERR_STORE: flushing or closing failed; the file is freed in any case. Accepts
 * NULL. */
nr_status nr_h5_close(nr_h5 *file);
/* The file's, until it is renamed or closed. */
const char *nr_h5_path(const nr_h5 *file);
/* The file has been renamed: for messages. */
nr_status nr_h5_set_path(nr_h5 *file, const char *path);

/* ---- reading ---- */
/* Also false where the file cannot be read. */
bool nr_h5_has(const nr_h5 *file, const char *object);
/* The same, told apart; the groups that lead there exist. */
nr_status nr_h5_find(const nr_h5 *file, const char *object, bool *has);
/* Also false where there is no such object, or the file cannot be read. */
bool nr_h5_has_attribute(const nr_h5 *file, const char *object, const char *name);
/* Names of the groups directly below `group`, in creation order; freed by the caller,
 * each and the array. */
nr_status nr_h5_groups(const nr_h5 *file, const char *group, char ***out, size_t *n);
/* Shape of a dataset: dims [rank]. */
nr_status nr_h5_dims(const nr_h5 *file, const char *object, size_t dims[NR_H5_RANK],
                     size_t *rank);
/* Refuses a dataset that claims more than its file can hold (compressed 1032 to 1 at
 * most), before anybody makes room for it. */
nr_status nr_h5_require_stored(const nr_h5 *file, const char *object);
/* Chunks of a dataset that have been written; 0 if it has none. */
nr_status nr_h5_stored_chunks(const nr_h5 *file, const char *object, size_t *n);
/* Class of the stored numbers: 'u' and 'i' integers, 'f' floats, '?' other; bytes each
 */
nr_status nr_h5_stored_type(const nr_h5 *file, const char *object, char *kind,
                            size_t *bytes);
/* Rows [first, first + count) along the first axis, all of the others; or, within one
 * index of the first axis, along the second. In memory they stand in C order, as
 * `type`. */
typedef struct {
    bool within;
    size_t one; /* that index */
    size_t first, count;
} nr_h5_slab;
nr_status nr_h5_read_slab(const nr_h5 *file, const char *object, nr_h5_type type,
                          const nr_h5_slab *slab, void *out);
/* Along the first axis. */
nr_status nr_h5_read_rows(const nr_h5 *file, const char *object, nr_h5_type type,
                          size_t first, size_t count, void *out);
/* The whole dataset, which must have exactly `count` elements. */
nr_status nr_h5_read(const nr_h5 *file, const char *object, nr_h5_type type,
                     size_t count, void *out);
/* A numeric attribute of 1 or `count` elements; one element is repeated. */
nr_status nr_h5_read_attribute(const nr_h5 *file, const char *object, const char *name,
                               size_t count, double *out);
/* One whole number. */
nr_status nr_h5_read_attribute_u64(const nr_h5 *file, const char *object,
                                   const char *name, uint64_t *out);
/* Text attribute of variable length; *out freed by the caller. */
nr_status nr_h5_read_text(const nr_h5 *file, const char *object, const char *name,
                          char **out);

/* ---- writing ----
 * After nr_h5_compare the same calls on a file that is open for reading write nothing:
 * they look whether what they were given is there, and return NR_ERR_INPUT where it is
 * not. */
void nr_h5_compare(nr_h5 *file);

/* From now on remembers digests of what is written; nr_h5_close_checked then closes the
 * file, syncs it, and reads all of it back from the disk. NR_ERR_STORE: that failed, or
 * it is not what was written; the file is freed in any case. */
nr_status nr_h5_remember(nr_h5 *file);
nr_status nr_h5_close_checked(nr_h5 *file);
/* The group above it exists. */
nr_status nr_h5_make_group(nr_h5 *file, const char *group);

typedef struct {
    const char *path;
    nr_h5_type type;
    size_t rank;
    size_t dims[NR_H5_RANK];
    const char *scales[NR_H5_RANK]; /* path of each axis' dimension scale */
    const char *long_name, *units;  /* NULL: none */
    size_t chunk_rows;              /* > 0: compressed, in chunks of that many rows */
} nr_h5_dataset;

/* An axis: a coordinate variable of u32 values that is a dimension scale. values NULL:
 * 0, 1, ... */
nr_status nr_h5_make_scale(nr_h5 *file, const char *path, const char *long_name,
                           const uint32_t *values, size_t n);
/* Creates and writes a dataset; data NULL: created only, for nr_h5_write_rows. */
nr_status nr_h5_make_dataset(nr_h5 *file, const nr_h5_dataset *dataset,
                             const void *data);
/* Rows of a dataset that was made before, as nr_h5_slab says. */
nr_status nr_h5_write_slab(nr_h5 *file, const char *object, nr_h5_type type,
                           const nr_h5_slab *slab, const void *data);
nr_status nr_h5_write_rows(nr_h5 *file, const char *object, nr_h5_type type,
                           size_t first, size_t count, const void *data);
/* Copies the chunk that starts at row `first` from a dataset of the same path, shape
 * and chunks, as it is stored. NR_ERR_INPUT: it is not stored so in both. */
nr_status nr_h5_copy_chunk(const nr_h5 *from, nr_h5 *to, const char *object,
                           size_t first);
/* A new attribute of an object that is there: a number, or an array of `count`. */
nr_status nr_h5_write_attribute(nr_h5 *file, const char *object, const char *name,
                                nr_h5_type type, size_t count, const void *values);
/* The same, a text. */
nr_status nr_h5_write_text(nr_h5 *file, const char *object, const char *name,
                           const char *text);

#endif
