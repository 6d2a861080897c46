/* Plans: text attributes of an object, a prefix before each field's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

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

nr_status nr_layout_write_plan(nr_h5 *file, const char *object, const nr_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        char name[64];
        snprintf(name, sizeof name, "plan_%s", plan->names[i]);
        NR_TRY(nr_h5_write_text(file, object, name, plan->values[i]));
    }
    return NR_OK;
}

nr_status nr_layout_read_plan(const nr_h5 *file, const char *object,
                              const char *const *fields, size_t n, nr_plan *plan) {
    for (size_t i = 0; i < n; i++) {
        char name[64], *value;
        snprintf(name, sizeof name, "plan_%s", fields[i]);
        if (nr_layout_is_late(fields[i]) && !nr_h5_has_attribute(file, object, name))
            continue;
        NR_TRY(nr_h5_read_text(file, object, name, &value));
        nr_status status = nr_plan_set(plan, fields[i], value);
        free(value);
        NR_TRY(status);
    }
    return NR_OK;
}
