#include "neurank/switch/objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/nn/backward.h"
#include "neurank/switch/dirichlet.h"

/* Of one batch of rows through the rest of the network: a constant, since the rounding
 * of products without packed weights depends on the batch. */
enum { BATCH_BYTES = 16 << 20 };

struct nr_objective {
    nr_objective_spec spec;
    uint32_t gate; /* the node whose channels are multiplied */
    size_t n, pixels, classes;
    const float *silent; /* [n]; NULL: 0 */
    size_t draws_at_once;
    nr_exec *prefix;
    nr_backward *rest;
    nr_draws *draws;
    nr_stream stream;
    uint32_t *external; /* [n_external] nodes that the rest reads beside the gate */
    size_t n_external, block_floats; /* of gate and external outputs, a block */
    float **kept;                    /* [blocks] those outputs; NULL: not kept */
    size_t kept_bytes;
    float *input, *outputs; /* outputs: of a block that is not kept */
    float *gated;           /* [rows, shape of gate] */
    float *d_logits;        /* [rows, classes] */
    float *scale, *shift;   /* [n] of one draw */
    uint32_t *labels;       /* [rows] */
    double *values, *means; /* [rows], [block_images] */
    double *ds;             /* [draws, n] */
    double *gradient;       /* [n] */
};

/* ---- where the switch stands ---- */

/* f(s x) = s f(x) for s >= 0, channel by channel */
static bool commutes(const nr_node *n) {
    switch ((nr_op)n->op) {
    case NR_OP_RELU:
    case NR_OP_LEAKY_RELU:
    case NR_OP_MAX_POOL:
    case NR_OP_AVG_POOL:
    case NR_OP_GLOBAL_AVG_POOL: return true;
    default: return false;
    }
}

static bool is_zero(const float *values, size_t n) {
    for (size_t i = 0; values && i < n; i++)
        if (values[i] != 0) return false;
    return true;
}

static void place_gate(nr_objective *o) {
    const nr_graph *graph = o->spec.graph;
    const nr_node *layer = nr_graph_node(graph, o->spec.layer);
    uint32_t reader;
    o->silent = nr_graph_weight(graph, layer->silent);
    if (is_zero(o->silent, layer->shape.c)) o->silent = NULL;
    o->gate = o->spec.layer;
    while (!o->silent && nr_graph_only_reader(graph, o->gate, &reader) &&
           commutes(nr_graph_node(graph, reader)))
        o->gate = reader;
    nr_shape shape = nr_graph_node(graph, o->gate)->shape;
    o->n = shape.c;
    o->pixels = (size_t)shape.h * shape.w;
    o->classes = nr_graph_node(graph, nr_graph_output(graph))->shape.c;
}

/* ---- making ---- */

static size_t size_of(const nr_objective *o, uint32_t node) {
    return nr_shape_size(nr_graph_node(o->spec.graph, node)->shape);
}

static size_t draw_rows(const nr_objective *o) {
    return o->spec.draws ? o->spec.draws : 1;
}

static nr_status make_rest(nr_objective *o) {
    size_t row_bytes, t = o->spec.block_images;
    NR_TRY(
        nr_backward_bytes_per_row(o->spec.graph, o->spec.kernels, o->gate, &row_bytes));
    size_t bytes =
        nr_size_mul(nr_size_add(row_bytes, size_of(o, o->gate) * sizeof(float)), t);
    o->draws_at_once = BATCH_BYTES / bytes;
    if (o->draws_at_once < 1) o->draws_at_once = 1;
    if (o->draws_at_once > draw_rows(o)) o->draws_at_once = draw_rows(o);
    return nr_backward_new(o->spec.graph, o->spec.kernels, o->gate,
                           o->draws_at_once * t, &o->rest);
}

/* What does not depend on s, of a block: outputs of the gate and of external nodes. */
static nr_status make_prefix(nr_objective *o) {
    if (!NR_NEW(o->external, nr_graph_size(o->spec.graph))) return NR_ERR_INTERNAL;
    o->block_floats = size_of(o, o->gate);
    for (uint32_t i = 0; i < nr_graph_size(o->spec.graph); i++) {
        if (!nr_backward_reads(o->rest, i)) continue;
        o->external[o->n_external++] = i;
        o->block_floats = nr_size_add(o->block_floats, size_of(o, i));
    }
    o->block_floats = nr_size_mul(o->block_floats, o->spec.block_images);
    return nr_backward_prefix(o->rest, o->spec.block_images, &o->prefix);
}

static size_t count_blocks(const nr_objective *o) {
    size_t t = o->spec.block_images;
    return (nr_images_count(o->spec.images) + t - 1) / t;
}

