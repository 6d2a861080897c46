/* NumPy's format for one array, version 1.0 (numpy.lib.format): a short text header,
 * then the numbers.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_BASE_NPY_H
#define NEURANK_BASE_NPY_H

#include <stddef.h>

#include "neurank/base/status.h"

typedef enum { NR_NPY_BOOL, NR_NPY_F64 } nr_npy_type;

typedef struct {
    nr_npy_type type;
    size_t n;         /* elements; one axis */
    const void *data; /* bool or double */
} nr_npy_array;

/* "ranks.npy" and "conv1" give "ranks.conv1.npy"; *out owned by the caller. */
nr_status nr_npy_name(const char *path, const char *part, char **out);
/* As nr_publish_stream: the whole file or none. NR_ERR_STORE: it cannot be written. */
nr_status nr_npy_write(const char *path, const nr_npy_array *array);

#endif
