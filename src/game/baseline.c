#include "neurank/game/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/stop.h"
#include "neurank/game/filter.h"
#include "neurank/nn/backward.h"

/* Coalitions whose membership is written down at a time. */
enum { COALITIONS = 256 };

struct nr_baseline {
    nr_filter_spec spec;
    uint32_t seen; /* the node whose channels the next layer reads */
    size_t n, pixels, classes;
    nr_exec *prefix; /* everything that does not depend on what is seen, and that */
    nr_backward *rest;
    nr_game game;
    float *input, *d_logits;
    uint8_t *kept;     /* [COALITIONS, n] */
    int64_t *worth;    /* [COALITIONS] */
    uint32_t *players; /* [n] */
};

/* ---- where a channel is seen ---- */

static bool belongs_to_layer(const nr_node *n) {
    switch ((nr_op)n->op) {
    case NR_OP_AFFINE:
    case NR_OP_RELU:
    case NR_OP_LEAKY_RELU:
    case NR_OP_CLIP:
    case NR_OP_SIGMOID: return true;
    default: return false;
    }
}

static uint32_t seen_node(const nr_graph *graph, uint32_t layer) {
    uint32_t node = layer, reader;
    while (nr_graph_only_reader(graph, node, &reader) &&
           belongs_to_layer(nr_graph_node(graph, reader)))
        node = reader;
    return node;
}

/* ---- making ---- */

static nr_status fill(nr_baseline *b) {
    const nr_graph *graph = b->spec.graph;
    nr_shape shape = nr_graph_node(graph, b->seen)->shape;
    b->n = shape.c;
    b->pixels = (size_t)shape.h * shape.w;
    b->classes = nr_graph_node(graph, nr_graph_output(graph))->shape.c;
    NR_TRY(nr_backward_new(graph, b->spec.kernels, b->seen, 1, &b->rest));
    NR_TRY(nr_backward_prefix(b->rest, 1, &b->prefix));
    NR_TRY(nr_filter_game_new(&b->spec, &b->game));
    b->input = nr_new_floats(nr_shape_size(nr_graph_node(graph, 0)->shape));
    b->d_logits = nr_new_floats(b->classes);
    return b->input && b->d_logits && NR_NEW(b->kept, nr_size_mul(COALITIONS, b->n)) &&
                   NR_NEW(b->worth, COALITIONS) && NR_NEW(b->players, b->n)
               ? NR_OK
               : NR_ERR_INTERNAL;
}

nr_status nr_baseline_new(const nr_filter_spec *spec, nr_baseline **out) {
    nr_baseline *b;
    if (!NR_NEW(b, 1)) return NR_ERR_INTERNAL;
    b->spec = *spec;
    b->seen = seen_node(spec->graph, spec->layer);
    nr_status status = fill(b);
    if (status != NR_OK) {
        nr_baseline_free(b);
        return status;
    }
    *out = b;
    return NR_OK;
}

void nr_baseline_free(nr_baseline *b) {
    if (!b) return;
    nr_exec_free(b->prefix);
    nr_backward_free(b->rest);
    if (b->game.free) nr_game_free(&b->game);
    free(b->input);
    free(b->d_logits);
    free(b->kept);
    free(b->worth);
    free(b->players);
    free(b);
}

/* ---- one image ---- */

/* y [pixels, n]; values [n] */
static void find_activations(const nr_baseline *b, const float *y, double *values) {
    memset(values, 0, b->n * sizeof *values);
    for (size_t p = 0; p < b->pixels; p++)
        for (size_t j = 0; j < b->n; j++) values[j] += fabs((double)y[p * b->n + j]);
    for (size_t j = 0; j < b->n; j++) values[j] /= (double)b->pixels;
}

static void bind_prefix(nr_baseline *b) {
    for (uint32_t i = 0; i < nr_graph_size(b->spec.graph); i++)
        if (nr_backward_reads(b->rest, i) || i == b->seen)
            nr_backward_bind(b->rest, i, i ? nr_exec_output(b->prefix, i) : b->input,
                             1);
}