static nr_status allocate(nr_objective *o) {
    size_t t = o->spec.block_images, rows = o->draws_at_once * t;
    o->input = nr_new_floats(nr_size_mul(t, size_of(o, 0)));
    o->outputs = nr_new_floats(o->block_floats);
    o->gated = nr_new_floats(nr_size_mul(rows, size_of(o, o->gate)));
    o->d_logits = nr_new_floats(nr_size_mul(rows, o->classes));
    o->scale = nr_new_floats(o->n);
    o->shift = nr_new_floats(o->n);
    o->kept = nr_new(count_blocks(o), sizeof(float *));
    if (!o->scale || !o->shift || !o->input || !o->outputs || !o->gated ||
        !o->d_logits || !o->kept || !NR_NEW(o->labels, rows) ||
        !NR_NEW(o->values, rows) || !NR_NEW(o->means, t) ||
        !NR_NEW(o->ds, nr_size_mul(draw_rows(o), o->n)) || !NR_NEW(o->gradient, o->n))
        return NR_ERR_INTERNAL;
    return nr_draws_new(o->n, o->spec.draws, &o->draws);
}

nr_status nr_objective_new(const nr_objective_spec *spec, nr_objective **out) {
    nr_objective *o;
    if (!NR_NEW(o, 1)) return NR_ERR_INTERNAL;
    o->spec = *spec;
    o->stream = nr_stream_make(spec->seed, "switch", spec->layer);
    place_gate(o);
    nr_status status = make_rest(o);
    if (status == NR_OK) status = make_prefix(o);
    if (status == NR_OK) status = allocate(o);
    if (status != NR_OK) {
        nr_objective_free(o);
        return status;
    }
    *out = o;
    return NR_OK;
}

void nr_objective_free(nr_objective *o) {
    if (!o) return;
    for (size_t b = 0; o->kept && b < count_blocks(o); b++) free(o->kept[b]);
    nr_exec_free(o->prefix);
    nr_backward_free(o->rest);
    nr_draws_free(o->draws);
    free(o->external);
    free(o->kept);
    free(o->input);
    free(o->outputs);
    free(o->gated);
    free(o->d_logits);
    free(o->scale);
    free(o->shift);
    free(o->labels);
    free(o->values);
    free(o->means);
    free(o->ds);
    free(o->gradient);
    free(o);
}

size_t nr_objective_images(const nr_objective *o, size_t block) {
    size_t t = o->spec.block_images, left = nr_images_count(o->spec.images) - block * t;
    return left < t ? left : t;
}

/* ---- what does not depend on s ---- */

static const float *prefix_output(const nr_objective *o, uint32_t node) {
    return node == 0 ? o->input : nr_exec_output(o->prefix, node);
}

static float *copy_output(const nr_objective *o, uint32_t node, size_t count,
                          float *to) {
    memcpy(to, prefix_output(o, node), count * size_of(o, node) * sizeof *to);
    return to + o->spec.block_images * size_of(o, node);
}

static void compute_outputs(nr_objective *o, size_t block, float *to) {
    size_t count = nr_objective_images(o, block);
    nr_images_read(o->spec.images, block * o->spec.block_images, count, o->input);
    nr_exec_bind(o->prefix, 0, o->input, count);
    nr_exec_run(o->prefix, count);
    to = copy_output(o, o->gate, count, to);
    for (size_t k = 0; k < o->n_external; k++)
        to = copy_output(o, o->external[k], count, to);
}

/* The outputs of gate and external nodes, one behind another. */
static nr_status find_outputs(nr_objective *o, size_t block, const float **out) {
    size_t bytes = nr_size_mul(o->block_floats, sizeof(float));
    *out = o->kept[block];
    if (*out) return NR_OK;
    float *to = o->outputs;
    if (o->kept_bytes + bytes <= o->spec.memory_bytes) {
        if (!(to = nr_new_floats(o->block_floats))) return NR_ERR_INTERNAL;
        o->kept[block] = to;
        o->kept_bytes += bytes;
    }
    compute_outputs(o, block, to);
    *out = to;
    return NR_OK;
}

/* ---- one block ---- */

/* The gate's output under one draw. */
static void apply_draw(const nr_objective *o, const float *output, const double *s,
                       size_t count, float *to) {
    double factor = o->spec.scaled ? (double)o->n : 1;
    for (size_t j = 0; j < o->n; j++) {
        o->scale[j] = (float)(factor * s[j]);
        if (o->silent) o->shift[j] = o->silent[j] * (1 - o->scale[j]);
    }
    o->spec.kernels->affine(count * o->pixels, o->n, output, o->scale,
                            o->silent ? o->shift : NULL, to);
}

