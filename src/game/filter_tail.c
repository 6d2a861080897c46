/* Walks in front of a short suffix: one LINEAR tensor, a ReLU or Clip or nothing, a
 * dense layer with few outputs, the score. A step adds one row and multiplies by the
 * dense layer's weights, without a row of the sum ever going to memory. Scores do not
 * change when all logits are shifted, so they are computed relative to one of them,
 * which stays zero. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter_private.h"
#include "neurank/base/memory.h"

/* The suffix from the frontier's rows on: views, then a dense layer that is the output.
 * NULL: it is something else. */
static const nr_node *find_dense(const nr_filter *game, size_t n_nodes) {
    const nr_graph *graph = game->spec.graph;
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_MIXED);
    uint32_t at = game->frontier[0].row_node;
    size_t seen = 0;
    for (size_t i = 0; i < list.n; i++) {
        const nr_node *n = nr_graph_node(graph, list.nodes[i]);
        if (list.nodes[i] == at) continue;
        if (n->n_inputs != 1 || nr_graph_input_of(graph, list.nodes[i], 0) != at)
            return NULL;
        at = list.nodes[i];
        seen++;
        if (n->op == NR_OP_DENSE)
            return at == nr_graph_output(graph) && seen == n_nodes ? n : NULL;
        if (n->op != NR_OP_RESHAPE || !nr_reshape_is_view(graph, at)) return NULL;
    }
    return NULL;
}

/* The dense layer in front of the clamp, if every player is one input of it. */
static nr_status make_scaled(nr_filter *game) {
    nr_tail *tail = &game->tail;
    const nr_graph *graph = game->spec.graph;
    uint32_t node = game->frontier[0].node;
    const nr_node *n = nr_graph_node(graph, node);
    const float *weight = nr_graph_weight(graph, n->weight);
    size_t out = n->shape.c;
    if (n->op != NR_OP_DENSE || !game->full_is_sum ||
        nr_cut_nodes(game->cut, NR_PART_LINEAR).n != 1)
        return NR_OK;
    if (!NR_NEW(tail->weight, game->n) || !NR_NEW(tail->channel, game->n) ||
        !NR_NEW(tail->nonzero, game->n))
        return NR_ERR_INTERNAL;
    for (uint32_t p = 0; p < game->n; p++) {
        size_t n_channels;
        const uint32_t *channels = nr_cut_channels(
            game->cut, nr_graph_input_of(graph, node, 0), p, &n_channels);
        if (n_channels != 1) return NR_OK;
        tail->channel[p] = channels[0];
        tail->weight[p] = weight + channels[0] * out;
        for (size_t i = 0; i < out; i++) tail->nonzero[p] |= tail->weight[p][i] != 0;
    }
    tail->scaled = true;
    return NR_OK;
}

/* The class with the smallest weights and bias: relative to one with large ones, a
 * masked class of bias -1e9 for instance, the others would lose their last bits. */
static size_t choose_base(const nr_filter *game, const float *weight,
                          const float *bias) {
    size_t classes = game->classes, best = 0;
    double smallest = INFINITY;
    for (size_t k = 0; k < classes; k++) {
        double size = bias ? fabs((double)bias[k]) : 0;
        for (size_t i = 0; i < game->frontier[0].size; i++)
            size += fabs((double)weight[i * classes + k]);
        if (size < smallest) best = k;
        if (size < smallest) smallest = size;
    }
    return best;
}

/* Weights and biases of each class but the base, minus those of the base. */
static nr_status pack_differences(nr_filter *game, const nr_node *dense) {
    nr_tail *tail = &game->tail;
    size_t features = game->frontier[0].size, classes = game->classes;
    const float *weight = nr_graph_weight(game->spec.graph, dense->weight);
    const float *bias = nr_graph_weight(game->spec.graph, dense->bias);
    float *differences = nr_new_floats(nr_size_mul(features, classes - 1));
    if (!differences) return NR_ERR_INTERNAL;
    size_t base = tail->base = choose_base(game, weight, bias);
    for (size_t k = 0; k + 1 < classes; k++) {
        size_t from = k + (k >= base);
        for (size_t i = 0; i < features; i++)
            differences[i * (classes - 1) + k] =
                weight[i * classes + from] - weight[i * classes + base];
        if (bias) tail->bias[k] = bias[from] - bias[base];
    }
    game->spec.kernels->walk_pack(game->spec.kernels, features, classes - 1,
                                  differences, tail->packed);
    free(differences);
    return NR_OK;
}

