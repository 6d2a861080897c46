/* Ratings: their names and types, written and read. The numbers in a file may be
 * anybody's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"
#include "neurank/estim/posterior.h"

enum { FILTERS_MAX = 1 << 20, POINTS_MAX = 1 << 24 };
#define IMAGES_MAX (UINT32_MAX - 1)

static const char *const switch_fields[] = {
    "model", "data",    "images",  "seed",      "node",      "estimator",
    "draws", "block",   "alpha0",  "batch",     "optimizer", "lr",
    "scale", "kernels", "numbers", NR_PLAN_BLAS};
static const char *const baseline_fields[] = {
    "model",  "data",   "images",  "seed",    "node",
    "metric", "ablate", "kernels", "numbers", NR_PLAN_BLAS};

const nr_rating_layout nr_rating_layouts[NR_RATING_KINDS] = {
    [NR_RATING_SWITCH] =
        {.name = "switch",
         .fields = switch_fields,
         .n_fields = sizeof switch_fields / sizeof *switch_fields,
         .counts = {"steps", "goal_epochs", "halvings"},
         .n_counts = 3,
         .numbers = {"learning_rate", "divergence_sum", "divergence_before"},
         .n_numbers = 3,
         .arrays = {{"state/log_phi", NULL, NR_H5_F64, NR_AXIS_FILTER},
                    {"state/first_moment", NULL, NR_H5_F64, NR_AXIS_FILTER},
                    {"state/second_moment", NULL, NR_H5_F64, NR_AXIS_FILTER},
                    {"state/now", NULL, NR_H5_I64, NR_AXIS_IMAGE},
                    {"state/before", NULL, NR_H5_I64, NR_AXIS_IMAGE},
                    {"trace_step", "steps up to here", NR_H5_U64, NR_AXIS_POINT},
                    {"trace_log_likelihood",
                     "mean ln p of an image since the point before", NR_H5_F64,
                     NR_AXIS_POINT},
                    {"trace_divergence", "mean KL to the prior, per image, since then",
                     NR_H5_F64, NR_AXIS_POINT}},
         .n_arrays = 8},
    [NR_RATING_BASELINE] = {
        .name = "baseline",
        .fields = baseline_fields,
        .n_fields = sizeof baseline_fields / sizeof *baseline_fields,
        .counts = {"images_seen"},
        .n_counts = 1,
        .arrays = {{"l1", "sum of the filter's absolute weights", NR_H5_F64,
                    NR_AXIS_FILTER},
                   {"l2", "root of the sum of the filter's squared weights", NR_H5_F64,
                    NR_AXIS_FILTER},
                   {"bn_scale", "absolute scale of the BatchNorm behind the filter",
                    NR_H5_F64, NR_AXIS_FILTER},
                   {"random", "uniform random number", NR_H5_F64, NR_AXIS_FILTER},
                   {"state/sums", NULL, NR_H5_U64, NR_AXIS_LANES}},
        .n_arrays = 5}};

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
    const nr_rating_layout *layout = &nr_rating_layouts[r->kind];
    nr_digest *digest;
    NR_TRY(nr_digest_new(&digest));
    nr_layout_digest_plan(digest, layout->fields, layout->n_fields, &r->plan);
    uint64_t rule = r->ended_by;
    nr_digest_add(digest, &rule, sizeof rule);
    nr_digest_add(digest, r->counts, sizeof r->counts);
    nr_digest_add(digest, r->numbers, sizeof r->numbers);
    for (size_t k = 0; k < layout->n_arrays; k++)
        nr_digest_add(digest, r->arrays[k],
                      nr_rating_array_count(r, k) * sizeof(uint64_t));
    nr_digest_text(digest, text);
    nr_digest_free(digest);
    return NR_OK;
}

/* ---- writing ---- */

