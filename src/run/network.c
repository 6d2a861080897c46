#include "neurank/run/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/nn/exec.h"

enum { BATCH = 32 };

typedef struct {
    const nr_network *network;
    uint32_t *channels; /* silent ones of all nodes, by node */
    size_t *n_before;   /* [nodes + 1] how many of them come before a node's */
} muting;

size_t nr_network_classes(const nr_network *network) {
    return nr_graph_node(network->graph, nr_graph_output(network->graph))->shape.c;
}

/* ---- silence ---- */

static nr_status muting_make(const nr_network *network, muting *m) {
    size_t nodes = nr_graph_size(network->graph), total = 0, n = 0;
    *m = (muting){.network = network};
    if (!network->silent) return NR_OK;
    for (uint32_t i = 0; i < nodes; i++)
        total += nr_graph_node(network->graph, i)->shape.c;
    if (!NR_NEW(m->channels, total) || !NR_NEW(m->n_before, nodes + 1))
        return NR_ERR_INTERNAL;
    const bool *silent = network->silent;
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t c = nr_graph_node(network->graph, i)->shape.c;
        for (uint32_t k = 0; k < c; k++)
            if (*silent++) m->channels[n++] = k;
        m->n_before[i + 1] = n;
    }
    return NR_OK;
}

static void muting_clear(muting *m) {
    free(m->channels);
    free(m->n_before);
}

/* An nr_exec_hook. */
static void mute(void *context, uint32_t node, size_t rows, float *output) {
    const muting *m = context;
    nr_shape s = nr_graph_node(m->network->graph, node)->shape;
    const uint32_t *channels = m->channels + m->n_before[node];
    size_t n = m->n_before[node + 1] - m->n_before[node];
    size_t pixels = n ? rows * s.h * s.w : 0;
    for (size_t p = 0; p < pixels; p++)
        for (size_t k = 0; k < n; k++) output[p * s.c + channels[k]] = 0;
}

/* ---- forward ---- */

static nr_status make_exec(const nr_network *network, nr_exec **out) {
    size_t n = nr_graph_size(network->graph);
    uint32_t output = nr_graph_output(network->graph), *nodes;
    if (!NR_NEW(nodes, n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 1; i < n; i++) nodes[i - 1] = i;
    nr_exec_spec spec = {.graph = network->graph,
                         .kernels = network->kernels,
                         .nodes = nodes,
                         .n_nodes = n - 1,
                         .keep = &output,
                         .n_keep = 1,
                         .rows_max = BATCH};
    nr_status status = nr_exec_new(&spec, out);
    free(nodes);
    return status;
}

nr_status nr_network_logits(const nr_network *network, nr_network_read *read,
                            const void *context, size_t rows, float *logits) {
    const nr_graph *graph = network->graph;
    size_t classes = nr_network_classes(network);
    nr_exec *exec = NULL;
    float *input = NULL;
    muting m;
    nr_status status = muting_make(network, &m);
    if (status != NR_OK) goto err_free;
    NR_TRY_GOTO(make_exec(network, &exec), err_free);
    input = nr_new_floats(
        nr_size_mul(BATCH, nr_shape_size(nr_graph_node(graph, 0)->shape)));
    if (!input) {
        status = NR_ERR_INTERNAL;
        goto err_free;
    }
    if (network->silent) nr_exec_set_hook(exec, mute, &m);
    for (size_t first = 0; first < rows; first += BATCH) {
        size_t count = rows - first < BATCH ? rows - first : BATCH;
        read(context, first, count, input);
        nr_exec_bind(exec, 0, input, count);
        nr_exec_run(exec, count);
        memcpy(logits + first * classes, nr_exec_output(exec, nr_graph_output(graph)),
               count * classes * sizeof *logits);
    }
err_free:
    free(input);
    nr_exec_free(exec);
    muting_clear(&m);
    return status;
}

static void read_images(const void *context, size_t first, size_t count, float *input) {
    nr_images_read(context, first, count, input);
}

nr_status nr_network_on_images(const nr_network *network, const nr_images *images,
                               float *logits) {
    return nr_network_logits(network, read_images, images, nr_images_count(images),
                             logits);
}

nr_status nr_network_score(const nr_network *network, const nr_images *images,
                           const float *logits, nr_metric metric, double *out) {
    size_t n = nr_images_count(images);
    double *values, sum = 0;
    if (!NR_NEW(values, n)) return NR_ERR_INTERNAL;
    nr_score(metric, network->kernels, n, nr_network_classes(network), logits,
             nr_images_labels(images), values);
    nr_status status = NR_OK;
    for (size_t i = 0; i < n && status == NR_OK; i++) {
        if (!isfinite(values[i]))
            status = nr_fail(NR_ERR_UNIT, "%s: the score of image %u is %g",
                             nr_graph_source(network->graph),
                             nr_images_index(images, i), values[i]);
        sum += values[i];
    }
    free(values);
    *out = sum / (double)n;
    return status;
}
