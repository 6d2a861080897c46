#include "nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "neurank/base/log.h"
#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/h5/file.h"
#include "neurank/nn/fold.h"
#include "neurank/nn/layers.h"

enum { SEED = 20261122 };

float test_random(uint64_t family, uint64_t index) {
    uint64_t bits[2];
    nr_stream_draw(nr_stream_make(SEED, "test", family), (uint32_t)index, 0, 0, 0,
                   bits);
    return (float)(bits[0] >> 40) / (float)(1 << 23) - 1;
}

void test_fill(float *values, size_t n, uint64_t family) {
    for (size_t i = 0; i < n; i++) values[i] = test_random(family, i);
}

static nr_label label_of(const char *name) {
    static char output[64];
    snprintf(output, sizeof output, "%s_out", name);
    return (nr_label){.name = name, .output_name = output};
}

static float *weights(const nr_graph *graph, size_t n, float scale) {
    float *w = nr_new_floats(n);
    test_fill(w, n, 100 + nr_graph_size(graph));
    for (size_t i = 0; i < n; i++) w[i] *= scale;
    return w;
}

nr_graph *test_graph(uint32_t c, uint32_t h, uint32_t w) {
    nr_graph *graph;
    uint32_t node;
    assert_int_equal(nr_graph_new("test", &graph), NR_OK);
    assert_int_equal(
        nr_graph_add_input(graph, label_of("input"), (nr_shape){c, h, w, 0}, &node),
        NR_OK);
    return graph;
}

uint32_t test_conv(nr_graph *graph, const char *name, uint32_t input, uint32_t c_out,
                   uint32_t kernel, uint32_t stride, uint32_t pad, uint32_t group) {
    nr_window window = {kernel, kernel, stride, stride, 1, 1, pad,
                        pad,    pad,    pad,    group,  0, 0};
    size_t c_in = nr_graph_node(graph, input)->shape.c / group;
    size_t n = (size_t)c_out * c_in * kernel * kernel;
    float *w = weights(graph, n, 1.0F / (float)(c_in * kernel)),
          *b = weights(graph, c_out, 0.3F);
    uint32_t out;
    assert_int_equal(
        nr_graph_add_conv(graph, label_of(name), input, &window, c_out, w, b, &out),
        NR_OK);
    free(w);
    free(b);
    return out;
}

uint32_t test_dense(nr_graph *graph, const char *name, uint32_t input, uint32_t c_out) {
    size_t c_in = nr_graph_node(graph, input)->shape.c;
    float *w = weights(graph, c_in * c_out, 0.6F), *b = weights(graph, c_out, 0.3F);
    uint32_t out;
    assert_int_equal(
        nr_graph_add_dense(graph, label_of(name), input, c_out, w, b, &out), NR_OK);
    free(w);
    free(b);
    return out;
}

uint32_t test_batch_norm(nr_graph *graph, uint32_t input) {
    size_t c = nr_graph_node(graph, input)->shape.c;
    float *scale = weights(graph, c, 0.5F), *shift = weights(graph, c, 0.4F);
    uint32_t out;
    for (size_t i = 0; i < c; i++) scale[i] += 1;
    assert_int_equal(
        nr_graph_add_affine(graph, label_of("bn"), input, scale, shift, &out), NR_OK);
    free(scale);
    free(shift);
    return out;
}

uint32_t test_pointwise(nr_graph *graph, nr_op op, uint32_t input, float low,
                        float high) {
    uint32_t out;
    assert_int_equal(
        nr_graph_add_pointwise(graph, label_of("point"), op, input, low, high, &out),
        NR_OK);
    return out;
}

uint32_t test_relu(nr_graph *graph, uint32_t input) {
    return test_pointwise(graph, NR_OP_RELU, input, 0, 0);
}

uint32_t test_pool(nr_graph *graph, nr_op op, uint32_t input, uint32_t size) {
    nr_window window = {size, size, size, size, 1, 1, 0, 0, 0, 0, 1, 0, 0};
    uint32_t out;
    assert_int_equal(
        nr_graph_add_window(graph, label_of("pool"), op, input, &window, 0, &out),
        NR_OK);
    return out;
}

uint32_t test_flatten(nr_graph *graph, uint32_t input) {
    nr_shape in = nr_graph_node(graph, input)->shape;
    uint32_t out;
    assert_int_equal(nr_graph_add_reshape(graph, label_of("flatten"), input,
                                          (nr_shape){in.c * in.h * in.w, 1, 1, 1},
                                          &out),
                     NR_OK);
    return out;
}

void test_finish(nr_graph *graph, uint32_t output) {
    nr_graph_set_output(graph, output);
    assert_int_equal(nr_graph_fold(graph), NR_OK);
    assert_int_equal(nr_layers_make_short_names(graph), NR_OK);
}

uint32_t test_layer(const nr_graph *graph, const char *name) {
    uint32_t layer;
    assert_int_equal(nr_layers_find(graph, name, strlen(name), &layer), NR_OK);
    return layer;
}

nr_images *test_images(const nr_graph *graph, size_t n) {
    nr_shape in = nr_graph_node(graph, 0)->shape;
    size_t classes = nr_graph_node(graph, nr_graph_output(graph))->shape.c;
    size_t pixels = n * nr_shape_size(in);
    float *x = nr_new_floats(pixels);
    int32_t *y = nr_new(n, sizeof *y);
    const char *path = test_path("images.h5");
    nr_h5 *file;
    nr_images *images;
    test_fill(x, pixels, 7);
    for (size_t i = 0; i < n; i++)
        y[i] = (int32_t)((test_random(8, i) + 1) / 2 * (float)classes);
    assert_int_equal(nr_h5_create(path, &file), NR_OK);
    const char *scales[] = {"/n", "/c", "/h", "/w"};
    size_t dims[] = {n, in.c, in.h, in.w};
    for (size_t d = 0; d < 4; d++)
        assert_int_equal(nr_h5_make_scale(file, scales[d], "axis", NULL, dims[d]),
                         NR_OK);
    nr_h5_dataset pictures = {.path = "/images",
                              .type = NR_H5_F32,
                              .rank = 4,
                              .dims = {n, in.c, in.h, in.w},
                              .scales = {"/n", "/c", "/h", "/w"}};
    nr_h5_dataset labels = {
        .path = "/labels", .type = NR_H5_I32, .rank = 1, .dims = {n}, .scales = {"/n"}};
    assert_int_equal(nr_h5_make_dataset(file, &pictures, x), NR_OK);
    assert_int_equal(nr_h5_make_dataset(file, &labels, y), NR_OK);
    assert_int_equal(nr_h5_close(file), NR_OK);
    assert_int_equal(nr_images_load(path, graph, (nr_selection){0}, &images), NR_OK);
    free(x);
    free(y);
    return images;
}

static char folder[64];

static void remove_folder(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fprintf(stderr, "%s stays\n", folder);
}

const char *test_folder(void) {
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/neurank-test-XXXXXX");
        assert_non_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

const char *test_path(const char *name) {
    static char paths[4][192];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

static char last_message[NR_LOG_LINE];

static void keep_message(void *context, nr_log_level level, const char *line) {
    (void)context;
    if (level == NR_LOG_ERROR) snprintf(last_message, sizeof last_message, "%s", line);
}

void test_capture_log(void) {
    last_message[0] = '\0';
    nr_log_set_sink(keep_message, NULL);
}

const char *test_last_message(void) {
    return last_message;
}