static nr_status write_facts(nr_h5 *file, const nr_rating *r) {
    const nr_rating_layout *layout = &nr_rating_layouts[r->kind];
    char group[NR_LAYOUT_PATH], digest[NR_DIGEST_TEXT];
    path_of(group, r, "");
    NR_TRY(nr_h5_write_text(file, group, "status",
                            nr_rating_is_complete(r) ? "complete" : "partial"));
    NR_TRY(nr_h5_write_text(file, group, "ended_by", nr_rule_name(r->ended_by)));
    NR_TRY(nr_h5_write_attribute(file, group, "seconds", NR_H5_F64, 1, &r->seconds));
    for (size_t k = 0; k < layout->n_counts; k++)
        NR_TRY(nr_h5_write_attribute(file, group, layout->counts[k], NR_H5_U64, 1,
                                     &r->counts[k]));
    for (size_t k = 0; k < layout->n_numbers; k++)
        NR_TRY(nr_h5_write_attribute(file, group, layout->numbers[k], NR_H5_F64, 1,
                                     &r->numbers[k]));
    NR_TRY(nr_layout_write_plan(file, group, &r->plan));
    NR_TRY(digest_of(r, digest));
    return nr_h5_write_text(file, group, "digest", digest);
}

static nr_status write_axes(nr_h5 *file, const nr_rating *r) {
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_h5_make_scale(file, path_of(path, r, "filter"),
                            "output channel of the layer", NULL, r->n));
    NR_TRY(nr_h5_make_group(file, path_of(path, r, "state")));
    if (r->kind != NR_RATING_SWITCH)
        return nr_h5_make_scale(file, path_of(path, r, "state/word"),
                                "low and high words of sums", NULL,
                                2 * (size_t)NR_BASELINE_LANES);
    if (r->n_points > 0)
        NR_TRY(nr_h5_make_scale(file, path_of(path, r, "point"), "point of the trace",
                                NULL, r->n_points));
    return nr_h5_make_scale(file, path_of(path, r, "state/image"),
                            "image, in the order of the run", NULL, r->n_images);
}

static nr_status write_array(nr_h5 *file, const nr_rating *r, size_t k) {
    static const char *const axes[] = {[NR_AXIS_FILTER] = "filter",
                                       [NR_AXIS_IMAGE] = "state/image",
                                       [NR_AXIS_POINT] = "point",
                                       [NR_AXIS_LANES] = "state/word"};
    const nr_rating_array *array = &nr_rating_layouts[r->kind].arrays[k];
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH];
    bool lanes = array->axis == NR_AXIS_LANES;
    size_t count = nr_rating_array_count(r, k);
    if (count == 0) return NR_OK;
    nr_h5_dataset dataset = {
        .path = path_of(path, r, array->name),
        .type = array->type,
        .rank = lanes ? 2 : 1,
        .dims = {lanes ? count / r->n : count, r->n},
        .scales = {path_of(axis, r, axes[array->axis]), path_of(filter, r, "filter")},
        .long_name = array->long_name,
        .units = is_result(array) ? "1" : NULL};
    return nr_h5_make_dataset(file, &dataset, r->arrays[k]);
}

static nr_status write_column(nr_h5 *file, const nr_rating *r, const char *name,
                              const char *long_name, nr_h5_type type,
                              const void *values) {
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {.path = path_of(path, r, name),
                             .type = type,
                             .rank = 1,
                             .dims = {r->n},
                             .scales = {path_of(axis, r, "filter")},
                             .long_name = long_name,
                             .units = "1"};
    return nr_h5_make_dataset(file, &dataset, values);
}

