#include "neurank/dataset/images.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/dataset/select.h"
#include "neurank/h5/file.h"

/* The fixed part of what a process has to know; counts come from a checked file. */
typedef struct {
    uint64_t n, in_file;
    uint32_t c, h, w, is_float;
    char digest[NR_DIGEST_TEXT];
} header;

struct nr_images {
    header head;
    uint32_t *labels;    /* [n] */
    uint32_t *index;     /* [n] position in the file */
    float *factor, *add; /* [c]: pixel * factor + add */
    void *pixels;        /* [n, c, h, w], or NULL when borrowed */
    const void *borrowed;
};

static size_t pixel_bytes(const nr_images *images) {
    return images->head.is_float ? sizeof(float) : 1;
}

static size_t image_size(const nr_images *images) {
    return (size_t)images->head.c * images->head.h * images->head.w;
}

/* ---- loading ---- */

static nr_status check_shape(const nr_h5 *file, const nr_graph *graph,
                             nr_images *images) {
    size_t dims[NR_H5_RANK], rank, bytes, label_dims[NR_H5_RANK], label_rank;
    char kind;
    const char *path = nr_h5_path(file);
    nr_shape in = nr_graph_node(graph, 0)->shape;
    NR_TRY(nr_h5_dims(file, "/images", dims, &rank));
    NR_REQUIRE(rank == 4, NR_ERR_INPUT,
               "%s: /images has %zu dimensions, 4 are expected: (n, c, h, w)", path,
               rank);
    NR_REQUIRE(dims[0] > 0, NR_ERR_INPUT, "%s: /images holds no image", path);
    NR_REQUIRE(dims[0] < UINT32_MAX, NR_ERR_INPUT, "%s: /images holds %zu images", path,
               dims[0]);
    NR_REQUIRE(dims[1] == in.c && dims[2] == in.h && dims[3] == in.w, NR_ERR_INPUT,
               "%s: images are %zu x %zu x %zu, %s expects %u x %u x %u (c x h x w)",
               path, dims[1], dims[2], dims[3], nr_graph_source(graph), in.c, in.h,
               in.w);
    NR_TRY(nr_h5_require_stored(file, "/images"));
    NR_TRY(nr_h5_stored_type(file, "/images", &kind, &bytes));
    NR_REQUIRE((kind == 'u' && bytes == 1) || (kind == 'f' && bytes == 4), NR_ERR_INPUT,
               "%s: /images is neither uint8 nor float32", path);
    images->head.is_float = kind == 'f';
    NR_TRY(nr_h5_dims(file, "/labels", label_dims, &label_rank));
    NR_REQUIRE(label_rank == 1 && label_dims[0] == dims[0], NR_ERR_INPUT,
               "%s: /labels has %zu entries in %zu dimensions, %zu in 1 are expected",
               path, label_rank > 0 ? label_dims[0] : 0, label_rank, dims[0]);
    NR_TRY(nr_h5_stored_type(file, "/labels", &kind, &bytes));
    NR_REQUIRE(kind != 'f' && kind != '?', NR_ERR_INPUT, "%s: /labels are not integers",
               path);
    images->head.in_file = dims[0];
    images->head.c = in.c;
    images->head.h = in.h;
    images->head.w = in.w;
    return NR_OK;
}

static nr_status read_normalisation(const nr_h5 *file, nr_images *images) {
    static const char *const names[] = {"scale", "mean", "std"};
    size_t c = images->head.c;
    double *values; /* [3, c] */
    if (!NR_NEW(values, 3 * c)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t k = 0; k < 3 && status == NR_OK; k++) {
        for (size_t i = 0; i < c; i++) values[k * c + i] = k == 1 ? 0 : 1;
        if (nr_h5_has_attribute(file, "/images", names[k]))
            status = nr_h5_read_attribute(file, "/images", names[k], c, values + k * c);
        for (size_t i = 0; i < c && status == NR_OK; i++)
            if (!isfinite(values[k * c + i]) || (k == 2 && values[k * c + i] <= 0))
                status = nr_fail(NR_ERR_INPUT, "%s: attribute \"%s\" of /images is %g",
                                 nr_h5_path(file), names[k], values[k * c + i]);
    }
    if (status == NR_OK && (!NR_NEW(images->factor, c) || !NR_NEW(images->add, c)))
        status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < c && status == NR_OK; i++) {
        images->factor[i] = (float)(values[i] / values[2 * c + i]);
        images->add[i] = (float)(-values[c + i] / values[2 * c + i]);
        if (!isfinite(images->factor[i]) || !isfinite(images->add[i]))
            status =
                nr_fail(NR_ERR_INPUT,
                        "%s: scale %g, mean %g and std %g of /images do not fit in a "
                        "float",
                        nr_h5_path(file), values[i], values[c + i], values[2 * c + i]);
    }
    free(values);
    return status;
}

