#include "layout.h"

#include <stdio.h>

const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name) {
    snprintf(path, NR_LAYOUT_PATH, "/%s/%s", layer, name);
    return path;
}

const char *const nr_layout_fields[NR_LAYOUT_FIELDS] = {
    "node",     "method",    "estimator", "metric", "ablate",          "filters",
    "block",    "strata",    "unit",      "pieces", "units_per_sweep", "kernels",
    "by_class", "per_image", "shard",     "numbers"};