static nr_status write_posterior(nr_h5 *file, const nr_rating *r,
                                 const nr_posterior *p) {
    const struct {
        const char *name, *long_name;
        nr_h5_type type;
        const void *values;
    } columns[] = {
        {"phi", "parameter of the Dirichlet posterior", NR_H5_F64, p->phi},
        {"mean", "posterior mean of the filter's share", NR_H5_F64, p->mean},
        {"std_dev", "posterior standard deviation", NR_H5_F64, p->std_dev},
        {"ci_low", "lower end of the credible interval", NR_H5_F64, p->ci_low},
        {"ci_high", "upper end of the credible interval", NR_H5_F64, p->ci_high},
        {"joint_low", "the same, for all filters together", NR_H5_F64, p->joint_low},
        {"joint_high", "the same, for all filters together", NR_H5_F64, p->joint_high},
        {"rank", "place by posterior mean, 0 is the best", NR_H5_U32, p->rank},
        {"rank_low", "best place that the joint intervals allow", NR_H5_U32,
         p->rank_low},
        {"rank_high", "worst place that the joint intervals allow", NR_H5_U32,
         p->rank_high},
        {"tie_group", "neighbours that joint intervals part from all others", NR_H5_U32,
         p->group}};
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        NR_TRY(write_column(file, r, columns[k].name, columns[k].long_name,
                            columns[k].type, columns[k].values));
    return NR_OK;
}

static nr_status write_switch(nr_h5 *file, const nr_rating *r, double confidence) {
    nr_posterior *posterior;
    NR_TRY(nr_posterior_new(r->n, r->arrays[NR_SWITCH_U], confidence, &posterior));
    nr_status status = write_posterior(file, r, posterior);
    nr_posterior_free(posterior);
    return status;
}

static nr_status write_baseline(nr_h5 *file, const nr_rating *r) {
    static const char *const long_names[NR_BASELINE_MEANS] = {
        "mean absolute activation where the next layer reads it",
        "mean over images of |sum of activation times gradient of ln p|",
        "score of the network minus its score without the filter"};
    double *mean, *error = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(mean, r->n) || !NR_NEW(error, r->n)) goto err_free;
    status = NR_OK;
    for (size_t k = 0; k < NR_BASELINE_MEANS && status == NR_OK; k++) {
        char name[64];
        nr_baseline_estimate(r, k, mean, error);
        status =
            write_column(file, r, nr_baseline_means[k], long_names[k], NR_H5_F64, mean);
        snprintf(name, sizeof name, "%s_error", nr_baseline_means[k]);
        if (status == NR_OK)
            status = write_column(file, r, name, "its standard error over images",
                                  NR_H5_F64, error);
    }
err_free:
    free(mean);
    free(error);
    return status;
}

nr_status nr_layout_write_rating(nr_h5 *file, const nr_rating *r, double confidence) {
    char group[NR_LAYOUT_PATH], layer[NR_LAYOUT_PATH];
    snprintf(layer, sizeof layer, "/%s", r->layer);
    if (!nr_h5_has(file, layer)) NR_TRY(nr_h5_make_group(file, layer));
    NR_TRY(nr_h5_make_group(file, path_of(group, r, "")));
    NR_TRY(write_axes(file, r));
    NR_TRY(write_facts(file, r));
    for (size_t k = 0; k < nr_rating_layouts[r->kind].n_arrays; k++)
        NR_TRY(write_array(file, r, k));
    return r->kind == NR_RATING_SWITCH ? write_switch(file, r, confidence)
                                       : write_baseline(file, r);
}

/* ---- reading ---- */

static nr_status read_axis(const nr_h5 *file, const nr_rating *r, const char *name,
                           size_t most, size_t *n) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    bool has;
    *n = 0;
    NR_TRY(nr_h5_find(file, path_of(path, r, name), &has));
    if (!has && strcmp(name, "point") == 0) return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    NR_REQUIRE(rank == 1 && dims[0] > 0 && dims[0] <= most, NR_ERR_INPUT,
               "%s: %s has %zu entries", nr_h5_path(file), path, rank ? dims[0] : 0);
    NR_TRY(nr_h5_require_stored(file, path));
    *n = dims[0];
    return NR_OK;
}

