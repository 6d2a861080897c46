#include "neurank/dataset/import.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_private.h"
#include "neurank/base/clock.h"
#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/h5/file.h"

typedef struct {
    size_t n, c, h, w;
    bool is_float;
} image_shape;

enum { SLAB_BYTES = 8 << 20, EXTENT_MAX = 1 << 20 };

static size_t row_elements(image_shape s) {
    return s.c * s.h * s.w;
}

/* Images a slab, at least one. */
static size_t slab_images(image_shape s) {
    size_t images = SLAB_BYTES / (row_elements(s) * sizeof(float)) + 1;
    return images < s.n ? images : s.n;
}

static nr_status check_extents(const char *path, image_shape s) {
    NR_REQUIRE(s.n > 0 && s.n < UINT32_MAX, NR_ERR_INPUT, "%s: %zu images", path, s.n);
    NR_REQUIRE(s.c > 0 && s.c <= EXTENT_MAX && s.h > 0 && s.h <= EXTENT_MAX &&
                   s.w > 0 && s.w <= EXTENT_MAX && row_elements(s) <= 1U << 28,
               NR_ERR_INPUT, "%s: images of %zu x %zu x %zu", path, s.c, s.h, s.w);
    return NR_OK;
}

/* ---- writing ---- */

static nr_status write_channels(nr_h5 *file, const char *name, const char *option,
                                const double *values, size_t n, size_t c,
                                double preset) {
    double single = preset;
    NR_REQUIRE(n <= 1 || n == c, NR_ERR_USAGE,
               "%s has %zu numbers, 1 or %zu (one a channel) are expected", option, n,
               c);
    return nr_h5_write_attribute(file, "/images", name, NR_H5_F64, n ? n : 1,
                                 n ? values : &single);
}

static nr_status make_file(const nr_import_spec *spec, image_shape s, nr_h5 *file) {
    char when[NR_TIME_TEXT], history[NR_LOG_LINE];
    double scale = isnan(spec->scale) ? (s.is_float ? 1.0 : 1.0 / 255) : spec->scale;
    nr_clock_text(when);
    snprintf(history, sizeof history, "%s: %s", when, spec->history);
    NR_TRY(nr_h5_write_text(file, "/", "title", "Evaluation images for neurank"));
    NR_TRY(nr_h5_write_text(file, "/", "Conventions", "CF-1.10"));
    NR_TRY(nr_h5_write_text(file, "/", "history", history));
    NR_TRY(nr_h5_make_scale(file, "/image", "image", NULL, s.n));
    NR_TRY(nr_h5_make_scale(file, "/channel", "colour channel", NULL, s.c));
    NR_TRY(nr_h5_make_scale(file, "/row", "pixel row", NULL, s.h));
    NR_TRY(nr_h5_make_scale(file, "/column", "pixel column", NULL, s.w));
    nr_h5_dataset images = {.path = "/images",
                            .type = s.is_float ? NR_H5_F32 : NR_H5_U8,
                            .rank = 4,
                            .dims = {s.n, s.c, s.h, s.w},
                            .scales = {"/image", "/channel", "/row", "/column"},
                            .long_name = "pixels; the network sees "
                                         "(pixel * scale - mean) / std"};
    nr_h5_dataset labels = {.path = "/labels",
                            .type = NR_H5_I32,
                            .rank = 1,
                            .dims = {s.n},
                            .scales = {"/image"},
                            .long_name = "class of each image"};
    NR_TRY(nr_h5_make_dataset(file, &images, NULL));
    NR_TRY(nr_h5_make_dataset(file, &labels, NULL));
    NR_TRY(nr_h5_write_attribute(file, "/images", "scale", NR_H5_F64, 1, &scale));
    NR_TRY(write_channels(file, "mean", "--mean", spec->mean, spec->n_mean, s.c, 0));
    return write_channels(file, "std", "--std", spec->std, spec->n_std, s.c, 1);
}

/* ---- copying ---- */

