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

/* Does anything wait for this sweep and these images? */
static bool waits(const context *c, uint64_t sweep, size_t first, size_t count) {
    for (size_t k = 0; k < c->rows->n_waiting; k++) {
        const waiting_row *w = &c->rows->waiting[k];
        if (w->sweep == sweep && w->image >= first && w->image < first + count)
            return true;
    }
    return false;
}

static void add_waiting(const context *c, uint64_t sweep, size_t first, size_t count) {
    for (size_t k = 0; k < c->rows->n_waiting; k++) {
        const waiting_row *w = &c->rows->waiting[k];
        if (w->sweep != sweep || w->image < first || w->image >= first + count)
            continue;
        int64_t *to = c->sum + (w->image - first) * c->rows->n;
        const int64_t *from = c->rows->values + w->place * c->rows->n;
        for (size_t i = 0; i < c->rows->n; i++) to[i] += from[i];
    }
}

static nr_status add_old(const context *c, const char *name, size_t first,
                         size_t count) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, c->layer->name, name);
    if (!c->old || !nr_h5_has(c->old, path)) return NR_OK;
    NR_TRY(nr_h5_read_rows(c->old, path, NR_H5_I64, first, count, c->part));
    for (size_t i = 0; i < count * c->rows->n; i++) c->sum[i] += c->part[i];
    return NR_OK;
}

/* Sums of sweeps [from, to) and of the old dataset `name` into the new one. */
static nr_status write_chunk(const context *c, const char *name, uint64_t from,
                             uint64_t to, bool old_sweeps, size_t first, size_t count) {
    char path[NR_LAYOUT_PATH], sweep[64];
    bool touched = false;
    nr_layout_path(path, c->layer->name, name);
    for (uint64_t s = from; s < to; s++)
        touched |= old_sweeps || waits(c, s, first, count);
    if (!touched)
        return c->old && nr_h5_has(c->old, path)
                   ? nr_h5_copy_chunk(c->old, c->file, path, first)
                   : NR_OK;
    memset(c->sum, 0, count * c->rows->n * sizeof *c->sum);
    NR_TRY(add_old(c, name, first, count));
    for (uint64_t s = from; s < to; s++) {
        add_waiting(c, s, first, count);
        sweep_name(s, sweep);
        if (old_sweeps) NR_TRY(add_old(c, sweep, first, count));
    }
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
    if (NR_NEW(c.sum, chunk) && NR_NEW(c.part, chunk)) status = write_datasets(&c);
    free(c.sum);
    free(c.part);
    return status;
}

/* ---- reading: who the images are; their values stay in the file ---- */

nr_status nr_layout_read_images(const nr_h5 *file, nr_store_layer *layer,
                                size_t n_images) {
    char path[NR_LAYOUT_PATH];
    uint32_t *files, *labels = NULL;
    size_t rows_dims[] = {n_images, layer->n_players};
    const char *name = layer->name;
    NR_TRY(nr_layout_require_dims(file, nr_layout_path(path, name, "image"), 1,
                                  &n_images));
    if (nr_fold_complete_sweeps(layer->fold) > 0)
        NR_TRY(nr_layout_require_dims(
            file, nr_layout_path(path, name, "shapley_by_image"), 2, rows_dims));
    for (size_t k = 0; k < nr_fold_open_count(layer->fold); k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        char open[64];
        nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
        sweep_name(sweep, open);
        NR_TRY(nr_layout_require_dims(file, nr_layout_path(path, name, open), 2,
                                      rows_dims));
    }
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
