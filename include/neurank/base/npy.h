/* NumPy's format for one array: a short text header, then the numbers. */
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
nr_status nr_npy_write(const char *path, const nr_npy_array *array);

#endif
