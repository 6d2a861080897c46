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

/* x + constant or x * constant as scale and shift of each channel. */
static nr_status affine_build(nr_op_reader *op, const nr_value *x, const char *name,
                              const nr_tensor *t) {
    size_t c = nr_graph_node(op->import->graph, x->node)->shape.c;
    bool add = strcmp(op->node->op_type, "Add") == 0;
    float *scale, *shift;
    uint32_t out;
    NR_NODE_REQUIRE(
        is_per_channel(t, x, c), op,
        "constant \"%s\" is neither one number nor one for each of %zu channels", name,
        c);
    if (!NR_NEW(scale, 2 * c)) return NR_ERR_INTERNAL;
    shift = scale + c;
    for (size_t i = 0; i < c; i++) {
        float value = t->floats[t->count == 1 ? 0 : i];
        scale[i] = add ? 1 : value;
        shift[i] = add ? value : 0;
    }
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
        nr_status status = affine_build(op, a, op->node->input[k], &t);
        nr_tensor_free(&t);
        return status;
    }
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &a));
    NR_TRY(nr_op_tensor(op, 1, 2, 4, &b));
    NR_NODE_REQUIRE(a->rank == b->rank, op, "inputs have %zu and %zu dimensions",
                    a->rank, b->rank);
    nr_op kind = strcmp(op->node->op_type, "Add") == 0 ? NR_OP_ADD : NR_OP_MUL;
    NR_TRY(nr_graph_add_binary(op->import->graph, nr_op_label(op, ""), kind, a->node,
                               b->node, &out));
    return nr_op_result(op, out, a->rank);
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
    if (strcmp(type, "Add") == 0 || strcmp(type, "Mul") == 0) return import_binary(op);
    if (strcmp(type, "Concat") == 0) return import_concat(op);
    return import_pointwise(op);
}
