/* Names and types of stored curves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/version.h"
#include "neurank/store/curve.h"

enum { NAME = NR_CURVE_METHOD + 16 };

/* "/<layer>/<quantity>_<method>" */
static const char *path_of(char path[NR_LAYOUT_PATH], const nr_curve *c,
                           const char *quantity, size_t method) {
    char name[NAME];
    snprintf(name, sizeof name, "%s_%s", quantity, c->methods[method]);
    return nr_layout_path(path, c->layer, name);
}

/* ---- writing ---- */

static nr_status write_method(nr_h5 *file, const nr_curve *c, size_t m) {
    char path[NR_LAYOUT_PATH], kept[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH];
    nr_h5_dataset d = {.type = NR_H5_F64, .rank = 1, .dims = {c->n_points}};
    nr_layout_path(kept, c->layer, "kept");
    nr_layout_path(filter, c->layer, "filter");
    d.scales[0] = kept;
    d.path = path_of(path, c, "accuracy", m);
    d.long_name = "part of the images that are classified rightly";
    NR_TRY(nr_h5_make_dataset(file, &d, c->accuracy + m * c->n_points));
    d.path = path_of(path, c, "loss", m);
    d.long_name = "mean cross-entropy";
    d.units = "nat";
    NR_TRY(nr_h5_make_dataset(file, &d, c->loss + m * c->n_points));
    d = (nr_h5_dataset){.type = NR_H5_U32,
                        .rank = 1,
                        .dims = {c->n},
                        .scales = {filter},
                        .path = path_of(path, c, "order", m),
                        .long_name = "channels in the order in which they are kept"};
    return nr_h5_make_dataset(file, &d, c->orders + m * c->n);
}

static nr_status write_methods(nr_h5 *file, const char *group, const nr_curve *c) {
    size_t bytes = c->n_methods * NR_CURVE_METHOD + 1, used = 0;
    char *text = nr_new(bytes, 1);
    if (!text) return NR_ERR_INTERNAL;
    for (size_t m = 0; m < c->n_methods; m++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", m ? "," : "",
                                 c->methods[m]);
    nr_status status = nr_h5_write_text(file, group, "methods", text);
    free(text);
    return status;
}

static nr_status write_curve(nr_h5 *file, const nr_curve *c) {
    char group[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    snprintf(group, sizeof group, "/%s", c->layer);
    NR_TRY(nr_h5_make_group(file, group));
    NR_TRY(write_methods(file, group, c));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(path, c->layer, "filter"),
                            "output channel of the layer", c->filters, c->n));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(path, c->layer, "kept"),
                            "number of filters that are kept", c->kept, c->n_points));
    for (size_t m = 0; m < c->n_methods; m++) NR_TRY(write_method(file, c, m));
    return NR_OK;
}

static nr_status write_all(nr_h5 *file, const nr_curves *curves) {
    uint64_t version = NR_CURVE_VERSION;
    NR_TRY(nr_h5_write_text(file, "/", "title", "accuracy by number of filters kept"));
    NR_TRY(nr_h5_write_text(file, "/", "Conventions", "CF-1.10"));
    NR_TRY(nr_h5_write_text(file, "/", "history", curves->history));
    NR_TRY(nr_h5_write_text(file, "/", "neurank_version", NR_VERSION));
    NR_TRY(nr_h5_write_attribute(file, "/", "curve_version", NR_H5_U64, 1, &version));
    NR_TRY(nr_layout_write_plan(file, "/", (nr_plan){&nr_curve_form, &curves->plan}));
    for (size_t i = 0; i < curves->n; i++) NR_TRY(write_curve(file, &curves->items[i]));
    return NR_OK;
}

nr_status nr_curves_write(const char *path, const nr_curves *curves) {
    char *temporary;
    nr_h5 *file;
    NR_TRY(nr_publish_name(path, &temporary));
    nr_status status = nr_h5_create(temporary, &file);
    if (status == NR_OK) {
        status = nr_h5_remember(file);
        if (status == NR_OK) status = write_all(file, curves);
        if (status == NR_OK) status = nr_h5_close_checked(file);
        else nr_h5_close(file);
        if (status == NR_OK) status = nr_publish_commit(temporary, path, NULL);
        else nr_publish_abandon(temporary);
    }
    free(temporary);
    return status;
}

/* ---- reading ---- */

static nr_status read_methods(const nr_h5 *file, const char *group, size_t *n,
                              char (*out)[NR_CURVE_METHOD]) {
    char *text;
    NR_TRY(nr_h5_read_text(file, group, "methods", &text));
    nr_status status = NR_OK;
    *n = 0;
    for (const char *p = text; status == NR_OK && *p; p += *p == ',') {
        size_t length = strcspn(p, ",");
        bool good = length > 0 && length < NR_CURVE_METHOD &&
                    *n < NR_CURVE_METHODS_MAX && !memchr(p, '/', length);
        if (good) snprintf(out[(*n)++], NR_CURVE_METHOD, "%.*s", (int)length, p);
        else
            status =
                nr_fail(NR_ERR_INPUT, "%s: %s: methods \"%.60s\" are not understood",
                        nr_h5_path(file), group, text);
        p += length;
    }
    free(text);
    return status;
}

static nr_status length_of(const nr_h5 *file, const char *object, size_t *out) {
    size_t dims[NR_H5_RANK], rank;
    NR_TRY(nr_h5_require_stored(file, object));
    NR_TRY(nr_h5_dims(file, object, dims, &rank));
    NR_REQUIRE(rank == 1 && dims[0] > 0, NR_ERR_INPUT,
               "%s: %s has %zu dimensions, not 1", nr_h5_path(file), object, rank);
    *out = dims[0];
    return NR_OK;
}

