/* Plans: text attributes of an object, a prefix before each field's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

enum { CLASSES_MAX = 1 << 20, PIECES_MAX = 1 << 24 };

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

/* ---- what a layer's texts say ---- */

static bool is_power_of_two(uint64_t x) {
    return x > 0 && (x & (x - 1)) == 0;
}

/* How the layer's work is cut. */
static nr_status read_units(const nr_h5 *file, const nr_plan *root,
                            nr_store_layer *layer) {
    const nr_plan *plan = &layer->plan;
    uint64_t images = nr_plan_get_u64(root, "images");
    uint64_t block = nr_plan_get_u64(plan, "block");
    uint64_t unit = nr_plan_get_u64(plan, "unit");
    uint64_t units = nr_plan_get_u64(plan, "units_per_sweep");
    uint64_t strata = nr_plan_get_u64(plan, "strata");
    uint64_t pieces = nr_plan_get_u64(plan, "pieces");
    uint64_t each = pieces ? pieces : 1;
    bool good = images > 0 && images < UINT32_MAX && block > 0 && images % block == 0 &&
                unit > 0 && (is_power_of_two(each) && each <= PIECES_MAX) &&
                (pieces < 2 || unit == 1) && is_power_of_two(strata) &&
                unit % strata == 0 && strata < UINT32_MAX &&
                units == (images / block + unit - 1) / unit * each;
    NR_REQUIRE(
        good, NR_ERR_INPUT,
        "%s: layer \"%s\": a plan of %llu images in blocks of %llu, units of %llu "
        "in %llu pieces, strata of %llu and %llu units a sweep",
        nr_h5_path(file), layer->name, (unsigned long long)images,
        (unsigned long long)block, (unsigned long long)unit, (unsigned long long)pieces,
        (unsigned long long)strata, (unsigned long long)units);
    layer->block_images = block;
    layer->units = (nr_units){.n_blocks = images / block,
                              .blocks_per_unit = unit,
                              .units_per_sweep = units,
                              .group_blocks = 1,
                              .strata = (uint32_t)strata,
                              .pieces = pieces};
    return NR_OK;
}

/* Pieces tell an exact run, which estimates nothing; of the others those of any other
 * word are pairs. */
static nr_estimator_kind estimator_of(const nr_store_layer *layer) {
    if (layer->units.pieces > 0) return NR_BY_ENUMERATION;
    return nr_estimator_find(nr_plan_get(&layer->plan, "estimator")) == NR_BY_ODD
               ? NR_BY_ODD
               : NR_BY_PAIRS;
}

nr_status nr_layout_read_layer_plan(const nr_h5 *file, const char *group,
                                    const nr_plan *root, nr_store_layer *layer) {
    nr_plan *plan = &layer->plan;
    NR_TRY(nr_layout_read_plan(file, group, nr_layout_fields, NR_LAYOUT_FIELDS, plan));
    NR_TRY(read_units(file, root, layer));
    layer->estimator = estimator_of(layer);
    NR_REQUIRE(nr_shard_parse(nr_plan_get(plan, "shard"), &layer->shard) &&
                   (layer->shard.count == 0 || !nr_store_is_exact(layer)),
               NR_ERR_INPUT, "%s: layer \"%s\": shard \"%s\"", nr_h5_path(file),
               layer->name, nr_plan_get(plan, "shard"));
    uint64_t classes = nr_plan_get_u64(plan, "by_class");
    NR_REQUIRE(classes <= CLASSES_MAX, NR_ERR_INPUT, "%s: layer \"%s\": %s classes",
               nr_h5_path(file), layer->name, nr_plan_get(plan, "by_class"));
    layer->n_classes = (size_t)classes;
    return NR_OK;
}
