/* Files for other programs; the ending says what kind. */
#ifndef NEURANK_RUN_EXPORT_H
#define NEURANK_RUN_EXPORT_H

#include <stddef.h>

#include "neurank/base/npy.h"

typedef enum {
    NR_EXPORT_UNKNOWN,
    NR_EXPORT_CSV,
    NR_EXPORT_JSON,
    NR_EXPORT_NPY
} nr_export_kind;

/* By what stands behind a name: ".csv", ".json", ".npy". */
nr_export_kind nr_export_kind_of(const char *path);

/* Refuses an ending of no kind (NR_ERR_USAGE, naming the option) and what
 * nr_publish_check refuses. Fails as nr_publish_check. */
nr_status nr_export_check(const char *option, const char *path,
                          const char *const *inputs, size_t n_inputs);

#endif