/* Numbers from 0 on, each larger than the one before. */
static nr_status check_ascending(const nr_h5 *file, const char *object,
                                 const uint32_t *numbers, size_t n) {
    for (size_t i = 1; i < n; i++)
        NR_REQUIRE(numbers[i] > numbers[i - 1], NR_ERR_INPUT,
                   "%s: %s: element %zu is %u, behind %u", nr_h5_path(file), object, i,
                   numbers[i], numbers[i - 1]);
    return NR_OK;
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Every filter once. */
static nr_status check_order(const nr_h5 *file, const char *object, const nr_curve *c,
                             const uint32_t *order) {
    bool *seen;
    if (!NR_NEW(seen, c->n)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t i = 0; i < c->n && status == NR_OK; i++) {
        const uint32_t *found =
            bsearch(&order[i], c->filters, c->n, sizeof *order, by_number);
        size_t at = found ? (size_t)(found - c->filters) : c->n;
        if (at == c->n || seen[at])
            status = nr_fail(NR_ERR_INPUT, "%s: %s: filter %u at place %zu is %s",
                             nr_h5_path(file), object, order[i], i,
                             at == c->n ? "none of the layer's" : "there twice");
        else seen[at] = true;
    }
    free(seen);
    return status;
}

static nr_status read_values(const nr_h5 *file, const char *object, size_t n,
                             double high, double *out) {
    NR_TRY(nr_h5_read(file, object, NR_H5_F64, n, out));
    for (size_t i = 0; i < n; i++)
        NR_REQUIRE(out[i] >= 0 && out[i] <= high, NR_ERR_INPUT,
                   "%s: %s: element %zu is %g, 0 to %g is expected", nr_h5_path(file),
                   object, i, out[i], high);
    return NR_OK;
}

static nr_status read_curve(const nr_h5 *file, const char *layer, nr_curve *out) {
    char group[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    char methods[NR_CURVE_METHODS_MAX][NR_CURVE_METHOD];
    size_t n_methods, n, points;
    snprintf(group, sizeof group, "/%s", layer);
    NR_TRY(read_methods(file, group, &n_methods, methods));
    NR_TRY(length_of(file, nr_layout_path(path, layer, "filter"), &n));
    NR_TRY(length_of(file, nr_layout_path(path, layer, "kept"), &points));
    NR_TRY(nr_curve_make(layer, n, n_methods, points, out));
    memcpy(out->methods, methods, n_methods * sizeof *methods);
    nr_layout_path(path, layer, "filter");
    NR_TRY(nr_h5_read(file, path, NR_H5_U32, n, out->filters));
    NR_TRY(check_ascending(file, path, out->filters, n));
    nr_layout_path(path, layer, "kept");
    NR_TRY(nr_h5_read(file, path, NR_H5_U32, points, out->kept));
    NR_TRY(check_ascending(file, path, out->kept, points));
    NR_REQUIRE(out->kept[points - 1] <= n, NR_ERR_INPUT,
               "%s: %s: %u of %zu filters are kept", nr_h5_path(file), path,
               out->kept[points - 1], n);
    for (size_t m = 0; m < n_methods; m++) {
        NR_TRY(read_values(file, path_of(path, out, "accuracy", m), points, 1,
                           out->accuracy + m * points));
        NR_TRY(read_values(file, path_of(path, out, "loss", m), points, 1 << 16,
                           out->loss + m * points));
        path_of(path, out, "order", m);
        NR_TRY(nr_h5_read(file, path, NR_H5_U32, n, out->orders + m * n));
        NR_TRY(check_order(file, path, out, out->orders + m * n));
    }
    return NR_OK;
}

static nr_status read_all(const nr_h5 *file, nr_curves *out) {
    char **layers;
    size_t n;
    uint64_t version;
    NR_REQUIRE(nr_h5_has_attribute(file, "/", "curve_version"), NR_ERR_MISMATCH,
               "%s: holds no curves", nr_h5_path(file));
    NR_TRY(nr_h5_read_attribute_u64(file, "/", "curve_version", &version));
    NR_REQUIRE(version == NR_CURVE_VERSION, NR_ERR_MISMATCH,
               "%s: curves of format %llu, this program has %d", nr_h5_path(file),
               (unsigned long long)version, NR_CURVE_VERSION);
    NR_TRY(nr_layout_read_plan(file, "/", &nr_curve_form, &out->plan));
    NR_TRY(nr_h5_read_text(file, "/", "history", &out->history));
    NR_TRY(nr_h5_groups(file, "/", &layers, &n));
    nr_status status = NR_OK;
    for (size_t i = 0; i < n; i++) {
        nr_curve curve = {0};
        if (status == NR_OK) status = read_curve(file, layers[i], &curve);
        if (status == NR_OK) status = nr_curves_add(out, &curve);
        nr_curve_clear(&curve);
        free(layers[i]);
    }
    free(layers);
    return status;
}

nr_status nr_curves_detect(const char *path, bool *is_curves) {
    nr_h5 *file;
    NR_TRY(nr_h5_open(path, &file));
    *is_curves = nr_h5_has_attribute(file, "/", "curve_version");
    nr_h5_close(file);
    return NR_OK;
}

nr_status nr_curves_read(const char *path, nr_curves *out) {
    nr_h5 *file;
    *out = (nr_curves){0};
    NR_TRY(nr_h5_open(path, &file));
    nr_status status = read_all(file, out);
    nr_h5_close(file);
    if (status != NR_OK) nr_curves_clear(out);
    return status;
}
