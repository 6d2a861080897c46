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
    const nr_store *store; /* its files: what values by image go on from */
    const nr_store_layer *layer;
    const nr_image_rows *rows;
    uint64_t
        *closed; /* [n_closed] sweeps that are open in a source, and complete now */
    size_t n_closed, capacity;
    int64_t *sum, *part; /* [chunk_rows, n] */
    nr_wide *columns;    /* [n] over all images, of what was written anew */
} context;

/* What a dataset holds: one open sweep, or all complete ones. */
typedef struct {
    const char *name;
    bool complete;
    uint64_t sweep;
} target;

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
    nr_layout_path(path, c->layer->name, "shapley_by_image");
    NR_TRY(nr_h5_write_text(c->file, path, "units",
                            nr_metric_rows[c->layer->plan.metric].unit));
    return nr_h5_write_attribute(c->file, path, "scale_factor", NR_H5_F64, 1, &factor);
}

/* ---- a chunk ---- */

static bool belongs(const context *c, const target *t, uint64_t sweep) {
    return t->complete ? nr_fold_sweep_is_complete(c->layer->fold, sweep)
                       : sweep == t->sweep;
}

static bool is_wanted(const context *c, const target *t, const waiting_row *w,
                      size_t first, size_t count) {
    return w->image >= first && w->image < first + count && belongs(c, t, w->sweep);
}

/* Does anything wait for this dataset and these images? */
static bool waits(const context *c, const target *t, size_t first, size_t count) {
    for (size_t k = 0; k < c->rows->n_waiting; k++)
        if (is_wanted(c, t, &c->rows->waiting[k], first, count)) return true;
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

static nr_status add_waiting(const context *c, const target *t, size_t first,
                             size_t count) {
    size_t n = c->rows->n;
    for (size_t k = 0; k < c->rows->n_waiting; k++) {
        const waiting_row *w = &c->rows->waiting[k];
        if (!is_wanted(c, t, w, first, count)) continue;
        NR_TRY(add_row(c, c->rows->values + w->place * n, n,
                       c->sum + (w->image - first) * n));
    }
    return NR_OK;
}

/* What the sources have of a dataset. */
static nr_status add_old(const context *c, const char *name, size_t first,
                         size_t count) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, c->layer->name, name);
    for (size_t k = 0; k < c->store->n_files; k++) {
        const nr_h5 *old = c->store->files[k];
        bool has;
        NR_TRY(nr_h5_find(old, path, &has));
        if (!has) continue;
        NR_TRY(nr_h5_read_rows(old, path, NR_H5_I64, first, count, c->part));
        NR_TRY(add_row(c, c->part, count * c->rows->n, c->sum));
    }
    return NR_OK;
}

/* The only source that has this dataset; NULL if none or several have it. */
static nr_status only_source(const context *c, const char *path, const nr_h5 **out) {
    size_t n = 0;
    for (size_t k = 0; k < c->store->n_files; k++) {
        bool has;
        NR_TRY(nr_h5_find(c->store->files[k], path, &has));
        if (has) *out = c->store->files[k];
        n += has;
    }
    if (n != 1) *out = NULL;
    return NR_OK;
}

static void add_columns(const context *c, size_t count) {
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < c->rows->n; i++)
            c->columns[i] += c->sum[r * c->rows->n + i];
}

/* Values by image add up to the sums of the same work: exactly, where they are not the
 * rounded shares of an exact run. */
static bool columns_fit(const nr_store_layer *layer, const nr_tally *tally,
                        const nr_wide *columns) {
    enum { SHIFT = NR_FINE_BITS - NR_QUANTUM_BITS - 2 };
    const nr_wide *sum = nr_tally_sum(tally);
    nr_wide slack = nr_store_is_exact(layer)
                        ? (nr_wide)layer->plan.units.units_per_sweep *
                                  (nr_wide)layer->plan.units.blocks_per_unit +
                              1
                        : 0;
    for (size_t i = 0; i < layer->n_players; i++) {
        nr_wide left = columns[i] - (sum[i] >> SHIFT);
        if (left > slack || -left > slack) return false;
    }
    return true;
}

static nr_status check_columns(const context *c) {
    NR_REQUIRE(
        columns_fit(c->layer, nr_fold_complete_tally(c->layer->fold), c->columns),
        NR_ERR_STORE,
        "layer \"%s\": values by image do not add up to the layer's sums: the store "
        "was damaged or replaced",
        c->layer->name);
    return NR_OK;
}

