/* Every image's mean is an integer of the usual unit, so sums do not depend on who did
 * which image. */
#include "neurank/game/channel_means.h"

#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/wide.h"
#include "neurank/nn/exec.h"

static void add_word_pair(uint64_t *pair, nr_wide term) {
    nr_wide sum = nr_wide_join(pair[0], pair[1]);
    NR_ASSERT(nr_wide_add(&sum, term)); /* 2^32 images of 2^56 each */
    pair[0] = nr_wide_low(sum);
    pair[1] = nr_wide_high(sum);
}

static nr_status add_image(const nr_graph *graph, uint32_t layer, const float *output,
                           size_t image, uint64_t *sums) {
    const nr_node *node = nr_graph_node(graph, layer);
    size_t c = node->shape.c, pixels = (size_t)node->shape.h * node->shape.w;
    for (size_t i = 0; i < c; i++) {
        double sum = 0;
        int64_t quanta;
        for (size_t p = 0; p < pixels; p++) sum += output[p * c + i];
        NR_REQUIRE(
            nr_quantise(sum / (double)pixels, &quanta), NR_ERR_UNIT,
            "layer \"%s\": the mean of channel %zu on image %zu is %g, a number below "
            "2^%d is expected",
            nr_graph_text(graph, node->short_name), i, image, sum / (double)pixels,
            NR_VALUE_BITS);
        add_word_pair(sums + 2 * i, quanta);
    }
    return NR_OK;
}

enum { BATCH = 16 };

nr_status nr_channel_sums(const nr_graph *graph, const nr_images *images,
                          const nr_kernels *kernels, uint32_t layer, size_t first,
                          size_t count, uint64_t *sums) {
    uint32_t *nodes;
    nr_exec *exec = NULL;
    float *input = NULL;
    size_t size = nr_shape_size(nr_graph_node(graph, layer)->shape);
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(nodes, layer)) return status;
    for (uint32_t i = 1; i <= layer; i++) nodes[i - 1] = i;
    nr_exec_spec spec = {.graph = graph,
                         .kernels = kernels,
                         .nodes = nodes,
                         .n_nodes = layer,
                         .keep = &layer,
                         .n_keep = 1,
                         .rows_max = BATCH};
    NR_TRY_GOTO(nr_exec_new(&spec, &exec), err_free);
    input = nr_new_floats(
        nr_size_mul(BATCH, nr_shape_size(nr_graph_node(graph, 0)->shape)));
    if (!input) {
        status = NR_ERR_INTERNAL;
        goto err_free;
    }
    for (size_t at = first; at < first + count && status == NR_OK; at += BATCH) {
        size_t rows = first + count - at < BATCH ? first + count - at : BATCH;
        nr_images_read(images, at, rows, input);
        nr_exec_bind(exec, 0, input, rows);
        nr_exec_run(exec, rows);
        for (size_t r = 0; r < rows && status == NR_OK; r++)
            status = add_image(graph, layer, nr_exec_output(exec, layer) + r * size,
                               at + r, sums);
    }
err_free:
    free(input);
    nr_exec_free(exec);
    free(nodes);
    return status;
}

void nr_channel_sums_merge(uint64_t *into, const uint64_t *from, size_t channels) {
    for (size_t i = 0; i < channels; i++)
        add_word_pair(into + 2 * i, nr_wide_join(from[2 * i], from[2 * i + 1]));
}

void nr_channel_means(const uint64_t *sums, size_t channels, size_t n_images,
                      float *means) {
    const double quantum = 1.0 / (double)(UINT64_C(1) << NR_QUANTUM_BITS);
    for (size_t i = 0; i < channels; i++) {
        nr_wide sum = nr_wide_join(sums[2 * i], sums[2 * i + 1]);
        means[i] = (float)((double)sum * quantum / (double)n_images);
    }
}

nr_status nr_channel_means_find(const nr_graph *graph, const nr_images *images,
                                const nr_kernels *kernels, uint32_t layer,
                                float *means) {
    size_t channels = nr_graph_node(graph, layer)->shape.c;
    size_t n = nr_images_count(images);
    uint64_t *sums;
    if (!NR_NEW(sums, 2 * channels)) return NR_ERR_INTERNAL;
    nr_status status = nr_channel_sums(graph, images, kernels, layer, 0, n, sums);
    if (status == NR_OK) nr_channel_means(sums, channels, n, means);
    free(sums);
    return status;
}
