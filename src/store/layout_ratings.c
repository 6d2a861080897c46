/* Ratings: their names and types, written and read. The numbers in a file may be
 * anybody's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

#define IMAGES_MAX (UINT32_MAX - 1)

/* Scales: their names, and how long one may be that is read. */
static const struct {
    const char *name, *long_name;
    size_t most;
} axes[NR_AXES] = {
    [NR_AXIS_FILTER] = {"filter", "output channel of the layer", 1 << 20},
    [NR_AXIS_LANES] = {"state/word", "low and high words of sums", 0},
    [NR_AXIS_POINT] = {"point", "point of the trace", 1 << 24},
    [NR_AXIS_IMAGE] = {"state/image", "image, in the order of the run", IMAGES_MAX}};

static bool has_axis(const nr_rating *r, nr_rating_axis axis) {
    const nr_rating_array *array = nr_rating_rows[r->kind].arrays;
    while (array->name && array->axis != axis) array++;
    return array->name != NULL;
}

/* "/<layer>/<kind>/<name>"; without a name, the group. */
static const char *path_of(char path[NR_LAYOUT_PATH], const nr_rating *r,
                           const char *name) {
    snprintf(path, NR_LAYOUT_PATH, "/%s/%s%s%s", r->layer, nr_rating_name(r->kind),
             *name ? "/" : "", name);
    return path;
}

static bool is_result(const nr_rating_array *array) {
    return strncmp(array->name, "state/", 6) != 0;
}

/* ---- digest ---- */

static nr_status digest_of(const nr_rating *r, char text[NR_DIGEST_TEXT]) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    nr_digest *digest;
    NR_TRY(nr_digest_new(&digest));
    nr_layout_digest_plan(digest, nr_rating_get_plan(r));
    uint64_t rule = r->ended_by;
    nr_digest_add(digest, &rule, sizeof rule);
    nr_digest_add(digest, r->counts, sizeof r->counts);
    nr_digest_add(digest, r->numbers, sizeof r->numbers);
    for (size_t k = 0; row->arrays[k].name; k++)
        nr_digest_add(digest, r->arrays[k],
                      nr_rating_array_count(r, k) * sizeof(uint64_t));
    nr_digest_text(digest, text);
    nr_digest_free(digest);
    return NR_OK;
}

/* ---- writing ---- */

static nr_status write_facts(nr_h5 *file, const nr_rating *r) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    char group[NR_LAYOUT_PATH], digest[NR_DIGEST_TEXT];
    path_of(group, r, "");
    NR_TRY(nr_h5_write_text(file, group, "status",
                            nr_rating_is_complete(r) ? "complete" : "partial"));
    NR_TRY(nr_h5_write_text(file, group, "ended_by", nr_rule_name(r->ended_by)));
    NR_TRY(nr_h5_write_attribute(file, group, "seconds", NR_H5_F64, 1, &r->seconds));
    for (size_t k = 0; row->counts[k]; k++)
        NR_TRY(nr_h5_write_attribute(file, group, row->counts[k], NR_H5_U64, 1,
                                     &r->counts[k]));
    for (size_t k = 0; row->numbers[k]; k++)
        NR_TRY(nr_h5_write_attribute(file, group, row->numbers[k], NR_H5_F64, 1,
                                     &r->numbers[k]));
    NR_TRY(nr_layout_write_plan(file, group, nr_rating_get_plan(r)));
    NR_TRY(digest_of(r, digest));
    return nr_h5_write_text(file, group, "digest", digest);
}

static nr_status write_axis(nr_h5 *file, const nr_rating *r, nr_rating_axis axis) {
    char path[NR_LAYOUT_PATH];
    size_t n = nr_rating_axis_count(r, axis);
    if (!has_axis(r, axis) || n == 0) return NR_OK;
    return nr_h5_make_scale(file, path_of(path, r, axes[axis].name),
                            axes[axis].long_name, NULL, n);
}

static nr_status write_axes(nr_h5 *file, const nr_rating *r) {
    char path[NR_LAYOUT_PATH];
    NR_TRY(write_axis(file, r, NR_AXIS_FILTER));
    NR_TRY(nr_h5_make_group(file, path_of(path, r, "state")));
    for (int axis = NR_AXIS_FILTER + 1; axis < NR_AXES; axis++)
        NR_TRY(write_axis(file, r, (nr_rating_axis)axis));
    return NR_OK;
}

