/* Values by image on their way from one file into the next. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_rows_private.h"
#include "layout.h"
#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"

typedef struct {
    nr_h5 *file;
    const nr_h5 *old;
    const nr_store_layer *layer;
    const nr_image_rows *rows;
    int64_t *sum, *part; /* [chunk_rows, n] */
    nr_wide *columns;    /* [n] over all images, of what was written anew */
} context;

static void sweep_name(uint64_t sweep, char name[64]) {
    snprintf(name, 64, "state/by_image_%llu", (unsigned long long)sweep);
}

static nr_status make_axes(const context *c) {
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH];
    const nr_image_rows *rows = c->rows;
    nr_layout_path(axis, c->layer->name, "image");
    NR_TRY(nr_h5_make_scale(c->file, axis, "position of the image in the data file",
                            rows->files, rows->n_images));
    nr_h5_dataset labels = {.path =
                                nr_layout_path(path, c->layer->name, "label_by_image"),
                            .type = NR_H5_U32,
                            .rank = 1,
                            .dims = {rows->n_images},
                            .scales = {axis},
                            .long_name = "class of the image",
                            .units = "1"};
    return nr_h5_make_dataset(c->file, &labels, rows->labels);
}

static nr_status make_rows(const context *c, const char *name, const char *long_name) {
    char path[NR_LAYOUT_PATH], axis[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {
        .path = nr_layout_path(path, c->layer->name, name),
        .type = NR_H5_I64,
        .rank = 2,
        .dims = {c->rows->n_images, c->rows->n},
        .scales = {nr_layout_path(axis, c->layer->name, "image"),
                   nr_layout_path(filter, c->layer->name, "filter")},
        .long_name = long_name,
        .chunk_rows = c->rows->chunk_rows};
    return nr_h5_make_dataset(c->file, &dataset, NULL);
}

/* CF: what a reader sees is the stored number times scale_factor. */
static nr_status write_scale(const context *c, uint64_t sweeps) {
    char path[NR_LAYOUT_PATH];
    double factor = ldexp(1, -NR_QUANTUM_BITS) / 4 / (double)sweeps;
    bool loss = strcmp(nr_plan_get(&c->layer->plan, "metric"), "loss") == 0;
    nr_layout_path(path, c->layer->name, "shapley_by_image");
    NR_TRY(nr_h5_write_text(c->file, path, "units", loss ? "nat" : "1"));
    return nr_h5_write_attribute(c->file, path, "scale_factor", NR_H5_F64, 1, &factor);
}

/* ---- a chunk ---- */

static bool is_wanted(const waiting_row *w, uint64_t from, uint64_t to, size_t first,
                      size_t count) {
    return w->sweep >= from && w->sweep < to && w->image >= first &&
           w->image < first + count;
}

/* Does anything wait for these sweeps and images? */
static bool waits(const context *c, uint64_t from, uint64_t to, size_t first,
                  size_t count) {
    for (size_t k = 0; k < c->rows->n_waiting; k++)
        if (is_wanted(&c->rows->waiting[k], from, to, first, count)) return true;
    return false;
}

static nr_status add_row(const context *c, const int64_t *from, size_t n, int64_t *to) {
    bool good = true;
    for (size_t i = 0; i < n && good; i++)
        good = !__builtin_add_overflow(to[i], from[i], &to[i]);
    NR_REQUIRE(
        good, NR_ERR_INPUT,
        "layer \"%s\": values by image in the store are too large: damaged file?",
        c->layer->name);
    return NR_OK;
}

static nr_status add_waiting(const context *c, uint64_t from, uint64_t to, size_t first,
                             size_t count) {
    size_t n = c->rows->n;
    for (size_t k = 0; k < c->rows->n_waiting; k++) {
        const waiting_row *w = &c->rows->waiting[k];
        if (!is_wanted(w, from, to, first, count)) continue;
        NR_TRY(add_row(c, c->rows->values + w->place * n, n,
                       c->sum + (w->image - first) * n));
    }
    return NR_OK;
}

static nr_status add_old(const context *c, const char *name, size_t first,
                         size_t count) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, c->layer->name, name);
    if (!c->old || !nr_h5_has(c->old, path)) return NR_OK;
    NR_TRY(nr_h5_read_rows(c->old, path, NR_H5_I64, first, count, c->part));
    return add_row(c, c->part, count * c->rows->n, c->sum);
}

