/* Small things that all parts of the layout use. */
#include "layout.h"

#include <stdio.h>

const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name) {
    snprintf(path, NR_LAYOUT_PATH, "/%s/%s", layer, name);
    return path;
}

nr_status nr_layout_require_dims(const nr_h5 *file, const char *object, size_t rank,
                                 const size_t *wanted) {
    size_t dims[NR_H5_RANK], stored;
    NR_TRY(nr_h5_dims(file, object, dims, &stored));
    bool fits = stored == rank;
    for (size_t d = 0; fits && d < rank; d++) fits = dims[d] == wanted[d];
    NR_REQUIRE(fits, NR_ERR_INPUT, "%s: %s does not have the shape of a store",
               nr_h5_path(file), object);
    return nr_h5_require_stored(file, object);
}
