/* Small networks and images for tests, from the seed alone. */
#ifndef NEURANK_TESTS_NETS_H
#define NEURANK_TESTS_NETS_H

#include "neurank/dataset/images.h"
#include "neurank/nn/graph.h"

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Uniform in [-1, 1): value `index` of a family. */
float test_random(uint64_t family, uint64_t index);
void test_fill(float *values, size_t n, uint64_t family);

/* conv, or depthwise when group is c_in */
uint32_t test_conv(nr_graph *graph, const char *name, uint32_t input, uint32_t c_out,
                   uint32_t kernel, uint32_t stride, uint32_t pad, uint32_t group);
uint32_t test_dense(nr_graph *graph, const char *name, uint32_t input, uint32_t c_out);
uint32_t test_batch_norm(nr_graph *graph, uint32_t input);
uint32_t test_relu(nr_graph *graph, uint32_t input);
uint32_t test_pointwise(nr_graph *graph, nr_op op, uint32_t input, float low,
                        float high);
uint32_t test_pool(nr_graph *graph, nr_op op, uint32_t input, uint32_t size);
uint32_t test_flatten(nr_graph *graph, uint32_t input);
nr_graph *test_graph(uint32_t c, uint32_t h, uint32_t w);
/* Sets the output, folds, names the layers. */
void test_finish(nr_graph *graph, uint32_t output);
uint32_t test_layer(const nr_graph *graph, const char *name);

/* n random float images that fit the graph, labels random, in the file's order. */
nr_images *test_images(const nr_graph *graph, size_t n);

/* A temporary folder, removed with everything in it at exit. */
const char *test_folder(void);
/* <folder>/name, valid until the next four calls. */
const char *test_path(const char *name);

/* Messages are kept instead of printed; returns the last one, or "". */
void test_capture_log(void);
const char *test_last_message(void);

#endif