static nr_status read_labels(const nr_h5 *file, size_t classes, size_t n,
                             uint32_t **out) {
    int64_t *wide;
    uint32_t *labels = NULL;
    if (!NR_NEW(wide, n)) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read(file, "/labels", NR_H5_I64, n, wide);
    if (status == NR_OK && !NR_NEW(labels, n)) status = NR_ERR_INTERNAL;
    for (size_t i = 0; i < n && status == NR_OK; i++) {
        if (wide[i] < 0 || wide[i] >= (int64_t)classes)
            status =
                nr_fail(NR_ERR_INPUT,
                        "%s: label %lld of image %zu is not in 0..%zu, the network's "
                        "classes",
                        nr_h5_path(file), (long long)wide[i], i, classes - 1);
        else labels[i] = (uint32_t)wide[i];
    }
    free(wide);
    if (status != NR_OK) {
        free(labels);
        return status;
    }
    *out = labels;
    return NR_OK;
}

static nr_status select_images(const nr_h5 *file, const uint32_t *labels,
                               size_t classes, nr_selection selection,
                               nr_images *images) {
    size_t total = images->head.in_file;
    size_t n = selection.wanted ? selection.wanted : total;
    NR_REQUIRE(n <= total, NR_ERR_USAGE, "--images %zu: %s holds %zu images", n,
               nr_h5_path(file), total);
    images->head.n = n;
    if (!NR_NEW(images->index, n) || !NR_NEW(images->labels, n)) return NR_ERR_INTERNAL;
    if (n < total)
        NR_TRY(nr_select_balanced(labels, total, classes, n, selection.seed,
                                  images->index));
    else
        for (size_t i = 0; i < n; i++) images->index[i] = (uint32_t)i;
    if (selection.shuffled) NR_TRY(nr_select_shuffle(images->index, n, selection.seed));
    for (size_t i = 0; i < n; i++) images->labels[i] = labels[images->index[i]];
    return NR_OK;
}

static nr_status check_finite(const nr_h5 *file, const float *row, size_t n,
                              size_t image) {
    for (size_t i = 0; i < n; i++)
        NR_REQUIRE(isfinite(row[i]), NR_ERR_INPUT,
                   "%s: image %zu holds %f at pixel %zu, pixels must be finite",
                   nr_h5_path(file), image, (double)row[i], i);
    return NR_OK;
}

enum { SLAB_BYTES = 16 << 20 };

/* Reads the file once, slab by slab, and puts each wanted image where it goes. */
static nr_status read_pixels(const nr_h5 *file, nr_images *images) {
    size_t row = image_size(images), bytes = row * pixel_bytes(images);
    size_t total = images->head.in_file, slab = SLAB_BYTES / bytes + 1;
    uint32_t *place = NULL; /* [total] where image i goes, or none */
    char *buffer = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (slab > total) slab = total;
    if (!(images->pixels = nr_new(images->head.n, bytes)) || !NR_NEW(place, total) ||
        !(buffer = nr_new(slab, bytes)))
        goto err_free;
    memset(place, 0xff, total * sizeof *place);
    for (size_t i = 0; i < images->head.n; i++) place[images->index[i]] = (uint32_t)i;
    status = NR_OK;
    for (size_t first = 0; first < total && status == NR_OK; first += slab) {
        size_t count = total - first < slab ? total - first : slab;
        status = nr_h5_read_rows(file, "/images",
                                 images->head.is_float ? NR_H5_F32 : NR_H5_U8, first,
                                 count, buffer);
        for (size_t k = 0; k < count && status == NR_OK; k++) {
            if (place[first + k] == UINT32_MAX) continue;
            if (images->head.is_float)
                status = check_finite(file, (const float *)(void *)(buffer + k * bytes),
                                      row, first + k);
            memcpy((char *)images->pixels + place[first + k] * bytes,
                   buffer + k * bytes, bytes);
        }
    }
err_free:
    free(buffer);
    free(place);
    return status;
}

static nr_status make_digest(nr_images *images) {
    nr_digest *digest;
    size_t n = images->head.n, c = images->head.c;
    const uint32_t shape[] = {images->head.c, images->head.h, images->head.w,
                              images->head.is_float};
    NR_TRY(nr_digest_new(&digest));
    nr_digest_add(digest, shape, sizeof shape);
    nr_digest_add(digest, images->factor, c * sizeof *images->factor);
    nr_digest_add(digest, images->add, c * sizeof *images->add);
    nr_digest_add(digest, images->index, n * sizeof *images->index);
    nr_digest_add(digest, images->labels, n * sizeof *images->labels);
    nr_digest_add(digest, images->pixels, n * image_size(images) * pixel_bytes(images));
    nr_digest_text(digest, images->head.digest);
    nr_digest_free(digest);
    return NR_OK;
}

