#include "neurank/nn/backward.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backward_kernels.h"
#include "exec_private.h"
#include "neurank/base/memory.h"
#include "transposed.h"

struct nr_backward {
    const nr_graph *graph;
    const nr_back_kernels *back;
    const nr_kernels *kernels;
    uint32_t from;
    bool *depends, *reads; /* [graph size] */
    uint32_t *nodes;       /* [n_nodes] those that depend, ascending */
    size_t n_nodes;
    nr_exec *forward;
    size_t *period;             /* [graph size] of what was bound */
    nr_transposed **transposed; /* [graph size] NULL: plain, or no product */
    uint32_t *slot_of;          /* [graph size] of each gradient */
    size_t *slot_floats;        /* [n_slots] per row */
    size_t n_slots;
    float **slots;                   /* [n_slots] */
    bool *begun;                     /* [graph size] the gradient has a first part */
    float *memory, *extra, *scratch; /* extra: a further part of a gradient */
    size_t rows_max;
};

/* ---- which nodes ---- */

static const nr_node *node_at(const nr_backward *b, uint32_t node) {
    return nr_graph_node(b->graph, node);
}

static uint32_t input_at(const nr_backward *b, uint32_t node, uint32_t k) {
    return nr_graph_input_of(b->graph, node, k);
}

static size_t size_at(const nr_backward *b, uint32_t node) {
    return nr_shape_size(node_at(b, node)->shape);
}

static nr_status find_nodes(nr_backward *b) {
    size_t size = nr_graph_size(b->graph);
    if (!NR_NEW(b->depends, size) || !NR_NEW(b->reads, size) ||
        !NR_NEW(b->nodes, size) || !NR_NEW(b->begun, size) || !NR_NEW(b->period, size))
        return NR_ERR_INTERNAL;
    b->depends[b->from] = true;
    for (uint32_t i = b->from + 1; i < size; i++) {
        for (uint32_t k = 0; k < node_at(b, i)->n_inputs; k++)
            b->depends[i] |= b->depends[input_at(b, i, k)];
        if (b->depends[i]) b->nodes[b->n_nodes++] = i;
    }
    for (size_t i = 0; i < b->n_nodes; i++)
        for (uint32_t k = 0; k < node_at(b, b->nodes[i])->n_inputs; k++) {
            uint32_t input = input_at(b, b->nodes[i], k);
            b->reads[input] = !b->depends[input];
        }
    NR_REQUIRE(b->depends[nr_graph_output(b->graph)], NR_ERR_INTERNAL,
               "%s: the output does not depend on node %u", nr_graph_source(b->graph),
               b->from);
    return NR_OK;
}

/* ---- forward ---- */

/* What backward looks at, and the logits. */
static void mark_kept(const nr_backward *b, uint32_t node, bool *keep) {
    switch ((nr_op)node_at(b, node)->op) {
    case NR_OP_RELU:
    case NR_OP_CLIP:
    case NR_OP_SIGMOID: keep[node] = true; break;
    case NR_OP_LEAKY_RELU:
    case NR_OP_MAX_POOL: keep[input_at(b, node, 0)] = true; break;
    case NR_OP_MUL: keep[input_at(b, node, 0)] = keep[input_at(b, node, 1)] = true;
    default: break;
    }
}

static size_t list_kept(const nr_backward *b, bool *keep, uint32_t *list) {
    size_t n = 0;
    for (size_t i = 0; i < b->n_nodes; i++) mark_kept(b, b->nodes[i], keep);
    keep[nr_graph_output(b->graph)] = true;
    for (size_t i = 0; i < b->n_nodes; i++)
        if (keep[b->nodes[i]]) list[n++] = b->nodes[i];
    return n;
}

/* The forward execution's description; *kept [n_nodes] is the caller's (free). */
static nr_status describe(const nr_backward *b, nr_exec_spec *spec, uint32_t **kept) {
    bool *keep;
    if (!NR_NEW(*kept, b->n_nodes + 1)) return NR_ERR_INTERNAL;
    if (!NR_NEW(keep, nr_graph_size(b->graph))) {
        free(*kept);
        return NR_ERR_INTERNAL;
    }
    *spec = (nr_exec_spec){.graph = b->graph,
                           .kernels = b->kernels,
                           .nodes = b->nodes,
                           .n_nodes = b->n_nodes,
                           .keep = *kept,
                           .n_keep = list_kept(b, keep, *kept),
                           .rows_max = b->rows_max};
    free(keep);
    return NR_OK;
}

static nr_status make_forward(nr_backward *b) {
    nr_exec_spec spec;
    uint32_t *kept;
    NR_TRY(describe(b, &spec, &kept));
    nr_status status = nr_exec_new(&spec, &b->forward);
    free(kept);
    return status;
}