static void bind_outputs(nr_objective *o, const float *outputs, size_t count,
                         size_t rows) {
    size_t t = o->spec.block_images;
    nr_backward_bind(o->rest, o->gate, o->gated, rows);
    outputs += t * size_of(o, o->gate);
    for (size_t k = 0; k < o->n_external; k++) {
        nr_backward_bind(o->rest, o->external[k], outputs, count);
        outputs += t * size_of(o, o->external[k]);
    }
}

/* Forward and back under draws [first, first + n_draws): means of ln p, and ds. */
static void play_draws(nr_objective *o, const float *outputs, const double *s,
                       size_t first, size_t n_draws, size_t count) {
    size_t rows = n_draws * count, size = o->n * o->pixels;
    double factor = o->spec.scaled ? (double)o->n : 1;
    for (size_t k = 0; k < n_draws; k++)
        apply_draw(o, outputs, s + (first + k) * o->n, count,
                   o->gated + k * count * size);
    bind_outputs(o, outputs, count, rows);
    const float *logits = nr_backward_forward(o->rest, rows);
    o->spec.kernels->log_likelihood(o->spec.kernels, rows, o->classes, logits,
                                    o->labels, o->values);
    for (size_t r = 0; r < rows; r++)
        o->means[r % count] += o->values[r] / (double)draw_rows(o);
    nr_log_likelihood_gradient(rows, o->classes, logits, o->labels, o->d_logits);
    const float *back = nr_backward_run(o->rest, rows, o->d_logits);
    for (size_t k = 0; k < n_draws; k++) {
        double *ds = o->ds + (first + k) * o->n;
        memset(ds, 0, o->n * sizeof *ds);
        nr_channel_products(count * o->pixels, o->n, outputs, o->silent,
                            back + k * count * size, ds);
        for (size_t j = 0; j < o->n; j++) ds[j] *= factor / (double)draw_rows(o);
    }
}

static void play_block(nr_objective *o, const float *outputs, const double *s,
                       size_t block) {
    size_t count = nr_objective_images(o, block), n_draws = draw_rows(o);
    const uint32_t *labels =
        nr_images_labels(o->spec.images) + block * o->spec.block_images;
    for (size_t r = 0; r < o->draws_at_once * count; r++)
        o->labels[r] = labels[r % count];
    memset(o->means, 0, count * sizeof *o->means);
    for (size_t first = 0; first < n_draws; first += o->draws_at_once) {
        size_t left = n_draws - first;
        play_draws(o, outputs, s, first,
                   left < o->draws_at_once ? left : o->draws_at_once, count);
    }
}

static nr_status take_numbers(const nr_objective *o, size_t block, double weight,
                              int64_t *gradient, int64_t *likelihoods) {
    const nr_graph *graph = o->spec.graph;
    const char *layer =
        nr_graph_text(graph, nr_graph_node(graph, o->spec.layer)->short_name);
    for (size_t t = 0; t < nr_objective_images(o, block); t++)
        NR_REQUIRE(nr_quantise(o->means[t], &likelihoods[t]), NR_ERR_UNIT,
                   "%s, layer \"%s\": ln p of image %u is %g, a number below 2^%d is "
                   "expected",
                   nr_graph_source(graph), layer,
                   nr_images_index(o->spec.images, block * o->spec.block_images + t),
                   o->means[t], NR_VALUE_BITS);
    for (size_t j = 0; j < o->n; j++) {
        int64_t quanta;
        NR_REQUIRE(nr_quantise(weight * o->gradient[j], &quanta), NR_ERR_UNIT,
                   "%s, layer \"%s\": the gradient of filter %zu is %g, a number below "
                   "2^%d is expected",
                   nr_graph_source(graph), layer, j, weight * o->gradient[j],
                   NR_VALUE_BITS);
        gradient[j] += quanta;
    }
    return NR_OK;
}

nr_status nr_objective_block(nr_objective *o, const double *phi, uint32_t step,
                             size_t block, double weight, int64_t *gradient,
                             int64_t *likelihoods) {
    const float *outputs;
    NR_TRY(find_outputs(o, block, &outputs));
    play_block(o, outputs,
               nr_draws_make(o->draws, phi, o->stream, step, (uint32_t)block), block);
    memset(o->gradient, 0, o->n * sizeof *o->gradient);
    nr_draws_gradient(o->draws, o->ds, o->gradient);
    return take_numbers(o, block, weight, gradient, likelihoods);
}