static nr_status copy_images(nr_source *source, image_shape s, nr_h5 *file) {
    size_t slab = slab_images(s), row = row_elements(s);
    void *buffer = nr_new(nr_size_mul(slab, row), s.is_float ? sizeof(float) : 1);
    if (!buffer) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t first = 0; first < s.n && status == NR_OK; first += slab) {
        size_t count = s.n - first < slab ? s.n - first : slab;
        status = s.is_float ? nr_source_floats(source, count * row, buffer)
                            : nr_source_bytes(source, count * row, buffer);
        if (status == NR_OK)
            status =
                nr_h5_write_rows(file, "/images", s.is_float ? NR_H5_F32 : NR_H5_U8,
                                 first, count, buffer);
    }
    free(buffer);
    return status == NR_OK ? nr_source_end(source) : status;
}

static nr_status write_labels(nr_h5 *file, const char *path, const int64_t *labels,
                              size_t first, size_t n) {
    int32_t *small;
    if (!NR_NEW(small, n)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t i = 0; i < n && status == NR_OK; i++) {
        if (labels[i] < 0 || labels[i] > INT32_MAX)
            status = nr_fail(NR_ERR_INPUT, "%s: label %lld of image %zu", path,
                             (long long)labels[i], first + i);
        small[i] = (int32_t)labels[i];
    }
    if (status == NR_OK)
        status = nr_h5_write_rows(file, "/labels", NR_H5_I32, first, n, small);
    free(small);
    return status;
}

static nr_status copy_labels(nr_source *source, size_t n, nr_h5 *file) {
    enum { PIECE = 4096 };
    int64_t labels[PIECE];
    for (size_t first = 0; first < n; first += PIECE) {
        size_t count = n - first < PIECE ? n - first : PIECE;
        NR_TRY(nr_source_integers(source, count, labels));
        NR_TRY(write_labels(file, source->path, labels, first, count));
    }
    return nr_source_end(source);
}

/* ---- IDX and npy: one file of images, one of labels ---- */

static nr_status shape_of(const nr_source *images, const nr_source *labels,
                          image_shape *out) {
    bool has_channels = images->rank == 4;
    NR_REQUIRE(images->rank == 3 || has_channels, NR_ERR_INPUT,
               "%s: images have %zu dimensions, 3 or 4 are expected: (n, h, w) or "
               "(n, c, h, w)",
               images->path, images->rank);
    bool bytes = images->element == NR_ELEMENT_U8;
    NR_REQUIRE(bytes || images->element == NR_ELEMENT_F32 ||
                   images->element == NR_ELEMENT_F64,
               NR_ERR_INPUT, "%s: images are neither uint8 nor float", images->path);
    NR_REQUIRE(labels->element != NR_ELEMENT_F32 && labels->element != NR_ELEMENT_F64,
               NR_ERR_INPUT, "%s: labels are not integers", labels->path);
    NR_REQUIRE(labels->rank == 1 && labels->dims[0] == images->dims[0], NR_ERR_INPUT,
               "%s: %zu labels in %zu dimensions for %zu images", labels->path,
               labels->dims[0], labels->rank, images->dims[0]);
    *out = (image_shape){.n = images->dims[0],
                         .c = has_channels ? images->dims[1] : 1,
                         .h = images->dims[has_channels ? 2 : 1],
                         .w = images->dims[has_channels ? 3 : 2],
                         .is_float = !bytes};
    return check_extents(images->path, *out);
}

static nr_status import_two(const nr_import_spec *spec, nr_h5 *file) {
    nr_source images, labels;
    image_shape shape;
    nr_status (*open_source)(const char *, nr_source *) =
        spec->format == NR_IMPORT_IDX ? nr_source_open_idx : nr_source_open_npy;
    NR_TRY(open_source(spec->inputs[0], &images));
    nr_status status = open_source(spec->inputs[1], &labels);
    if (status != NR_OK) goto err_images;
    NR_TRY_GOTO(shape_of(&images, &labels, &shape), err_labels);
    NR_TRY_GOTO(make_file(spec, shape, file), err_labels);
    NR_TRY_GOTO(copy_images(&images, shape, file), err_labels);
    status = copy_labels(&labels, shape.n, file);
err_labels:
    nr_source_close(&labels);
err_images:
    nr_source_close(&images);
    return status;
}

