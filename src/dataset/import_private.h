/* What the readers of the import share. A source is opened (which reads and checks its
 * header) and then gives its records in order. */
#ifndef NEURANK_DATASET_IMPORT_PRIVATE_H
#define NEURANK_DATASET_IMPORT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "neurank/base/status.h"

enum { NR_SOURCE_RANK = 4 };

typedef enum {
    NR_ELEMENT_U8,
    NR_ELEMENT_I8,
    NR_ELEMENT_I16,
    NR_ELEMENT_U16,
    NR_ELEMENT_I32,
    NR_ELEMENT_U32,
    NR_ELEMENT_I64,
    NR_ELEMENT_U64,
    NR_ELEMENT_F32,
    NR_ELEMENT_F64
} nr_element;

typedef struct {
    const char *path;
    gzFile file; /* zlib reads plain files as they are */
    nr_element element;
    bool big_endian;
    size_t rank, dims[NR_SOURCE_RANK];
} nr_source;

nr_status nr_source_open_file(const char *path, nr_source *source);
nr_status nr_source_open_idx(const char *path, nr_source *source);
nr_status nr_source_open_npy(const char *path, nr_source *source);
void nr_source_close(nr_source *source);

size_t nr_element_bytes(nr_element element);
/* Exactly n bytes, or "truncated". */
nr_status nr_source_bytes(nr_source *source, size_t n, void *out);
/* The next n elements as integers or as floats. */
nr_status nr_source_integers(nr_source *source, size_t n, int64_t *out);
nr_status nr_source_floats(nr_source *source, size_t n, float *out);
/* Nothing may follow. */
nr_status nr_source_end(nr_source *source);

#endif
