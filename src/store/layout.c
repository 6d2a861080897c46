#include "layout.h"

#include <stdio.h>
#include <string.h>

const char *nr_layout_path(char path[NR_LAYOUT_PATH], const char *layer,
                           const char *name) {
    snprintf(path, NR_LAYOUT_PATH, "/%s/%s", layer, name);
    return path;
}

const char *const nr_layout_fields[NR_LAYOUT_FIELDS] = {
    "node",     "method",    "estimator", "metric",  "ablate",          "filters",
    "block",    "strata",    "unit",      "pieces",  "units_per_sweep", "kernels",
    "by_class", "per_image", "shard",     "numbers", NR_PLAN_BLAS};

bool nr_layout_is_late(const char *field) {
    return strcmp(field, NR_PLAN_BLAS) == 0;
}

void nr_layout_digest_plan(nr_digest *digest, const char *const *fields, size_t n,
                           const nr_plan *plan) {
    for (size_t i = 0; i < n; i++) {
        const char *value = nr_plan_get(plan, fields[i]);
        if (*value || !nr_layout_is_late(fields[i]))
            nr_digest_add(digest, value, strlen(value) + 1);
    }
}