nr_status nr_filter_tail_new(nr_filter *game) {
    nr_tail *tail = &game->tail;
    const nr_kernels *kernels = game->spec.kernels;
    nr_node_list list = nr_cut_nodes(game->cut, NR_PART_MIXED);
    if (game->n_frontier != 1 || game->frontier[0].part != NR_PART_LINEAR ||
        !kernels->walk_packed)
        return NR_OK;
    const nr_frontier *front = &game->frontier[0];
    const nr_node *dense = find_dense(game, list.n - front->clamp);
    size_t packed =
        dense ? kernels->walk_packed(kernels, front->size, game->classes - 1) : 0;
    if (packed == 0) return NR_OK;
    tail->packed = nr_new_floats(packed);
    tail->bias = nr_new(game->classes, sizeof *tail->bias);
    tail->ends = nr_new_floats(nr_size_mul(game->rows_block, front->size));
    tail->logits =
        nr_new(nr_size_mul(game->chunk, game->classes), sizeof *tail->logits);
    if (!tail->packed || !tail->bias || !tail->ends || !tail->logits ||
        !NR_NEW(tail->deltas, game->chunk) || !NR_NEW(tail->scales, game->chunk))
        return NR_ERR_INTERNAL;
    for (size_t k = 0; k < game->chunk; k++) tail->scales[k] = 1;
    NR_TRY(pack_differences(game, dense));
    tail->low = front->clamp ? front->low : -INFINITY;
    tail->high = front->clamp ? front->high : INFINITY;
    tail->fits = true;
    return make_scaled(game);
}

void nr_filter_tail_free(nr_filter *game) {
    free(game->tail.packed);
    free(game->tail.bias);
    free(game->tail.ends);
    free(game->tail.logits);
    free(game->tail.deltas);
    free(game->tail.scales);
    free(game->tail.weight);
    free(game->tail.channel);
    free(game->tail.nonzero);
}

void nr_filter_tail_start(nr_filter *game) {
    const nr_frontier *front = &game->frontier[0];
    size_t n = game->images * front->size;
    for (size_t i = 0; i < n; i++)
        game->tail.ends[i] = front->end[NR_FULL][i] + front->end[NR_EMPTY][i];
}

static void point_at_weights(nr_filter *game, size_t image, size_t first,
                             size_t count) {
    nr_tail *tail = &game->tail;
    const nr_graph *graph = game->spec.graph;
    uint32_t input = nr_graph_input_of(graph, game->frontier[0].node, 0);
    size_t size = nr_shape_size(nr_graph_node(graph, input)->shape);
    const float *values = game->difference[input] + (game->row + image) * size;
    for (size_t k = 0; k < count; k++) {
        uint32_t player = game->order[first + k];
        tail->deltas[k] = tail->weight[player];
        tail->scales[k] = values[tail->channel[player]];
    }
}

/* Logits of one image: those of the prefixes, then those of the complements. */
static void walk_image(nr_filter *game, size_t image, size_t first, size_t count) {
    nr_tail *tail = &game->tail;
    nr_frontier *front = &game->frontier[0];
    size_t size = front->size;
    for (size_t k = 0; k < count && !tail->scaled; k++)
        tail->deltas[k] =
            nr_filter_delta(game, front, game->order[first + k]) + image * size;
    if (tail->scaled) point_at_weights(game, image, first, count);
    game->spec.kernels->walk(
        game->spec.kernels,
        &(nr_walk_args){.steps = count,
                        .features = size,
                        .classes = game->classes - 1,
                        .deltas = tail->deltas,
                        .scales = tail->scales,
                        .ends = tail->ends + image * size,
                        .current = front->current + image * size,
                        .low = tail->low,
                        .high = tail->high,
                        .packed = tail->packed,
                        .bias = tail->bias,
                        .prefix = tail->logits,
                        .complement = tail->logits + count * game->classes,
                        .stride = game->classes,
                        .skip = tail->base});
}

bool nr_filter_tail_steps(nr_filter *game, size_t first, size_t count, int64_t *values,
                          size_t *bad, double *bad_value) {
    const uint32_t *labels = nr_images_labels(game->spec.images) + game->first_image;
    memset(values, 0, 2 * count * sizeof *values);
    for (size_t t = 0; t < game->images; t++) {
        walk_image(game, t, first, count);
        if (!nr_filter_add_scores(game, game->tail.logits, 2 * count, 1, labels + t,
                                  values, bad, bad_value))
            return false;
    }
    return true;
}