static nr_status write_array(nr_h5 *file, const nr_rating *r, size_t k) {
    const nr_rating_array *array = &nr_rating_rows[r->kind].arrays[k];
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH];
    bool lanes = array->axis == NR_AXIS_LANES;
    size_t count = nr_rating_array_count(r, k);
    if (count == 0) return NR_OK;
    nr_h5_dataset dataset = {.path = path_of(path, r, array->name),
                             .type = array->type,
                             .rank = lanes ? 2 : 1,
                             .dims = {nr_rating_axis_count(r, array->axis), r->n},
                             .scales = {path_of(axis, r, axes[array->axis].name),
                                        path_of(filter, r, "filter")},
                             .long_name = array->long_name,
                             .units = is_result(array) ? "1" : NULL};
    return nr_h5_make_dataset(file, &dataset, r->arrays[k]);
}

static nr_status write_result(nr_h5 *file, const nr_rating *r,
                              const nr_rating_result *result) {
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {.path = path_of(path, r, result->name),
                             .type = result->type,
                             .rank = 1,
                             .dims = {r->n},
                             .scales = {path_of(axis, r, "filter")},
                             .long_name = result->long_name,
                             .units = "1"};
    return nr_h5_make_dataset(file, &dataset, result->values);
}

static nr_status write_results(nr_h5 *file, const nr_rating *r, double confidence) {
    nr_rating_results all = {.n = 0};
    nr_status status = nr_rating_rows[r->kind].results(r, confidence, &all);
    for (size_t k = 0; k < all.n && status == NR_OK; k++)
        status = write_result(file, r, &all.results[k]);
    nr_rating_results_clear(&all);
    return status;
}

nr_status nr_layout_write_rating(nr_h5 *file, const nr_rating *r, double confidence) {
    char group[NR_LAYOUT_PATH], layer[NR_LAYOUT_PATH];
    snprintf(layer, sizeof layer, "/%s", r->layer);
    if (!nr_h5_has(file, layer)) NR_TRY(nr_h5_make_group(file, layer));
    NR_TRY(nr_h5_make_group(file, path_of(group, r, "")));
    NR_TRY(write_axes(file, r));
    NR_TRY(write_facts(file, r));
    for (size_t k = 0; nr_rating_rows[r->kind].arrays[k].name; k++)
        NR_TRY(write_array(file, r, k));
    return write_results(file, r, confidence);
}

/* ---- reading ---- */

static nr_status read_axis(const nr_h5 *file, const nr_rating *r, nr_rating_axis axis,
                           size_t *n) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    bool has;
    *n = 0;
    NR_TRY(nr_h5_find(file, path_of(path, r, axes[axis].name), &has));
    if (!has && axis == NR_AXIS_POINT) return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    NR_REQUIRE(rank == 1 && dims[0] > 0 && dims[0] <= axes[axis].most, NR_ERR_INPUT,
               "%s: %s has %zu entries", nr_h5_path(file), path, rank ? dims[0] : 0);
    NR_TRY(nr_h5_require_stored(file, path));
    *n = dims[0];
    return NR_OK;
}

static nr_status read_axes(const nr_h5 *file, nr_rating *r) {
    NR_TRY(read_axis(file, r, NR_AXIS_FILTER, &r->n));
    if (has_axis(r, NR_AXIS_IMAGE)) {
        NR_TRY(read_axis(file, r, NR_AXIS_IMAGE, &r->n_images));
        NR_REQUIRE(r->n_images == r->plan.in.images, NR_ERR_INPUT,
                   "%s: the %s of layer \"%s\" has %zu images, its plan says %llu",
                   nr_h5_path(file), nr_rating_name(r->kind), r->layer, r->n_images,
                   (unsigned long long)r->plan.in.images);
    }
    return has_axis(r, NR_AXIS_POINT) ? read_axis(file, r, NR_AXIS_POINT, &r->n_points)
                                      : NR_OK;
}

