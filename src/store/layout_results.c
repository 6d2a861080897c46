/* What people read: a column a quantity, and a table by class. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

typedef struct {
    const char *name, *long_name;
    bool in_units; /* of the score, else a pure number */
    const double *values;
} column;

typedef struct {
    const char *name, *long_name;
    const uint32_t *values;
} places;

static const char *unit_of(const nr_store_layer *layer) {
    bool loss = strcmp(nr_plan_get(&layer->plan, "metric"), "loss") == 0;
    return loss ? "nat" : "1";
}

static nr_status write_column(nr_h5 *file, const char *layer, const char *name,
                              const char *long_name, const char *units, nr_h5_type type,
                              size_t n, const void *values) {
    char path[NR_LAYOUT_PATH], scale[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {.path = nr_layout_path(path, layer, name),
                             .type = type,
                             .rank = 1,
                             .dims = {n},
                             .scales = {nr_layout_path(scale, layer, "filter")},
                             .long_name = long_name,
                             .units = units};
    return nr_h5_make_dataset(file, &dataset, values);
}

static nr_status write_columns(nr_h5 *file, const nr_store_layer *layer,
                               const nr_results *r) {
    const column columns[] = {
        {"shapley", "Shapley value", true, r->shapley},
        {"std_error", "standard error for these images", true, r->std_error},
        {"ci_low", "lower end of the interval for these images", true, r->ci_low},
        {"ci_high", "upper end of the interval for these images", true, r->ci_high},
        {"joint_low", "the same, for all filters together", true, r->joint_low},
        {"joint_high", "the same, for all filters together", true, r->joint_high},
        {"population_error", "standard error for the population of images", true,
         r->population_error},
        {"population_low", "lower end of the interval for the population", true,
         r->population_low},
        {"population_high", "upper end of the interval for the population", true,
         r->population_high},
        {"population_joint_low", "the same, for all filters together", true,
         r->population_joint_low},
        {"population_joint_high", "the same, for all filters together", true,
         r->population_joint_high},
        {"freedom", "degrees of freedom of std_error", false, r->freedom},
        {"antithetic_ratio", "variance of pairs over that of independent walks", false,
         r->antithetic},
        {"strata_ratio", "variance over that without stratified keys", false,
         r->strata}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        NR_TRY(write_column(file, layer->name, columns[i].name, columns[i].long_name,
                            columns[i].in_units ? unit_of(layer) : "1", NR_H5_F64, r->n,
                            columns[i].values));
    return NR_OK;
}

static nr_status write_places(nr_h5 *file, const nr_store_layer *layer,
                              const nr_results *r) {
    const places all[] = {
        {"rank", "place by Shapley value, 0 is the best", r->rank},
        {"rank_low", "best place that the joint intervals allow", r->rank_low},
        {"rank_high", "worst place that the joint intervals allow", r->rank_high},
        {"tie_group", "neighbours that joint intervals part from all others",
         r->group}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        NR_TRY(write_column(file, layer->name, all[i].name, all[i].long_name, "1",
                            NR_H5_U32, r->n, all[i].values));
    return NR_OK;
}

static nr_status write_flag(nr_h5 *file, const char *layer, const char *name,
                            const char *long_name, const char *meanings, size_t n,
                            const uint8_t *values) {
    static const uint8_t flags[] = {0, 1};
    char path[NR_LAYOUT_PATH];
    NR_TRY(write_column(file, layer, name, long_name, NULL, NR_H5_U8, n, values));
    nr_layout_path(path, layer, name);
    NR_TRY(nr_h5_write_attribute(file, path, "flag_values", NR_H5_U8, 2, flags));
    return nr_h5_write_text(file, path, "flag_meanings", meanings);
}

/* ---- by class ---- */

typedef struct {
    double *shapley, *error; /* [n_classes, n] */
    uint32_t *images;        /* [n_classes] */
} class_table;

/* As with everything else, an exact run knows nothing before it is complete. */
static void fill_class_table(const nr_store_layer *layer, const nr_results *r,
                             const nr_class_sums *sums, class_table *table) {
    for (uint32_t c = 0; c < nr_class_sums_classes(sums); c++) {
        uint64_t sweeps = r->sweeps ? r->sweeps : 1;
        table->images[c] = (uint32_t)(nr_class_sums_images(sums, c) / sweeps);
        for (size_t i = 0; i < r->n; i++) {
            double *shapley = table->shapley + c * r->n + i;
            double *error = table->error + c * r->n + i;
            nr_class_sums_estimate(sums, c, i, shapley, error);
            if (layer->units.pieces > 0) *error = isnan(*shapley) ? NAN : 0;
            if (isnan(r->shapley[i])) *shapley = *error = NAN;
        }
    }
}

static nr_status write_class_table(nr_h5 *file, const nr_store_layer *layer, size_t n,
                                   size_t n_classes, const class_table *table) {
    char class_[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    nr_layout_path(class_, layer->name, "class");
    nr_layout_path(filter, layer->name, "filter");
    NR_TRY(nr_h5_make_scale(file, class_, "class of the images", NULL, n_classes));
    nr_h5_dataset values = {.type = NR_H5_F64,
                            .rank = 2,
                            .dims = {n_classes, n},
                            .scales = {class_, filter},
                            .units = unit_of(layer)};
    values.path = nr_layout_path(path, layer->name, "shapley_by_class");
    values.long_name = "Shapley value over the images of one class";
    NR_TRY(nr_h5_make_dataset(file, &values, table->shapley));
    values.path = nr_layout_path(path, layer->name, "std_error_by_class");
    values.long_name = "standard error of shapley_by_class for these images";
    NR_TRY(nr_h5_make_dataset(file, &values, table->error));
    nr_h5_dataset images = {.path =
                                nr_layout_path(path, layer->name, "images_by_class"),
                            .type = NR_H5_U32,
                            .rank = 1,
                            .dims = {n_classes},
                            .scales = {class_},
                            .long_name = "evaluation images of the class",
                            .units = "1"};
    return nr_h5_make_dataset(file, &images, table->images);
}

static nr_status write_classes(nr_h5 *file, const nr_store_layer *layer,
                               const nr_results *r) {
    uint64_t sweeps;
    const nr_class_sums *sums = nr_tally_classes(nr_fold_result(layer->fold, &sweeps));
    class_table table = {0};
    nr_status status = NR_ERR_INTERNAL;
    if (!sums) return NR_OK;
    size_t n_classes = nr_class_sums_classes(sums), n = nr_size_mul(n_classes, r->n);
    if (NR_NEW(table.shapley, n) && NR_NEW(table.error, n) &&
        NR_NEW(table.images, n_classes)) {
        fill_class_table(layer, r, sums, &table);
        status = write_class_table(file, layer, r->n, n_classes, &table);
    }
    free(table.shapley);
    free(table.error);
    free(table.images);
    return status;
}

nr_status nr_layout_write_results(nr_h5 *file, const nr_store *store,
                                  const nr_store_layer *layer) {
    nr_results *r;
    NR_TRY(nr_store_results(store, layer, &r));
    nr_status status = write_columns(file, layer, r);
    if (status == NR_OK) status = write_places(file, layer, r);
    if (status == NR_OK)
        status = write_flag(file, layer->name, "dead",
                            "keeping the filter changes nothing on any image",
                            "live dead", r->n, r->dead);
    if (status == NR_OK)
        status = write_flag(file, layer->name, "unreliable",
                            "interval that rests on too few events",
                            "reliable unreliable", r->n, r->unreliable);
    if (status == NR_OK) status = write_classes(file, layer, r);
    nr_results_free(r);
    return status;
}