static void add_columns(const context *c, size_t count) {
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < c->rows->n; i++)
            c->columns[i] += c->sum[r * c->rows->n + i];
}

/* Values by image add up to the layer's sums: exactly, where they are not the rounded
 * shares of an exact run. */
static nr_status check_columns(const context *c) {
    enum { SHIFT = NR_FINE_BITS - NR_QUANTUM_BITS - 2 };
    const nr_wide *sum = nr_tally_sum(nr_fold_complete_tally(c->layer->fold));
    nr_wide slack = c->layer->units.pieces > 0
                        ? (nr_wide)c->layer->units.units_per_sweep *
                                  (nr_wide)c->layer->units.blocks_per_unit +
                              1
                        : 0;
    for (size_t i = 0; i < c->rows->n; i++) {
        nr_wide left = c->columns[i] - (sum[i] >> SHIFT);
        NR_REQUIRE(
            left <= slack && -left <= slack, NR_ERR_STORE,
            "layer \"%s\": values by image do not add up to the layer's sums: the "
            "store was damaged or replaced",
            c->layer->name);
    }
    return NR_OK;
}

/* Sums of sweeps [from, to) and of the old dataset `name` into the new one. */
static nr_status write_chunk(const context *c, const char *name, uint64_t from,
                             uint64_t to, bool old_sweeps, size_t first, size_t count) {
    char path[NR_LAYOUT_PATH], sweep[64];
    nr_layout_path(path, c->layer->name, name);
    if (!(old_sweeps && from < to) && !waits(c, from, to, first, count))
        return c->old && nr_h5_has(c->old, path)
                   ? nr_h5_copy_chunk(c->old, c->file, path, first)
                   : NR_OK;
    memset(c->sum, 0, count * c->rows->n * sizeof *c->sum);
    NR_TRY(add_old(c, name, first, count));
    NR_TRY(add_waiting(c, from, to, first, count));
    for (uint64_t s = from; old_sweeps && s < to; s++) {
        sweep_name(s, sweep);
        NR_TRY(add_old(c, sweep, first, count));
    }
    if (old_sweeps) add_columns(c, count);
    return nr_h5_write_rows(c->file, path, NR_H5_I64, first, count, c->sum);
}

static nr_status write_chunks(const context *c, const char *name, uint64_t from,
                              uint64_t to, bool old_sweeps) {
    size_t n = c->rows->n_images, step = c->rows->chunk_rows;
    for (size_t first = 0; first < n; first += step)
        NR_TRY(write_chunk(c, name, from, to, old_sweeps, first,
                           n - first < step ? n - first : step));
    return NR_OK;
}

/* ---- the datasets ---- */

/* Complete sweeps of the old file. */
static nr_status old_sweeps(const context *c, uint64_t *sweeps) {
    char group[NR_LAYOUT_PATH];
    *sweeps = 0;
    snprintf(group, sizeof group, "/%s", c->layer->name);
    if (!c->old || !nr_h5_has(c->old, group)) return NR_OK;
    return nr_h5_read_attribute_u64(c->old, group, "sweeps", sweeps);
}

static nr_status write_datasets(const context *c) {
    uint64_t before, now = nr_fold_complete_sweeps(c->layer->fold);
    NR_TRY(old_sweeps(c, &before));
    NR_TRY(make_axes(c));
    if (now > 0) {
        NR_TRY(make_rows(c, "shapley_by_image", "Shapley value of the image"));
        NR_TRY(write_scale(c, now));
        NR_TRY(write_chunks(c, "shapley_by_image", before, now, true));
        if (before < now) NR_TRY(check_columns(c));
    }
    for (size_t k = 0; k < nr_fold_open_count(c->layer->fold); k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        char name[64];
        nr_fold_open_get(c->layer->fold, k, &sweep, &done, &tally);
        sweep_name(sweep, name);
        NR_TRY(make_rows(c, name, "by image, over finished units of an open sweep"));
        NR_TRY(write_chunks(c, name, sweep, sweep + 1, false));
    }
    return NR_OK;
}