static nr_status read_axes(const nr_h5 *file, nr_rating *r) {
    NR_TRY(read_axis(file, r, "filter", FILTERS_MAX, &r->n));
    if (r->kind != NR_RATING_SWITCH) return NR_OK;
    NR_TRY(read_axis(file, r, "state/image", IMAGES_MAX, &r->n_images));
    NR_REQUIRE(r->n_images == nr_plan_get_u64(&r->plan, "images"), NR_ERR_INPUT,
               "%s: the switch of layer \"%s\" has %zu images, its plan says %s",
               nr_h5_path(file), r->layer, r->n_images,
               nr_plan_get(&r->plan, "images"));
    return read_axis(file, r, "point", POINTS_MAX, &r->n_points);
}

static nr_status read_facts(const nr_h5 *file, const char *group, nr_rating *r) {
    const nr_rating_layout *layout = &nr_rating_layouts[r->kind];
    char *text;
    NR_TRY(nr_h5_read_attribute(file, group, "seconds", 1, &r->seconds));
    for (size_t k = 0; k < layout->n_counts; k++)
        NR_TRY(nr_h5_read_attribute_u64(file, group, layout->counts[k], &r->counts[k]));
    for (size_t k = 0; k < layout->n_numbers; k++)
        NR_TRY(
            nr_h5_read_attribute(file, group, layout->numbers[k], 1, &r->numbers[k]));
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
    const nr_rating_layout *layout = &nr_rating_layouts[r->kind];
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_rating_allocate(r));
    for (size_t k = 0; k < layout->n_arrays; k++) {
        size_t count = nr_rating_array_count(r, k);
        if (count == 0) continue;
        NR_TRY(nr_h5_read(file, path_of(path, r, layout->arrays[k].name),
                          layout->arrays[k].type, count, r->arrays[k]));
    }
    return NR_OK;
}

/* Can a run of this kind have ended, or stopped, like that? */
static bool rule_fits(const nr_rating *r) {
    if (!nr_rule_is_end(r->ended_by)) return true;
    if (r->kind == NR_RATING_BASELINE) return r->ended_by == NR_RULE_IMAGES;
    return r->ended_by == NR_RULE_EPOCHS || r->ended_by == NR_RULE_CONVERGED;
}

/* What a next step would be computed from: a switch's steps would not end with
 * parameters that are no numbers. */
static nr_status check_numbers(const nr_h5 *file, const char *group,
                               const nr_rating *r) {
    NR_REQUIRE(rule_fits(r), NR_ERR_INPUT, "%s: %s ended by \"%s\"", nr_h5_path(file),
               group, nr_rule_name(r->ended_by));
    NR_REQUIRE(r->seconds >= 0 && isfinite(r->seconds), NR_ERR_INPUT,
               "%s: seconds of %s is %g, a number of at least 0 is expected",
               nr_h5_path(file), group, r->seconds);
    for (size_t k = 0; k < nr_rating_layouts[r->kind].n_numbers; k++)
        NR_REQUIRE(isfinite(r->numbers[k]), NR_ERR_INPUT, "%s: %s of %s is %g",
                   nr_h5_path(file), nr_rating_layouts[r->kind].numbers[k], group,
                   r->numbers[k]);
    const double *u = r->arrays[NR_SWITCH_U];
    for (size_t j = 0; j < r->n && r->kind == NR_RATING_SWITCH; j++)
        NR_REQUIRE(fabs(u[j]) < NR_SWITCH_U_LIMIT, NR_ERR_INPUT,
                   "%s: %s/state/log_phi of filter %zu is %g, below %d is expected",
                   nr_h5_path(file), group, j, u[j], NR_SWITCH_U_LIMIT);
    return NR_OK;
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
    const nr_rating_layout *layout = &nr_rating_layouts[r->kind];
    char group[NR_LAYOUT_PATH];
    path_of(group, r, "");
    NR_TRY(
        nr_layout_read_plan(file, group, layout->fields, layout->n_fields, &r->plan));
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
        snprintf(group, sizeof group, "/%s/%s", layer, nr_rating_layouts[kind].name);
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