/* ---- memory of gradients ---- */

/* Any free slot; the largest one wanted of it decides its size. */
static uint32_t take_slot(nr_backward *b, bool *busy, size_t floats) {
    uint32_t slot = 0;
    while (slot < b->n_slots && busy[slot]) slot++;
    if (slot == b->n_slots) b->n_slots++;
    busy[slot] = true;
    if (b->slot_floats[slot] < floats) b->slot_floats[slot] = floats;
    return slot;
}

/* Nodes in reverse order: a gradient begins with the first reader that is gone through,
 * and its slot is free when the node itself has been. */
static nr_status place_gradients(nr_backward *b) {
    size_t size = nr_graph_size(b->graph);
    bool *busy;
    if (!NR_NEW(b->slot_of, size) || !NR_NEW(b->slot_floats, size + 1))
        return NR_ERR_INTERNAL;
    if (!NR_NEW(busy, size + 1)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < size; i++) b->slot_of[i] = NR_NO_SLOT;
    for (size_t i = b->n_nodes; i-- > 0;) {
        uint32_t node = b->nodes[i];
        for (uint32_t k = 0; k < node_at(b, node)->n_inputs; k++) {
            uint32_t input = input_at(b, node, k);
            if (b->depends[input] && b->slot_of[input] == NR_NO_SLOT)
                b->slot_of[input] = take_slot(b, busy, size_at(b, input));
        }
        if (node != nr_graph_output(b->graph)) busy[b->slot_of[node]] = false;
    }
    free(busy);
    return NR_OK;
}

static size_t gradient_floats(const nr_backward *b) {
    size_t floats = 0;
    for (size_t s = 0; s < b->n_slots; s++)
        floats = nr_size_add(floats, b->slot_floats[s]);
    return floats;
}

static size_t largest_tensor(const nr_backward *b) {
    size_t largest = size_at(b, b->from);
    for (size_t i = 0; i < b->n_nodes; i++)
        if (size_at(b, b->nodes[i]) > largest) largest = size_at(b, b->nodes[i]);
    return largest;
}

static nr_status allocate(nr_backward *b, size_t scratch) {
    size_t offset = 0;
    b->memory = nr_new_floats(nr_size_mul(gradient_floats(b), b->rows_max));
    b->extra = nr_new_floats(nr_size_mul(largest_tensor(b), b->rows_max));
    b->scratch = nr_new_floats(scratch);
    b->slots = nr_new(b->n_slots + 1, sizeof(float *));
    if (!b->memory || !b->extra || !b->scratch || !b->slots) return NR_ERR_INTERNAL;
    for (size_t s = 0; s < b->n_slots; s++) {
        b->slots[s] = b->memory + offset;
        offset += b->slot_floats[s] * b->rows_max;
    }
    return NR_OK;
}

/* ---- making ---- */

static nr_status make_transposed(nr_backward *b, size_t *scratch) {
    b->transposed = nr_new(nr_graph_size(b->graph), sizeof(nr_transposed *));
    if (!b->transposed) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < b->n_nodes && !b->kernels->plain; i++) {
        uint32_t node = b->nodes[i];
        const nr_node *n = node_at(b, node);
        if (n->op != NR_OP_CONV && n->op != NR_OP_DENSE) continue;
        NR_TRY(nr_transposed_new(b->graph, b->kernels, node, &b->transposed[node]));
        size_t floats = nr_transposed_scratch(b->transposed[node]);
        if (floats > *scratch) *scratch = floats;
    }
    return NR_OK;
}

/* Without weights and memory. */
static nr_status plan(nr_backward *b, const nr_graph *graph, const nr_kernels *kernels,
                      uint32_t from, size_t rows_max) {
    b->graph = graph;
    b->kernels = kernels;
    b->back = kernels->plain ? &nr_back_reference : &nr_back_fast;
    b->from = from;
    b->rows_max = rows_max;
    NR_TRY(find_nodes(b));
    return place_gradients(b);
}

nr_status nr_backward_new(const nr_graph *graph, const nr_kernels *kernels,
                          uint32_t from, size_t rows_max, nr_backward **out) {
    nr_backward *b;
    size_t scratch = 0;
    if (!NR_NEW(b, 1)) return NR_ERR_INTERNAL;
    nr_status status = plan(b, graph, kernels, from, rows_max);
    if (status == NR_OK) status = make_forward(b);
    if (status == NR_OK) status = make_transposed(b, &scratch);
    if (status == NR_OK) status = allocate(b, scratch);
    if (status != NR_OK) {
        nr_backward_free(b);
        return status;
    }
    *out = b;
    return NR_OK;
}

