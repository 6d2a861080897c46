/* What people read: a column a quantity, and a table by class. */
#include <math.h>
#include <stdlib.h>

#include "layout.h"
#include "neurank/base/memory.h"

enum { CLASS_PIECE_VALUES = 1 << 14 };

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
    return nr_metric_rows[layer->plan.metric].unit;
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

/* A few classes at a time. */
typedef struct {
    size_t first, count, most;
    double *shapley, *error; /* [most, n] */
} class_piece;

/* As with everything else, an exact run knows nothing before it is complete. */
static void fill_piece(const nr_store_layer *layer, const nr_results *r,
                       const nr_class_sums *sums, class_piece *piece) {
    for (size_t k = 0; k < piece->count * r->n; k++) {
        size_t c = piece->first + k / r->n, i = k % r->n;
        double *shapley = piece->shapley + k, *error = piece->error + k;
        nr_class_sums_estimate(sums, (uint32_t)c, i, shapley, error);
        if (nr_store_is_exact(layer)) *error = isnan(*shapley) ? NAN : 0;
        if (isnan(r->shapley[i])) *shapley = *error = NAN;
    }
}

static nr_status write_piece(nr_h5 *file, const nr_store_layer *layer,
                             const class_piece *piece) {
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_h5_write_rows(file, nr_layout_path(path, layer->name, "shapley_by_class"),
                            NR_H5_F64, piece->first, piece->count, piece->shapley));
    return nr_h5_write_rows(file,
                            nr_layout_path(path, layer->name, "std_error_by_class"),
                            NR_H5_F64, piece->first, piece->count, piece->error);
}

static nr_status write_pieces(nr_h5 *file, const nr_store_layer *layer,
                              const nr_results *r, const nr_class_sums *sums) {
    size_t classes = nr_class_sums_classes(sums);
    class_piece piece = {.most = CLASS_PIECE_VALUES / r->n + 1};
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(piece.shapley, nr_size_mul(piece.most, r->n)) &&
        NR_NEW(piece.error, nr_size_mul(piece.most, r->n)))
        status = NR_OK;
    while (piece.first < classes && status == NR_OK) {
        size_t left = classes - piece.first;
        piece.count = left < piece.most ? left : piece.most;
        fill_piece(layer, r, sums, &piece);
        status = write_piece(file, layer, &piece);
        piece.first += piece.count;
    }
    free(piece.shapley);
    free(piece.error);
    return status;
}

static nr_status make_class_tables(nr_h5 *file, const nr_store_layer *layer, size_t n,
                                   size_t n_classes) {
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
    NR_TRY(nr_h5_make_dataset(file, &values, NULL));
    values.path = nr_layout_path(path, layer->name, "std_error_by_class");
    values.long_name = "standard error of shapley_by_class for these images";
    return nr_h5_make_dataset(file, &values, NULL);
}

static nr_status write_class_images(nr_h5 *file, const nr_store_layer *layer,
                                    const nr_results *r, const nr_class_sums *sums) {
    char class_[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    size_t n = nr_class_sums_classes(sums);
    nr_h5_dataset dataset = {.path =
                                 nr_layout_path(path, layer->name, "images_by_class"),
                             .type = NR_H5_U32,
                             .rank = 1,
                             .dims = {n},
                             .scales = {nr_layout_path(class_, layer->name, "class")},
                             .long_name = "evaluation images of the class",
                             .units = "1"};
    uint32_t *images;
    if (!NR_NEW(images, n)) return NR_ERR_INTERNAL;
    for (uint32_t c = 0; c < n; c++)
        images[c] =
            (uint32_t)(nr_class_sums_images(sums, c) / (r->sweeps ? r->sweeps : 1));
    nr_status status = nr_h5_make_dataset(file, &dataset, images);
    free(images);
    return status;
}

static nr_status write_classes(nr_h5 *file, const nr_store_layer *layer,
                               const nr_results *r) {
    uint64_t sweeps;
    const nr_class_sums *sums = nr_tally_classes(nr_fold_result(layer->fold, &sweeps));
    if (!sums) return NR_OK;
    NR_TRY(make_class_tables(file, layer, r->n, nr_class_sums_classes(sums)));
    NR_TRY(write_pieces(file, layer, r, sums));
    return write_class_images(file, layer, r, sums);
}

nr_status nr_layout_write_results(nr_h5 *file, const nr_store_layer *layer,
                                  const nr_results *r) {
    NR_TRY(write_columns(file, layer, r));
    NR_TRY(write_places(file, layer, r));
    NR_TRY(write_flag(file, layer->name, "dead",
                      "keeping the filter changes nothing on any image", "live dead",
                      r->n, r->dead));
    NR_TRY(write_flag(file, layer->name, "unreliable",
                      "interval that rests on too few events", "reliable unreliable",
                      r->n, r->unreliable));
    return write_classes(file, layer, r);
}