static nr_status read_facts(const nr_h5 *file, const char *group, nr_rating *r) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    char *text;
    NR_TRY(nr_h5_read_attribute(file, group, "seconds", 1, &r->seconds));
    for (size_t k = 0; row->counts[k]; k++)
        NR_TRY(nr_h5_read_attribute_u64(file, group, row->counts[k], &r->counts[k]));
    for (size_t k = 0; row->numbers[k]; k++)
        NR_TRY(nr_h5_read_attribute(file, group, row->numbers[k], 1, &r->numbers[k]));
    NR_TRY(nr_h5_read_text(file, group, "ended_by", &text));
    r->ended_by = nr_rule_find(text);
    nr_status status = NR_OK;
    if (r->ended_by == NR_RULE_COUNT)
        status = nr_fail(NR_ERR_INPUT, "%s: %s ended by \"%s\"", nr_h5_path(file),
                         group, text);
    free(text);
    return status;
}

static nr_status read_arrays(const nr_h5 *file, nr_rating *r) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_rating_allocate(r));
    for (size_t k = 0; row->arrays[k].name; k++) {
        size_t count = nr_rating_array_count(r, k);
        if (count == 0) continue;
        NR_TRY(nr_h5_read(file, path_of(path, r, row->arrays[k].name),
                          row->arrays[k].type, count, r->arrays[k]));
    }
    return NR_OK;
}

/* What a next step would be computed from. */
static nr_status check_numbers(const nr_h5 *file, const char *group,
                               const nr_rating *r) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    NR_REQUIRE(!nr_rule_is_end(r->ended_by) || row->ends[r->ended_by], NR_ERR_INPUT,
               "%s: %s ended by \"%s\"", nr_h5_path(file), group,
               nr_rule_name(r->ended_by));
    NR_REQUIRE(r->seconds >= 0 && isfinite(r->seconds), NR_ERR_INPUT,
               "%s: seconds of %s is %g, a number of at least 0 is expected",
               nr_h5_path(file), group, r->seconds);
    for (size_t k = 0; row->numbers[k]; k++)
        NR_REQUIRE(isfinite(r->numbers[k]), NR_ERR_INPUT, "%s: %s of %s is %g",
                   nr_h5_path(file), row->numbers[k], group, r->numbers[k]);
    return row->check ? row->check(file, group, r) : NR_OK;
}

static nr_status check_digest(const nr_h5 *file, const char *group,
                              const nr_rating *r) {
    char now[NR_DIGEST_TEXT], *then;
    NR_TRY(digest_of(r, now));
    NR_TRY(nr_h5_read_text(file, group, "digest", &then));
    bool same = strcmp(now, then) == 0;
    free(then);
    NR_REQUIRE(same, NR_ERR_INPUT,
               "%s: %s is damaged: its plan or state is not what was written",
               nr_h5_path(file), group);
    return NR_OK;
}

static nr_status read_rating(const nr_h5 *file, nr_rating *r) {
    const nr_rating_row *row = &nr_rating_rows[r->kind];
    char group[NR_LAYOUT_PATH];
    path_of(group, r, "");
    NR_TRY(nr_layout_read_plan(file, group, row->form, &r->plan));
    NR_TRY(read_axes(file, r));
    NR_TRY(read_facts(file, group, r));
    NR_TRY(read_arrays(file, r));
    NR_TRY(check_numbers(file, group, r));
    return check_digest(file, group, r);
}

nr_status nr_layout_read_ratings(const nr_h5 *file, const char *layer,
                                 nr_store *store) {
    for (int kind = 0; kind < NR_RATING_KINDS; kind++) {
        nr_rating r = {.kind = (nr_rating_kind)kind};
        char group[NR_LAYOUT_PATH];
        bool has;
        snprintf(group, sizeof group, "/%s/%s", layer, nr_rating_rows[kind].name);
        NR_TRY(nr_h5_find(file, group, &has));
        if (!has) continue;
        nr_status status = (r.layer = nr_strdup(layer)) ? NR_OK : NR_ERR_INTERNAL;
        if (status == NR_OK) status = read_rating(file, &r);
        if (status == NR_OK) status = nr_store_add_rating(store, &r);
        if (status != NR_OK) {
            nr_rating_clear(&r);
            return status;
        }
    }
    return NR_OK;
}