void nr_backward_free(nr_backward *b) {
    if (!b) return;
    for (size_t i = 0; b->transposed && i < nr_graph_size(b->graph); i++)
        nr_transposed_free(b->transposed[i]);
    nr_exec_free(b->forward);
    free(b->depends);
    free(b->reads);
    free(b->nodes);
    free(b->period);
    free(b->transposed);
    free(b->slot_of);
    free(b->slot_floats);
    free(b->slots);
    free(b->begun);
    free(b->memory);
    free(b->extra);
    free(b->scratch);
    free(b);
}

nr_status nr_backward_bytes_per_row(const nr_graph *graph, const nr_kernels *kernels,
                                    uint32_t from, size_t *out) {
    nr_backward *b;
    nr_exec_spec spec;
    uint32_t *kept = NULL;
    size_t forward = 0;
    if (!NR_NEW(b, 1)) return NR_ERR_INTERNAL;
    nr_status status = plan(b, graph, kernels, from, 1);
    if (status == NR_OK) status = describe(b, &spec, &kept);
    if (status == NR_OK) {
        status = nr_exec_bytes_per_row(&spec, &forward);
        free(kept);
        size_t floats = nr_size_add(gradient_floats(b), largest_tensor(b));
        *out = nr_size_add(forward, nr_size_mul(floats, sizeof(float)));
    }
    nr_backward_free(b);
    return status;
}

/* ---- running ---- */

bool nr_backward_reads(const nr_backward *b, uint32_t node) {
    return b->reads[node];
}

nr_status nr_backward_prefix(const nr_backward *b, size_t rows_max, nr_exec **out) {
    size_t size = nr_graph_size(b->graph), n = 0, n_keep = 0;
    uint32_t *nodes, *keep = NULL;
    if (!NR_NEW(nodes, size) || !NR_NEW(keep, size)) {
        free(nodes);
        return NR_ERR_INTERNAL;
    }
    for (uint32_t i = 1; i < size; i++) {
        if (!b->depends[i] || i == b->from) nodes[n++] = i;
        if (b->reads[i] || i == b->from) keep[n_keep++] = i;
    }
    nr_exec_spec spec = {.graph = b->graph,
                         .kernels = b->kernels,
                         .nodes = nodes,
                         .n_nodes = n,
                         .keep = keep,
                         .n_keep = n_keep,
                         .rows_max = rows_max};
    nr_status status = nr_exec_new(&spec, out);
    free(nodes);
    free(keep);
    return status;
}

void nr_backward_bind(nr_backward *b, uint32_t node, const float *data, size_t period) {
    nr_exec_bind(b->forward, node, data, period);
    b->period[node] = period;
}

const float *nr_backward_forward(nr_backward *b, size_t rows) {
    nr_exec_run(b->forward, rows);
    return nr_exec_output(b->forward, nr_graph_output(b->graph));
}

static const float *row_of(const nr_backward *b, uint32_t node, size_t row) {
    size_t period = b->period[node];
    bool bound = !b->depends[node] || node == b->from;
    if (bound && period) row %= period;
    return nr_exec_output(b->forward, node) + row * size_at(b, node);
}

/* Add and Mul: dy, times the other operand of a product; summed over the map where the
 * operand was one pixel, spread over it. */
static void binary(const nr_backward *b, uint32_t node, uint32_t which, size_t rows,
                   const float *dy, float *dx) {
    const nr_node *n = node_at(b, node);
    uint32_t other = input_at(b, node, 1 - which);
    size_t size = nr_shape_size(n->shape), c = n->shape.c;
    size_t mine = size_at(b, input_at(b, node, which)), theirs = size_at(b, other);
    bool product = n->op == NR_OP_MUL;
    for (size_t r = 0; r < rows; r++, dy += size, dx += mine) {
        const float *factor = product ? row_of(b, other, r) : NULL;
        if (mine < size) memset(dx, 0, mine * sizeof *dx);
        for (size_t first = 0; first < size; first += c) {
            const float *f = factor ? factor + (theirs < size ? 0 : first) : NULL;
            float *to = mine < size ? dx : dx + first;
            for (size_t i = 0; i < c; i++) {
                float part = f ? dy[first + i] * f[i] : dy[first + i];
                to[i] = mine < size ? to[i] + part : part;
            }
        }
    }
}

/* Channels [first, first + c) of each pixel. */
static void slice(size_t pixels, size_t c_all, size_t first, size_t c, const float *dy,
                  float *dx) {
    for (size_t p = 0; p < pixels; p++)
        memcpy(dx + p * c, dy + p * c_all + first, c * sizeof *dx);
}