/* ---- CIFAR-10 ---- */

enum { CIFAR_PIXELS = 3 * 32 * 32, CIFAR_RECORD = 1 + CIFAR_PIXELS };

/* Plain files only: their size gives the number of records. */
static nr_status cifar_count(const char *path, size_t *out) {
    FILE *file = fopen(path, "rb");
    NR_REQUIRE(file, NR_ERR_INPUT, "%s: cannot open: %s", path, strerror(errno));
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    fclose(file);
    NR_REQUIRE(size > 0 && size % CIFAR_RECORD == 0, NR_ERR_INPUT,
               "%s: %ld bytes are no whole number of CIFAR-10 records of %d bytes",
               path, size, CIFAR_RECORD);
    *out = (size_t)size / CIFAR_RECORD;
    return NR_OK;
}

static nr_status cifar_copy(const char *path, size_t n, size_t first, nr_h5 *file) {
    enum { PIECE = 256 };
    nr_source source;
    int64_t labels[PIECE];
    uint8_t *records;
    NR_TRY(nr_source_open_file(path, &source));
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(records, (size_t)PIECE * CIFAR_RECORD)) goto err_close;
    status = NR_OK;
    for (size_t done = 0; done < n && status == NR_OK; done += PIECE) {
        size_t count = n - done < PIECE ? n - done : PIECE;
        status = nr_source_bytes(&source, count * CIFAR_RECORD, records);
        for (size_t i = 0; i < count && status == NR_OK; i++) {
            labels[i] = records[i * CIFAR_RECORD];
            if (labels[i] > 9)
                status = nr_fail(NR_ERR_INPUT,
                                 "%s: label %lld of image %zu is not in 0..9: not a "
                                 "CIFAR-10 file",
                                 path, (long long)labels[i], done + i);
            memmove(records + i * CIFAR_PIXELS, records + i * CIFAR_RECORD + 1,
                    CIFAR_PIXELS);
        }
        if (status == NR_OK)
            status = nr_h5_write_rows(file, "/images", NR_H5_U8, first + done, count,
                                      records);
        if (status == NR_OK)
            status = write_labels(file, path, labels, first + done, count);
    }
    free(records);
err_close:
    nr_source_close(&source);
    return status;
}

static nr_status import_cifar(const nr_import_spec *spec, nr_h5 *file) {
    image_shape shape = {.c = 3, .h = 32, .w = 32};
    size_t first = 0, count;
    for (size_t i = 0; i < spec->n_inputs; i++) {
        NR_TRY(cifar_count(spec->inputs[i], &count));
        shape.n += count;
    }
    NR_TRY(make_file(spec, shape, file));
    for (size_t i = 0; i < spec->n_inputs; i++) {
        NR_TRY(cifar_count(spec->inputs[i], &count));
        NR_TRY(cifar_copy(spec->inputs[i], count, first, file));
        first += count;
    }
    return NR_OK;
}

nr_status nr_import_run(const nr_import_spec *spec) {
    char *temporary;
    nr_h5 *file;
    NR_TRY(nr_publish_check(spec->output, spec->inputs, spec->n_inputs));
    NR_TRY(nr_publish_name(spec->output, &temporary));
    nr_status status = nr_h5_create(temporary, &file);
    if (status == NR_OK) {
        status = spec->format == NR_IMPORT_CIFAR10 ? import_cifar(spec, file)
                                                   : import_two(spec, file);
        nr_status closed = nr_h5_close(file);
        if (status == NR_OK) status = closed;
        if (status == NR_OK) status = nr_publish_commit(temporary, spec->output, NULL);
        else nr_publish_abandon(temporary);
    }
    free(temporary);
    return status;
}
