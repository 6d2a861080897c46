/* Operators that work element by element, and Concat. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "import_private.h"
#include "neurank/base/memory.h"

static nr_status clip_bounds(nr_op_reader *op, float *low, float *high) {
    if (op->import->opset < 11) {
        NR_TRY(nr_attr_float(op, "min", -FLT_MAX, low));
        NR_TRY(nr_attr_float(op, "max", FLT_MAX, high));
    } else {
        NR_TRY(nr_op_scalar(op, 1, -FLT_MAX, low));
        NR_TRY(nr_op_scalar(op, 2, FLT_MAX, high));
    }
    NR_NODE_REQUIRE(*low <= *high, op, "lower bound %g is above upper bound %g",
                    (double)*low, (double)*high);
    return NR_OK;
}

static nr_status import_pointwise(nr_op_reader *op) {
    const char *type = op->node->op_type;
    const nr_value *x;
    nr_op kind = NR_OP_RELU;
    float low = 0, high = 0;
    uint32_t out;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    if (strcmp(type, "LeakyRelu") == 0) {
        kind = NR_OP_LEAKY_RELU;
        NR_TRY(nr_attr_float(op, "alpha", 0.01F, &low));
    } else if (strcmp(type, "Clip") == 0) {
        kind = NR_OP_CLIP;
        NR_TRY(clip_bounds(op, &low, &high));
    } else if (strcmp(type, "Sigmoid") == 0) {
        kind = NR_OP_SIGMOID;
    }
    NR_TRY(nr_attr_done(op));
    NR_TRY(nr_graph_add_pointwise(op->import->graph, nr_op_label(op, ""), kind, x->node,
                                  low, high, &out));
    return nr_op_result(op, out, x->rank);
}

/* A constant that is one number or one number a channel of x: [c] for flat x,
 * [c, 1, 1] or [1, c, 1, 1] for maps. */
static bool is_per_channel(const nr_tensor *t, const nr_value *x, size_t c) {
    if (!t->floats || t->rank > x->rank) return false;
    if (t->count == 1) return true;
    size_t axis_from_end = x->rank - 1; /* the channel axis counts 1 from the front */
    for (size_t d = 0; d < t->rank; d++) {
        bool channel = t->rank - d == axis_from_end;
        if (t->dims[d] != (channel ? c : 1)) return false;
    }
    return true;
}

typedef enum { ADD, SUB, MUL, DIV, NOT_BINARY } arithmetic;

static arithmetic arithmetic_of(const char *op_type) {
    static const char *const names[] = {"Add", "Sub", "Mul", "Div"};
    for (size_t i = 0; i < NOT_BINARY; i++)
        if (strcmp(op_type, names[i]) == 0) return (arithmetic)i;
    return NOT_BINARY;
}

/* The affine map that x is put through by a constant: x + v, x - v, v - x, x v, x / v.
 */
static void affine_of(arithmetic kind, bool constant_first, float value, float *scale,
                      float *shift) {
    switch (kind) {
    case ADD: *scale = 1, *shift = value; break;
    case SUB:
        *scale = constant_first ? -1.0F : 1.0F;
        *shift = constant_first ? value : -value;
        break;
    case MUL: *scale = value, *shift = 0; break;
    default: *scale = 1 / value, *shift = 0;
    }
}

/* Input k is a constant: scale and shift of each channel of the other one, x. */
static nr_status affine_build(nr_op_reader *op, const nr_value *x, size_t k,
                              const nr_tensor *t) {
    size_t c = nr_graph_node(op->import->graph, x->node)->shape.c;
    arithmetic kind = arithmetic_of(op->node->op_type);
    float *scale, *shift;
    uint32_t out;
    NR_NODE_REQUIRE(
        is_per_channel(t, x, c), op,
        "constant \"%s\" is neither one number nor one for each of %zu channels",
        op->node->input[k], c);
    NR_NODE_REQUIRE(kind != DIV || k == 1, op,
                    "constant \"%s\" is divided by a tensor, which is not supported",
                    op->node->input[k]);
    for (size_t i = 0; i < t->count; i++)
        NR_NODE_REQUIRE(kind != DIV || t->floats[i] != 0, op,
                        "constant \"%s\" divides by 0 at place %zu", op->node->input[k],
                        i);
    if (!NR_NEW(scale, 2 * c)) return NR_ERR_INTERNAL;
    shift = scale + c;
    for (size_t i = 0; i < c; i++)
        affine_of(kind, k == 0, t->floats[t->count == 1 ? 0 : i], &scale[i], &shift[i]);
    nr_status status = nr_graph_add_affine(op->import->graph, nr_op_label(op, ""),
                                           x->node, scale, shift, &out);
    free(scale);
    NR_TRY(status);
    return nr_op_result(op, out, x->rank);
}

