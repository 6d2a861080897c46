#include "tail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

struct nr_tail {
    const nr_board *board;
    const nr_cursor *cursor;
    const nr_deltas *deltas;
    const nr_suffix *suffix;
    const nr_front *front; /* the only one */
    float low, high;
    size_t base;         /* the class whose logit is zero */
    float *bias;         /* [classes - 1] relative to the base */
    float *packed;       /* weights, likewise */
    float *ends;         /* [T, size] everybody's sum plus nobody's */
    float *logits;       /* [chunk, classes], the base's column zero */
    const float **delta; /* [chunk] */
    float *scale;        /* [chunk] */
};

/* The class with the smallest weights and bias: relative to one with large ones, a
 * masked class of bias -1e9 for instance, the others would lose their last bits. */
static size_t choose_base(const nr_tail *tail, const float *weight, const float *bias) {
    size_t classes = tail->board->classes, best = 0;
    double smallest = INFINITY;
    for (size_t k = 0; k < classes; k++) {
        double size = bias ? fabs((double)bias[k]) : 0;
        for (size_t i = 0; i < tail->front->size; i++)
            size += fabs((double)weight[i * classes + k]);
        if (size < smallest) best = k;
        if (size < smallest) smallest = size;
    }
    return best;
}

/* Weights and biases of each class but the base, minus those of the base. */
static nr_status pack_differences(nr_tail *tail) {
    const nr_filter_spec *spec = &tail->board->spec;
    size_t features = tail->front->size, classes = tail->board->classes;
    const float *weight = nr_graph_weight(spec->graph, tail->board->dense->weight);
    const float *bias = nr_graph_weight(spec->graph, tail->board->dense->bias);
    float *differences = nr_new_floats(nr_size_mul(features, classes - 1));
    if (!differences) return NR_ERR_INTERNAL;
    size_t base = tail->base = choose_base(tail, weight, bias);
    for (size_t k = 0; k + 1 < classes; k++) {
        size_t from = k + (k >= base);
        for (size_t i = 0; i < features; i++)
            differences[i * (classes - 1) + k] =
                weight[i * classes + from] - weight[i * classes + base];
        if (bias) tail->bias[k] = bias[from] - bias[base];
    }
    spec->kernels->walk_pack(spec->kernels, features, classes - 1, differences,
                             tail->packed);
    free(differences);
    return NR_OK;
}

static nr_status fill(nr_tail *tail) {
    const nr_board *board = tail->board;
    size_t chunk = tail->suffix->chunk;
    tail->front = &board->frontier[0];
    tail->low = tail->front->clamp ? tail->front->low : -INFINITY;
    tail->high = tail->front->clamp ? tail->front->high : INFINITY;
    tail->packed = nr_new_floats(board->dense_floats);
    tail->ends = nr_new_floats(nr_size_mul(board->rows_block, tail->front->size));
    if (!tail->packed || !tail->ends || !NR_NEW(tail->bias, board->classes) ||
        !NR_NEW(tail->logits, nr_size_mul(chunk, board->classes)) ||
        !NR_NEW(tail->delta, chunk) || !NR_NEW(tail->scale, chunk))
        return NR_ERR_INTERNAL;
    for (size_t k = 0; k < chunk; k++) tail->scale[k] = 1;
    return pack_differences(tail);
}

nr_status nr_tail_new(const nr_board *board, const nr_cursor *cursor,
                      const nr_deltas *deltas, const nr_suffix *suffix, nr_tail **out) {
    nr_tail *tail;
    *out = NULL;
    if (!board->dense) return NR_OK;
    if (!NR_NEW(tail, 1)) return NR_ERR_INTERNAL;
    *tail =
        (nr_tail){.board = board, .cursor = cursor, .deltas = deltas, .suffix = suffix};
    nr_status status = fill(tail);
    if (status != NR_OK) {
        nr_tail_free(tail);
        return status;
    }
    *out = tail;
    return NR_OK;
}

void nr_tail_free(nr_tail *tail) {
    if (!tail) return;
    free(tail->packed);
    free(tail->bias);
    free(tail->ends);
    free(tail->logits);
    free(tail->delta);
    free(tail->scale);
    free(tail);
}

void nr_tail_open(nr_tail *tail) {
    const float *const *end = tail->suffix->end[0];
    size_t n = tail->cursor->images * tail->front->size;
    for (size_t i = 0; i < n; i++) tail->ends[i] = end[NR_FULL][i] + end[NR_EMPTY][i];
}

static void point_at_weights(const nr_tail *tail, size_t image, const uint32_t *players,
                             size_t count) {
    const nr_deltas *deltas = tail->deltas;
    uint32_t input = nr_graph_input_of(tail->board->spec.graph, tail->front->node, 0);
    size_t row = tail->cursor->row + image;
    const float *values =
        deltas->difference[input] + row * nr_board_size(tail->board, input);
    for (size_t k = 0; k < count; k++) {
        tail->delta[k] = deltas->weight[players[k]];
        tail->scale[k] = values[deltas->channel[players[k]]];
    }
}

/* Logits of one image: those of the prefixes, then those of the complements. */
static void walk_image(const nr_tail *tail, size_t image, const uint32_t *players,
                       size_t count, float *current) {
    const nr_board *board = tail->board;
    size_t size = tail->front->size, classes = board->classes;
    if (board->scaled) point_at_weights(tail, image, players, count);
    else
        for (size_t k = 0; k < count; k++)
            tail->delta[k] = nr_delta(tail->deltas, 0, players[k]) + image * size;
    board->spec.kernels->walk(
        board->spec.kernels,
        &(nr_walk_args){.steps = count,
                        .features = size,
                        .classes = classes - 1,
                        .deltas = tail->delta,
                        .scales = tail->scale,
                        .ends = tail->ends + image * size,
                        .current = current + image * size,
                        .low = tail->low,
                        .high = tail->high,
                        .packed = tail->packed,
                        .bias = tail->bias,
                        .prefix = tail->logits,
                        .complement = tail->logits + count * classes,
                        .stride = classes,
                        .skip = tail->base});
}

bool nr_tail_steps(const nr_tail *tail, const uint32_t *players, size_t count,
                   float *current, int64_t *values, nr_bad *bad) {
    const uint32_t *labels =
        nr_images_labels(tail->board->spec.images) + tail->cursor->first_image;
    memset(values, 0, 2 * count * sizeof *values);
    for (size_t t = 0; t < tail->cursor->images; t++) {
        walk_image(tail, t, players, count, current);
        if (!nr_suffix_add_scores(tail->suffix, tail->logits, 2 * count, 1, labels + t,
                                  values, bad))
            return false;
    }
    return true;
}