static nr_status load(const nr_h5 *file, const nr_graph *graph, nr_selection selection,
                      nr_images *images) {
    size_t classes = nr_graph_node(graph, nr_graph_output(graph))->shape.c;
    uint32_t *labels;
    NR_TRY(check_shape(file, graph, images));
    NR_TRY(read_normalisation(file, images));
    NR_TRY(read_labels(file, classes, images->head.in_file, &labels));
    nr_status status = select_images(file, labels, classes, selection, images);
    free(labels);
    NR_TRY(status);
    NR_TRY(read_pixels(file, images));
    return make_digest(images);
}

nr_status nr_images_load(const char *path, const nr_graph *graph,
                         nr_selection selection, nr_images **out) {
    nr_images *images;
    nr_h5 *file;
    if (!NR_NEW(images, 1)) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_open(path, &file);
    if (status == NR_OK) {
        status = load(file, graph, selection, images);
        nr_h5_close(file);
    }
    if (status != NR_OK) {
        nr_images_free(images);
        return status;
    }
    *out = images;
    return NR_OK;
}

void nr_images_free(nr_images *images) {
    if (!images) return;
    free(images->labels);
    free(images->index);
    free(images->factor);
    free(images->add);
    free(images->pixels);
    free(images);
}

/* ---- use ---- */

size_t nr_images_count(const nr_images *images) {
    return images->head.n;
}
size_t nr_images_in_file(const nr_images *images) {
    return images->head.in_file;
}
uint32_t nr_images_index(const nr_images *images, size_t i) {
    return images->index[i];
}
const uint32_t *nr_images_labels(const nr_images *images) {
    return images->labels;
}
const char *nr_images_digest(const nr_images *images) {
    return images->head.digest;
}

void nr_images_read(const nr_images *images, size_t first, size_t count, float *out) {
    size_t c = images->head.c, map = (size_t)images->head.h * images->head.w;
    const uint8_t *bytes = images->pixels ? images->pixels : images->borrowed;
    const float *floats = images->pixels ? images->pixels : images->borrowed;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < c; k++) {
            size_t from = ((first + i) * c + k) * map;
            float factor = images->factor[k], add = images->add[k];
            float *to = out + i * map * c + k;
            if (images->head.is_float)
                for (size_t p = 0; p < map; p++)
                    to[p * c] = floats[from + p] * factor + add;
            else
                for (size_t p = 0; p < map; p++)
                    to[p * c] = (float)bytes[from + p] * factor + add;
        }
}

/* ---- moving ---- */

nr_status nr_images_pack(const nr_images *images, void **out, size_t *n_bytes) {
    size_t n = images->head.n, c = images->head.c;
    size_t total = sizeof(header) + 2 * n * sizeof(uint32_t) + 2 * c * sizeof(float);
    char *bytes = nr_new(total, 1), *p = bytes;
    if (!bytes) return NR_ERR_INTERNAL;
    memcpy(p, &images->head, sizeof images->head);
    p += sizeof images->head;
    memcpy(p, images->labels, n * sizeof(uint32_t));
    p += n * sizeof(uint32_t);
    memcpy(p, images->index, n * sizeof(uint32_t));
    p += n * sizeof(uint32_t);
    memcpy(p, images->factor, c * sizeof(float));
    p += c * sizeof(float);
    memcpy(p, images->add, c * sizeof(float));
    *out = bytes;
    *n_bytes = total;
    return NR_OK;
}

nr_status nr_images_unpack(const void *bytes, size_t n_bytes, const void *pixels,
                           nr_images **out) {
    nr_images *images;
    const char *p = bytes;
    NR_ASSERT(n_bytes >= sizeof(header));
    if (!NR_NEW(images, 1)) return NR_ERR_INTERNAL;
    memcpy(&images->head, p, sizeof images->head);
    p += sizeof images->head;
    size_t n = images->head.n, c = images->head.c;
    images->borrowed = pixels;
    if (!NR_NEW(images->labels, n) || !NR_NEW(images->index, n) ||
        !NR_NEW(images->factor, c) || !NR_NEW(images->add, c)) {
        nr_images_free(images);
        return NR_ERR_INTERNAL;
    }
    memcpy(images->labels, p, n * sizeof(uint32_t));
    p += n * sizeof(uint32_t);
    memcpy(images->index, p, n * sizeof(uint32_t));
    p += n * sizeof(uint32_t);
    memcpy(images->factor, p, c * sizeof(float));
    p += c * sizeof(float);
    memcpy(images->add, p, c * sizeof(float));
    *out = images;
    return NR_OK;
}

const void *nr_images_pixels(const nr_images *images, size_t *n_bytes) {
    *n_bytes = images->head.n * image_size(images) * pixel_bytes(images);
    return images->pixels ? images->pixels : images->borrowed;
}