static nr_status import_binary(nr_op_reader *op) {
    const nr_value *a, *b;
    uint32_t out;
    NR_TRY(nr_attr_done(op));
    for (size_t k = 0; k < 2; k++) {
        if (!nr_op_is_constant(op, k)) continue;
        nr_tensor t;
        NR_TRY(nr_op_tensor(op, 1 - k, 2, 4, &a));
        NR_TRY(nr_op_constant(op, k, &t));
        nr_status status = affine_build(op, a, k, &t);
        nr_tensor_free(&t);
        return status;
    }
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &a));
    NR_TRY(nr_op_tensor(op, 1, 2, 4, &b));
    NR_NODE_REQUIRE(a->rank == b->rank, op, "inputs have %zu and %zu dimensions",
                    a->rank, b->rank);
    arithmetic kind = arithmetic_of(op->node->op_type);
    NR_NODE_REQUIRE(kind == ADD || kind == MUL, op,
                    "neither \"%s\" nor \"%s\" is a constant, which is not supported",
                    op->node->input[0], op->node->input[1]);
    NR_TRY(nr_graph_add_binary(op->import->graph, nr_op_label(op, ""),
                               kind == ADD ? NR_OP_ADD : NR_OP_MUL, a->node, b->node,
                               &out));
    return nr_op_result(op, out, a->rank);
}

/* HardSigmoid(x) = max(0, min(1, alpha x + beta)) as scale and shift, then bounds;
 * HardSwish(x) = x HardSigmoid(x) with 1/6 and 1/2: what the standard defines them as.
 */
static nr_status import_hard(nr_op_reader *op) {
    nr_graph *graph = op->import->graph;
    nr_label label = nr_op_label(op, "");
    bool swish = strcmp(op->node->op_type, "HardSwish") == 0;
    float alpha = 1.0F / 6, beta = 0.5F, *scale;
    const nr_value *x;
    uint32_t out;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    if (!swish) {
        NR_TRY(nr_attr_float(op, "alpha", 0.2F, &alpha));
        NR_TRY(nr_attr_float(op, "beta", 0.5F, &beta));
    }
    NR_TRY(nr_attr_done(op));
    size_t c = nr_graph_node(graph, x->node)->shape.c;
    if (!NR_NEW(scale, 2 * c)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < c; i++) scale[i] = alpha, scale[c + i] = beta;
    nr_status status =
        nr_graph_add_affine(graph, label, x->node, scale, scale + c, &out);
    free(scale);
    NR_TRY(status);
    NR_TRY(nr_graph_add_pointwise(graph, label, NR_OP_CLIP, out, 0, 1, &out));
    if (swish) NR_TRY(nr_graph_add_binary(graph, label, NR_OP_MUL, x->node, out, &out));
    return nr_op_result(op, out, x->rank);
}

static nr_status import_concat(nr_op_reader *op) {
    const nr_value *first, *x;
    int64_t axis;
    uint32_t *inputs, out = 0;
    NR_TRY(nr_attr_int(op, "axis", 1, &axis));
    NR_TRY(nr_attr_done(op));
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &first));
    size_t rank = first->rank;
    NR_NODE_REQUIRE(axis == 1 || axis == 1 - (int64_t)rank, op,
                    "attribute \"axis\" = %lld: channels (1) are supported",
                    (long long)axis);
    if (!NR_NEW(inputs, op->node->n_input)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t k = 0; k < op->node->n_input && status == NR_OK; k++) {
        status = nr_op_tensor(op, k, rank, rank, &x);
        if (status == NR_OK) inputs[k] = x->node;
    }
    if (status == NR_OK)
        status = nr_graph_add_concat(op->import->graph, nr_op_label(op, ""), inputs,
                                     (uint32_t)op->node->n_input, &out);
    free(inputs);
    NR_TRY(status);
    return nr_op_result(op, out, rank);
}

nr_status nr_import_elementwise(nr_op_reader *op) {
    const char *type = op->node->op_type;
    if (arithmetic_of(type) != NOT_BINARY) return import_binary(op);
    if (strncmp(type, "Hard", 4) == 0) return import_hard(op);
    if (strcmp(type, "Concat") == 0) return import_concat(op);
    return import_pointwise(op);
}