static void find_gradients(nr_baseline *b, size_t image, double *activation,
                           double *taylor) {
    nr_images_read(b->spec.images, image, 1, b->input);
    nr_exec_bind(b->prefix, 0, b->input, 1);
    nr_exec_run(b->prefix, 1);
    const float *y = nr_exec_output(b->prefix, b->seen);
    bind_prefix(b);
    nr_log_likelihood_gradient(1, b->classes, nr_backward_forward(b->rest, 1),
                               nr_images_labels(b->spec.images) + image, b->d_logits);
    const float *dy = nr_backward_run(b->rest, 1, b->d_logits);
    find_activations(b, y, activation);
    memset(taylor, 0, b->n * sizeof *taylor);
    nr_channel_products(b->pixels, b->n, y, NULL, dy, taylor);
    for (size_t j = 0; j < b->n; j++) taylor[j] = fabs(taylor[j]);
}

/* Everybody but one, for each live player; the others change nothing. */
static nr_status find_losses(nr_baseline *b, size_t image, double *values) {
    nr_block_ends ends;
    NR_TRY(b->game.open(b->game.self, image, &ends));
    size_t n_live = nr_game_live(&b->game, b->players);
    memset(values, 0, b->n * sizeof *values);
    for (size_t first = 0; first < n_live; first += COALITIONS) {
        size_t count = n_live - first < COALITIONS ? n_live - first : COALITIONS;
        if (nr_stop_leave()) return NR_STOPPED;
        memset(b->kept, 1, count * b->n);
        for (size_t k = 0; k < count; k++)
            b->kept[k * b->n + b->players[first + k]] = 0;
        NR_TRY(b->game.values(b->game.self, count, b->kept, b->worth));
        for (size_t k = 0; k < count; k++)
            values[b->players[first + k]] =
                ldexp((double)(ends.full - b->worth[k]), -NR_QUANTUM_BITS);
    }
    return NR_OK;
}

nr_status nr_baseline_image(nr_baseline *b, size_t image, double *values) {
    find_gradients(b, image, values + NR_BASELINE_ACTIVATION * b->n,
                   values + NR_BASELINE_TAYLOR * b->n);
    return find_losses(b, image, values + NR_BASELINE_LEAVE_ONE_OUT * b->n);
}

/* ---- weights ---- */

static const float *batch_norm_behind(const nr_graph *graph, uint32_t layer) {
    for (uint32_t i = layer + 1; i < nr_graph_size(graph); i++) {
        const nr_node *n = nr_graph_node(graph, i);
        if (n->op == NR_OP_AFFINE && n->gamma != NR_NO_WEIGHT &&
            nr_graph_input_of(graph, i, 0) == layer)
            return nr_graph_weight(graph, n->gamma);
    }
    return NULL;
}

void nr_filter_norms(const nr_graph *graph, uint32_t layer, double *l1, double *l2,
                     double *bn_scale) {
    const nr_node *n = nr_graph_node(graph, layer);
    nr_shape in = nr_graph_node(graph, nr_graph_input_of(graph, layer, 0))->shape;
    const float *w = nr_graph_weight(graph, n->weight);
    const float *gamma = batch_norm_behind(graph, layer);
    bool conv = n->op == NR_OP_CONV;
    size_t c = n->shape.c, k = in.c;
    if (conv)
        k = (size_t)n->window.kernel_h * n->window.kernel_w * in.c / n->window.group;
    for (size_t j = 0; j < c; j++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < k; i++) {
            double weight = w[i * c + j];
            sum += fabs(weight);
            squares += weight * weight;
        }
        l1[j] = sum;
        l2[j] = sqrt(squares);
        bn_scale[j] = gamma ? fabs((double)gamma[j]) : (double)NAN;
    }
}