nr_status nr_layout_write_images(nr_h5 *file, const nr_h5 *old,
                                 const nr_store_layer *layer) {
    const nr_image_rows *rows = layer->images;
    context c = {.file = file, .old = old, .layer = layer, .rows = rows};
    size_t chunk = nr_size_mul(rows->chunk_rows, rows->n);
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(c.sum, chunk) && NR_NEW(c.part, chunk) && NR_NEW(c.columns, rows->n))
        status = write_datasets(&c);
    free(c.columns);
    free(c.sum);
    free(c.part);
    return status;
}

/* ---- reading: who the images are; their values stay in the file ---- */

static nr_status read_files(const nr_h5 *file, nr_store_layer *layer, size_t n_images) {
    char path[NR_LAYOUT_PATH];
    uint32_t *files, *labels = NULL;
    const char *name = layer->name;
    NR_TRY(nr_layout_require_dims(file, nr_layout_path(path, name, "image"), 1,
                                  &n_images));
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(files, n_images) && NR_NEW(labels, n_images))
        status = nr_h5_read(file, nr_layout_path(path, name, "image"), NR_H5_U32,
                            n_images, files);
    if (status == NR_OK)
        status = nr_h5_read(file, nr_layout_path(path, name, "label_by_image"),
                            NR_H5_U32, n_images, labels);
    if (status == NR_OK)
        status = nr_image_rows_new(n_images, layer->n_players, files, labels,
                                   &layer->images);
    free(labels);
    free(files);
    return status;
}

/* Chunks with an image of a finished unit; done NULL: all units are finished. */
static size_t count_chunks(const nr_store_layer *layer, const uint8_t *done) {
    const nr_image_rows *rows = layer->images;
    size_t n = 0, counted = 0; /* chunks looked at */
    if (!done) return (rows->n_images + rows->chunk_rows - 1) / rows->chunk_rows;
    for (uint64_t u = 0; u < layer->units.units_per_sweep; u++) {
        nr_unit unit = nr_units_get(&layer->units, u);
        size_t first = (size_t)unit.first_block / rows->chunk_rows;
        size_t end = (size_t)(unit.first_block + unit.n_blocks - 1) / rows->chunk_rows;
        if (!done[u]) continue;
        if (first < counted) first = counted;
        if (end + 1 > first) n += end + 1 - first;
        counted = end + 1;
    }
    return n;
}

static nr_status check_rows(const nr_h5 *file, const nr_store_layer *layer,
                            const char *name, const uint8_t *done) {
    char path[NR_LAYOUT_PATH];
    size_t dims[] = {layer->images->n_images, layer->n_players}, chunks;
    nr_layout_path(path, layer->name, name);
    NR_TRY(nr_layout_require_dims(file, path, 2, dims));
    NR_TRY(nr_h5_stored_chunks(file, path, &chunks));
    NR_REQUIRE(chunks == count_chunks(layer, done), NR_ERR_INPUT,
               "%s: %s has %zu chunks, the finished units fill %zu", nr_h5_path(file),
               path, chunks, count_chunks(layer, done));
    return NR_OK;
}

nr_status nr_layout_read_images(const nr_h5 *file, nr_store_layer *layer,
                                size_t n_images) {
    NR_TRY(read_files(file, layer, n_images));
    if (nr_fold_complete_sweeps(layer->fold) > 0)
        NR_TRY(check_rows(file, layer, "shapley_by_image", NULL));
    for (size_t k = 0; k < nr_fold_open_count(layer->fold); k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        char open[64];
        nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
        sweep_name(sweep, open);
        NR_TRY(check_rows(file, layer, open, done));
    }
    return NR_OK;
}