/* A chunk to which nothing is added is copied as it is stored. Columns are summed where
 * every chunk is written anew. */
static nr_status write_chunk(const context *c, const target *t, bool anew, size_t first,
                             size_t count) {
    char path[NR_LAYOUT_PATH], sweep[64];
    nr_layout_path(path, c->layer->name, t->name);
    const nr_h5 *old = NULL;
    NR_TRY(only_source(c, path, &old));
    if (old && !anew && !waits(c, t, first, count))
        return nr_h5_copy_chunk(old, c->file, path, first);
    memset(c->sum, 0, count * c->rows->n * sizeof *c->sum);
    NR_TRY(add_old(c, t->name, first, count));
    NR_TRY(add_waiting(c, t, first, count));
    for (size_t k = 0; t->complete && k < c->n_closed; k++) {
        sweep_name(c->closed[k], sweep);
        NR_TRY(add_old(c, sweep, first, count));
    }
    if (anew) add_columns(c, count);
    return nr_h5_write_rows(c->file, path, NR_H5_I64, first, count, c->sum);
}

static size_t chunk_count(const nr_image_rows *rows) {
    return (rows->n_images + rows->chunk_rows - 1) / rows->chunk_rows;
}

/* Chunks with an image of a finished unit: those have to be there, whatever HDF5 says
 * of a file that it cannot read. done NULL: all units are finished. */
static void mark_chunks(const nr_store_layer *layer, const uint8_t *done, bool *marks) {
    size_t rows = layer->images->chunk_rows;
    memset(marks, !done, chunk_count(layer->images) * sizeof *marks);
    for (uint64_t u = 0; done && u < layer->plan.units.units_per_sweep; u++) {
        nr_unit unit = nr_units_get(&layer->plan.units, u);
        size_t end = (size_t)(unit.first_block + unit.n_blocks - 1) / rows;
        for (size_t k = (size_t)unit.first_block / rows; done[u] && k <= end; k++)
            marks[k] = true;
    }
}

static nr_status write_chunks(const context *c, const target *t, const uint8_t *done,
                              bool anew) {
    size_t n = c->rows->n_images, step = c->rows->chunk_rows;
    bool *marks;
    nr_status status = NR_OK;
    if (!NR_NEW(marks, chunk_count(c->rows))) return NR_ERR_INTERNAL;
    mark_chunks(c->layer, done, marks);
    for (size_t k = 0; k * step < n && status == NR_OK; k++)
        if (marks[k])
            status = write_chunk(c, t, anew, k * step,
                                 n - k * step < step ? n - k * step : step);
    free(marks);
    return status;
}

/* ---- the datasets ---- */

/* Sweeps that are open in a source and complete now. */
static nr_status find_closed_in(context *c, const nr_h5 *old) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    uint64_t *sweeps;
    bool has;
    nr_layout_path(path, c->layer->name, "state/open_sweep");
    NR_TRY(nr_h5_find(old, path, &has));
    if (!has) return NR_OK;
    NR_TRY(nr_h5_dims(old, path, dims, &rank));
    NR_TRY(nr_grow((void **)&c->closed, &c->capacity, nr_size_add(c->n_closed, dims[0]),
                   sizeof *c->closed));
    if (!NR_NEW(sweeps, dims[0])) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read(old, path, NR_H5_U64, dims[0], sweeps);
    for (size_t k = 0; k < dims[0] && status == NR_OK; k++) {
        bool known = !nr_fold_sweep_is_complete(c->layer->fold, sweeps[k]);
        for (size_t i = 0; i < c->n_closed; i++) known |= c->closed[i] == sweeps[k];
        if (!known) c->closed[c->n_closed++] = sweeps[k];
    }
    free(sweeps);
    return status;
}

/* Is there anything for the complete sweeps that no source had among them? */
static bool complete_grew(const context *c, const target *t) {
    return c->n_closed > 0 || c->store->n_files != 1 ||
           waits(c, t, 0, c->rows->n_images);
}

static nr_status write_complete(const context *c, uint64_t sweeps) {
    const target all = {.name = "shapley_by_image", .complete = true};
    bool anew = complete_grew(c, &all);
    NR_TRY(make_rows(c, all.name, "Shapley value of the image"));
    NR_TRY(write_scale(c, sweeps));
    NR_TRY(write_chunks(c, &all, NULL, anew));
    return anew ? check_columns(c) : NR_OK;
}