static void concat(const nr_backward *b, uint32_t node, uint32_t which, size_t rows,
                   const float *dy, float *dx) {
    nr_shape shape = node_at(b, node)->shape;
    size_t first = 0;
    for (uint32_t k = 0; k < which; k++)
        first += node_at(b, input_at(b, node, k))->shape.c;
    slice(rows * shape.h * shape.w, shape.c, first,
          node_at(b, input_at(b, node, which))->shape.c, dy, dx);
}

static void crop(const nr_back_args *a) {
    size_t line = (size_t)a->in.w * a->in.c;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t y = 0; y < a->in.h; y++)
            memcpy(a->dx + (r * a->in.h + y) * line,
                   a->dy + ((r * a->out.h + y + a->window.pad_top) * a->out.w +
                            a->window.pad_left) *
                               a->in.c,
                   line * sizeof *a->dx);
}

/* What one input gets of an operator's gradient. */
static void part_of(const nr_backward *b, uint32_t node, uint32_t which, size_t rows,
                    const float *dy, float *dx) {
    const nr_node *n = node_at(b, node);
    uint32_t input = input_at(b, node, which);
    nr_shape in = node_at(b, input)->shape;
    nr_back_args args = {.rows = rows,
                         .in = in,
                         .out = n->shape,
                         .window = n->window,
                         .dy = dy,
                         .weight = nr_graph_weight(b->graph, n->weight),
                         .dx = dx};
    size_t elements = rows * nr_shape_size(in);
    switch ((nr_op)n->op) {
    case NR_OP_CONV:
    case NR_OP_DENSE:
        if (b->transposed[node])
            nr_transposed_run(b->transposed[node], rows, dy, dx, b->scratch);
        else {
            if (n->op == NR_OP_DENSE)
                args.window = (nr_window){1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0};
            b->back->conv(&args);
        }
        break;
    case NR_OP_AFFINE:
        b->kernels->affine(elements / in.c, in.c, dy, args.weight, NULL, dx);
        break;
    case NR_OP_MAX_POOL:
        args.x = nr_exec_output(b->forward, input);
        b->back->max_pool(&args);
        break;
    case NR_OP_AVG_POOL: b->back->avg_pool(&args); break;
    case NR_OP_GLOBAL_AVG_POOL: b->back->global_avg_pool(&args); break;
    case NR_OP_ADD:
    case NR_OP_MUL: binary(b, node, which, rows, dy, dx); break;
    case NR_OP_CONCAT: concat(b, node, which, rows, dy, dx); break;
    case NR_OP_RESHAPE: /* the way back is a reshape, too */
        nr_reshape_rows(n->shape, in, nr_reshape_is_view(b->graph, node), rows, dy, dx);
        break;
    case NR_OP_PAD: crop(&args); break;
    default:
        input = n->op == NR_OP_LEAKY_RELU ? input : node;
        b->back->pointwise((nr_op)n->op, n->low, n->high, elements,
                           nr_exec_output(b->forward, input), dy, dx);
    }
}

static void add(size_t n, const float *restrict x, float *restrict y) {
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void pass_back(nr_backward *b, uint32_t node, size_t rows, const float *dy) {
    for (uint32_t k = 0; k < node_at(b, node)->n_inputs; k++) {
        uint32_t input = input_at(b, node, k);
        if (!b->depends[input]) continue;
        float *gradient = b->slots[b->slot_of[input]];
        part_of(b, node, k, rows, dy, b->begun[input] ? b->extra : gradient);
        if (b->begun[input]) add(rows * size_at(b, input), b->extra, gradient);
        b->begun[input] = true;
    }
}

const float *nr_backward_run(nr_backward *b, size_t rows, const float *d_output) {
    uint32_t output = nr_graph_output(b->graph);
    memset(b->begun, 0, nr_graph_size(b->graph) * sizeof *b->begun);
    for (size_t i = b->n_nodes; i-- > 0;) {
        uint32_t node = b->nodes[i];
        if (node == output) pass_back(b, node, rows, d_output);
        else if (b->begun[node]) pass_back(b, node, rows, b->slots[b->slot_of[node]]);
    }
    return b->from == output ? d_output : b->slots[b->slot_of[b->from]];
}

void nr_log_likelihood_gradient(size_t rows, size_t classes, const float *logits,
                                const uint32_t *labels, float *gradient) {
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * classes;
        float *g = gradient + r * classes, top = l[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = l[c] > top ? l[c] : top;
        for (size_t c = 0; c < classes; c++) sum += g[c] = expf(l[c] - top);
        for (size_t c = 0; c < classes; c++) g[c] = -g[c] / sum;
        g[labels[r]] += 1;
    }
}