static nr_status write_open(const context *c, size_t k) {
    target open = {0};
    const uint8_t *done;
    const nr_tally *tally;
    char name[64];
    nr_fold_open_get(c->layer->fold, k, &open.sweep, &done, &tally);
    sweep_name(open.sweep, name);
    open.name = name;
    NR_TRY(make_rows(c, name, "by image, over finished units of an open sweep"));
    return write_chunks(c, &open, done, false);
}

static nr_status write_datasets(context *c) {
    uint64_t sweeps = nr_fold_complete_sweeps(c->layer->fold);
    for (size_t k = 0; k < c->store->n_files; k++)
        NR_TRY(find_closed_in(c, c->store->files[k]));
    NR_TRY(make_axes(c));
    if (sweeps > 0) NR_TRY(write_complete(c, sweeps));
    for (size_t k = 0; k < nr_fold_open_count(c->layer->fold); k++)
        NR_TRY(write_open(c, k));
    return NR_OK;
}

nr_status nr_layout_write_images(nr_h5 *file, const nr_store *store,
                                 const nr_store_layer *layer) {
    const nr_image_rows *rows = layer->images;
    context c = {.file = file, .store = store, .layer = layer, .rows = rows};
    size_t chunk = nr_size_mul(rows->chunk_rows, rows->n);
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(c.sum, chunk) && NR_NEW(c.part, chunk) && NR_NEW(c.columns, rows->n))
        status = write_datasets(&c);
    free(c.columns);
    free(c.closed);
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

static nr_status check_rows(const nr_h5 *file, const nr_store_layer *layer,
                            const char *name, const uint8_t *done) {
    char path[NR_LAYOUT_PATH];
    size_t dims[] = {layer->images->n_images, layer->n_players}, chunks, wanted = 0;
    bool *marks;
    nr_layout_path(path, layer->name, name);
    NR_TRY(nr_layout_require_dims(file, path, 2, dims));
    NR_TRY(nr_h5_stored_chunks(file, path, &chunks));
    if (!NR_NEW(marks, chunk_count(layer->images))) return NR_ERR_INTERNAL;
    mark_chunks(layer, done, marks);
    for (size_t k = 0; k < chunk_count(layer->images); k++) wanted += marks[k];
    free(marks);
    NR_REQUIRE(chunks == wanted, NR_ERR_INPUT,
               "%s: %s has %zu chunks, the finished units fill %zu", nr_h5_path(file),
               path, chunks, wanted);
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

/* ---- checking: values by image against the sums ---- */

static nr_status sum_columns(const nr_h5 *file, const context *c, const char *path) {
    size_t n = c->rows->n_images, step = c->rows->chunk_rows;
    memset(c->columns, 0, c->rows->n * sizeof *c->columns);
    for (size_t first = 0; first < n; first += step) {
        size_t count = n - first < step ? n - first : step;
        NR_TRY(nr_h5_read_rows(file, path, NR_H5_I64, first, count, c->sum));
        add_columns(c, count);
    }
    return NR_OK;
}

static nr_status check_dataset(const nr_h5 *file, const context *c, const char *name,
                               const nr_tally *tally) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, c->layer->name, name);
    NR_TRY(sum_columns(file, c, path));
    NR_REQUIRE(columns_fit(c->layer, tally, c->columns), NR_ERR_INPUT,
               "%s is damaged: %s does not add up to the layer's sums",
               nr_h5_path(file), path);
    return NR_OK;
}

static nr_status check_datasets(const nr_h5 *file, const context *c) {
    const nr_fold *fold = c->layer->fold;
    if (nr_fold_complete_sweeps(fold) > 0)
        NR_TRY(
            check_dataset(file, c, "shapley_by_image", nr_fold_complete_tally(fold)));
    for (size_t k = 0; k < nr_fold_open_count(fold); k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        char name[64];
        nr_fold_open_get(fold, k, &sweep, &done, &tally);
        sweep_name(sweep, name);
        NR_TRY(check_dataset(file, c, name, tally));
    }
    return NR_OK;
}

nr_status nr_layout_check_images(const nr_h5 *file, const nr_store_layer *layer) {
    context c = {.layer = layer, .rows = layer->images};
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(c.sum, nr_size_mul(c.rows->chunk_rows, c.rows->n)) &&
        NR_NEW(c.columns, c.rows->n))
        status = check_datasets(file, &c);
    free(c.columns);
    free(c.sum);
    return status;
}
