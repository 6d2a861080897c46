/* Operators that only change the view of a tensor, or pad or average over space. */
#include <stdlib.h>
#include <string.h>

#include "import_private.h"
#include "neurank/base/memory.h"

static nr_shape shape_at(const nr_op_reader *op, const nr_value *value) {
    return nr_graph_node(op->import->graph, value->node)->shape;
}

/* ---- views ---- */

/* Declares the output as the input under a new ONNX shape (without the batch axis).
 * A rank of 3 is kept as channels and a line of positions. */
static nr_status reshape_to(nr_op_reader *op, const nr_value *x, size_t rank,
                            const size_t dims[3]) {
    nr_shape in = shape_at(op, x), shape;
    for (size_t d = 0; d + 1 < rank; d++)
        NR_NODE_REQUIRE(dims[d] >= 1 && dims[d] <= UINT32_MAX, op,
                        "dimension %zu is %zu", d + 1, dims[d]);
    shape = (nr_shape){.c = (uint32_t)dims[0],
                       .h = rank > 2 ? (uint32_t)dims[1] : 1,
                       .w = rank > 3 ? (uint32_t)dims[2] : 1,
                       .flat = rank == 2};
    uint32_t out = x->node;
    bool same_order = shape.c == in.c && !shape.flat && !in.flat && shape.h == in.h;
    if (!same_order || shape.w != in.w)
        NR_TRY(nr_graph_add_reshape(op->import->graph, nr_op_label(op, ""), x->node,
                                    shape, &out));
    return nr_op_result(op, out, rank);
}

static void dims_of(const nr_op_reader *op, const nr_value *x, size_t dims[3]) {
    nr_shape s = shape_at(op, x);
    NR_ASSERT(x->rank >= 2 && x->rank <= 4);
    dims[0] = s.c;
    dims[1] = x->rank == 3 ? (size_t)s.h * s.w : s.h;
    dims[2] = s.w;
}

static nr_status import_flatten(nr_op_reader *op) {
    const nr_value *x;
    int64_t axis;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    NR_TRY(nr_attr_int(op, "axis", 1, &axis));
    NR_TRY(nr_attr_done(op));
    NR_NODE_REQUIRE(axis == 1 || axis == 1 - (int64_t)x->rank, op,
                    "attribute \"axis\" = %lld: only 1 keeps the images apart",
                    (long long)axis);
    size_t dims[3] = {nr_shape_size(shape_at(op, x)), 1, 1};
    return reshape_to(op, x, 2, dims);
}

/* ONNX: 0 copies the input's dimension, -1 is what is left. The first dimension is the
 * batch: 0, -1 or whatever number the model was exported with. */
static nr_status reshape_dims(nr_op_reader *op, const nr_value *x, const nr_tensor *t,
                              size_t dims[3]) {
    size_t in[3], known = 1, left = 3;
    size_t total = nr_shape_size(shape_at(op, x));
    dims_of(op, x, in);
    for (size_t d = 1; d < t->count; d++) {
        int64_t wanted = t->ints[d];
        NR_NODE_REQUIRE(wanted >= -1 && wanted < UINT32_MAX, op,
                        "dimension %zu is %lld", d, (long long)wanted);
        NR_NODE_REQUIRE(wanted != -1 || left == 3, op,
                        "dimensions %zu and %zu are both -1", left + 1, d);
        NR_NODE_REQUIRE(wanted != 0 || d < x->rank, op,
                        "dimension %zu copies one the input does not have", d);
        if (wanted == -1) left = d - 1;
        else dims[d - 1] = wanted == 0 ? in[d - 1] : (size_t)wanted;
        if (wanted != -1) known = nr_size_mul(known, dims[d - 1]);
    }
    if (left < 3) {
        NR_NODE_REQUIRE(t->ints[0] != -1, op, "dimensions 0 and %zu are both -1",
                        left + 1);
        NR_NODE_REQUIRE(known > 0 && total % known == 0, op,
                        "%zu elements do not divide into %zu", total, known);
        dims[left] = total / known;
        known = total;
    }
    NR_NODE_REQUIRE(known == total, op, "%zu elements an image cannot become %zu",
                    total, known);
    return NR_OK;
}

static nr_status import_reshape(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor t;
    int64_t allow_zero;
    size_t dims[3] = {1, 1, 1};
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    NR_TRY(nr_attr_int(op, "allowzero", 0, &allow_zero));
    NR_TRY(nr_attr_done(op));
    NR_NODE_REQUIRE(allow_zero == 0 || allow_zero == 1, op,
                    "attribute \"allowzero\" is %lld, 0 or 1 is expected",
                    (long long)allow_zero);
    NR_TRY(nr_op_integers(op, 1, &t));
    size_t rank = t.count;
    nr_status status = NR_OK;
    /* It speaks of zeros: without one it says nothing, and today's PyTorch always
     * writes it. With one the result is empty. */
    for (size_t d = 0; allow_zero && d < rank && status == NR_OK; d++)
        if (t.ints[d] == 0)
            status =
                NR_NODE_FAIL(op,
                             "attribute \"allowzero\" is 1 and dimension %zu of the "
                             "shape is 0: nothing would be left",
                             d);
    if (status == NR_OK && (rank < 2 || rank > 4))
        status =
            NR_NODE_FAIL(op, "a shape of %zu dimensions, 2 to 4 are supported", rank);
    else if (status == NR_OK) status = reshape_dims(op, x, &t, dims);
    nr_tensor_free(&t);
    NR_TRY(status);
    return reshape_to(op, x, rank, dims);
}

/* Axes from attribute (old opsets) or input; *out owned by the caller. count 0: absent
 */
static nr_status axes_read(nr_op_reader *op, int64_t first_with_input, nr_tensor *out) {
    const int64_t *values;
    size_t n;
    *out = (nr_tensor){0};
    if (op->import->opset >= first_with_input)
        return nr_op_has_input(op, 1) ? nr_op_integers(op, 1, out) : NR_OK;
    NR_TRY(nr_attr_ints(op, "axes", &values, &n));
    return values ? nr_tensor_from_ints(values, n, false, out) : NR_OK;
}

/* Marks each axis below `rank` that is named. */
static nr_status axes_mark(const nr_op_reader *op, const nr_tensor *axes, size_t rank,
                           bool marked[8]) {
    memset(marked, 0, 8 * sizeof *marked);
    for (size_t i = 0; i < axes->count; i++) {
        int64_t axis =
            axes->ints[i] < 0 ? axes->ints[i] + (int64_t)rank : axes->ints[i];
        NR_NODE_REQUIRE(axis >= 1 && axis < (int64_t)rank, op,
                        "axis %lld is not one of 1..%zu", (long long)axes->ints[i],
                        rank - 1);
        NR_NODE_REQUIRE(!marked[axis], op, "axis %lld is named twice", (long long)axis);
        marked[axis] = true;
    }
    return NR_OK;
}

static nr_status squeeze_dims(nr_op_reader *op, const nr_value *x,
                              const nr_tensor *axes) {
    size_t in[3], dims[3] = {1, 1, 1}, rank = 1;
    bool marked[8];
    dims_of(op, x, in);
    NR_TRY(axes_mark(op, axes, x->rank, marked));
    for (size_t d = 1; d < x->rank; d++) {
        bool drop = axes->count ? marked[d] : d > 1 && in[d - 1] == 1;
        NR_NODE_REQUIRE(!drop || in[d - 1] == 1, op, "axis %zu has %zu elements, not 1",
                        d, in[d - 1]);
        if (!drop) dims[rank++ - 1] = in[d - 1];
    }
    NR_NODE_REQUIRE(rank >= 2, op, "nothing is left but the images (%zu dimension)",
                    rank);
    return reshape_to(op, x, rank, dims);
}

static nr_status unsqueeze_dims(nr_op_reader *op, const nr_value *x,
                                const nr_tensor *axes) {
    size_t in[3], dims[3] = {1, 1, 1}, rank = x->rank + axes->count;
    bool marked[8];
    dims_of(op, x, in);
    NR_NODE_REQUIRE(axes->count > 0 && rank <= 4, op,
                    "%zu dimensions, at most 4 are supported", rank);
    NR_TRY(axes_mark(op, axes, rank, marked));
    for (size_t d = 1, from = 0; d < rank; d++)
        dims[d - 1] = marked[d] ? 1 : in[from++];
    return reshape_to(op, x, rank, dims);
}

static nr_status import_squeeze(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor axes;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    NR_TRY(axes_read(op, 13, &axes));
    nr_status status = nr_attr_done(op);
    if (status == NR_OK)
        status = strcmp(op->node->op_type, "Squeeze") == 0
                     ? squeeze_dims(op, x, &axes)
                     : unsqueeze_dims(op, x, &axes);
    nr_tensor_free(&axes);
    return status;
}

/* Identity, Dropout in evaluation mode: another name for the input. */
static nr_status import_alias(nr_op_reader *op) {
    if (strcmp(op->node->op_type, "Dropout") == 0) {
        nr_attr_find(op, "ratio"); /* of training: no use here */
        nr_attr_find(op, "seed");
    }
    NR_TRY(nr_attr_done(op));
    if (nr_op_is_constant(op, 0)) {
        const nr_value *source = nr_value_find(op->import, op->node->input[0]);
        nr_tensor copy = {0};
        if (source->encoded)
            return nr_value_add(op->import, (nr_value){.name = op->node->output[0],
                                                       .is_constant = true,
                                                       .encoded = source->encoded});
        NR_TRY(nr_op_constant(op, 0, &copy));
        return nr_value_add(op->import, (nr_value){.name = op->node->output[0],
                                                   .is_constant = true,
                                                   .decoded = copy});
    }
    const nr_value *x;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    if (nr_op_has_input(op, 2)) { /* Dropout: training_mode */
        nr_tensor mode;
        NR_TRY(nr_op_integers(op, 2, &mode));
        bool training = mode.count > 0 && mode.ints[0] != 0;
        nr_tensor_free(&mode);
        NR_NODE_REQUIRE(!training, op, "training mode: %s",
                        "export the network in evaluation mode");
    }
    return nr_op_result(op, x->node, x->rank);
}

static nr_status import_softmax(nr_op_reader *op) {
    const nr_value *x;
    int64_t axis;
    const NrOnnx__GraphProto *graph = op->import->proto;
    NR_TRY(nr_op_tensor(op, 0, 2, 2, &x));
    NR_TRY(nr_attr_int(op, "axis", op->import->opset < 13 ? 1 : -1, &axis));
    NR_TRY(nr_attr_done(op));
    NR_NODE_REQUIRE(axis == 1 || axis == -1, op,
                    "attribute \"axis\" = %lld: classes (1)", (long long)axis);
    NR_NODE_REQUIRE(strcmp(op->node->output[0], graph->output[0]->name) == 0, op,
                    "output \"%s\" is read again: only a last %s is supported",
                    op->node->output[0], op->node->op_type);
    return nr_op_result(op, x->node, x->rank);
}

static nr_status import_constant(nr_op_reader *op) {
    nr_tensor value;
    const NrOnnx__AttributeProto *a;
    NR_NODE_REQUIRE(op->node->n_attribute == 1, op, "%zu attributes, 1 is expected",
                    op->node->n_attribute);
    if ((a = nr_attr_find(op, "value")) && a->t)
        NR_TRY(nr_tensor_decode(op->import->path, a->t, op->import->digest, &value));
    else if ((a = nr_attr_find(op, "value_float")))
        NR_TRY(nr_tensor_from_floats(op->import->path, &a->f, 1, true, &value));
    else if ((a = nr_attr_find(op, "value_floats")))
        NR_TRY(nr_tensor_from_floats(op->import->path, a->floats, a->n_floats, false,
                                     &value));
    else if ((a = nr_attr_find(op, "value_int")))
        NR_TRY(nr_tensor_from_ints(&a->i, 1, true, &value));
    else if ((a = nr_attr_find(op, "value_ints")))
        NR_TRY(nr_tensor_from_ints(a->ints, a->n_ints, false, &value));
    else return nr_attr_done(op);
    return nr_value_add(
        op->import,
        (nr_value){.name = op->node->output[0], .is_constant = true, .decoded = value});
}

/* ---- space ---- */

static nr_status pad_build(nr_op_reader *op, const nr_value *x, const nr_tensor *pads,
                           const nr_tensor *axes, float value) {
    int64_t before[4] = {0}, after[4] = {0};
    size_t n = pads->count / 2;
    bool fits = pads->count % 2 == 0 && (axes->count ? axes->count == n : n == 4);
    NR_NODE_REQUIRE(fits, op, "%zu pads for %zu axes", pads->count,
                    axes->count ? axes->count : 4);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes->count ? axes->ints[i] : (int64_t)i;
        if (axis < 0) axis += 4;
        NR_NODE_REQUIRE(axis >= 0 && axis < 4, op, "axis %lld of 4", (long long)axis);
        before[axis] = pads->ints[i];
        after[axis] = pads->ints[n + i];
    }
    for (size_t d = 0; d < 4; d++)
        NR_NODE_REQUIRE(before[d] >= 0 && after[d] >= 0 && before[d] <= 65536 &&
                            after[d] <= 65536 && (d > 1 || (!before[d] && !after[d])),
                        op, "padding of axis %zu by %lld and %lld is not supported", d,
                        (long long)before[d], (long long)after[d]);
    nr_window window = {.kernel_h = 1,
                        .kernel_w = 1,
                        .stride_h = 1,
                        .stride_w = 1,
                        .dilation_h = 1,
                        .dilation_w = 1,
                        .group = 1,
                        .pad_top = (uint32_t)before[2],
                        .pad_left = (uint32_t)before[3],
                        .pad_bottom = (uint32_t)after[2],
                        .pad_right = (uint32_t)after[3]};
    uint32_t out;
    NR_TRY(nr_graph_add_window(op->import->graph, nr_op_label(op, ""), NR_OP_PAD,
                               x->node, &window, value, &out));
    return nr_op_result(op, out, 4);
}

static nr_status pad_arguments(nr_op_reader *op, nr_tensor *pads, nr_tensor *axes,
                               float *value) {
    const int64_t *values;
    size_t n;
    if (op->import->opset >= 11) {
        NR_TRY(nr_op_scalar(op, 2, 0, value));
        NR_TRY(nr_op_integers(op, 1, pads));
        return nr_op_has_input(op, 3) ? nr_op_integers(op, 3, axes) : NR_OK;
    }
    NR_TRY(nr_attr_float(op, "value", 0, value));
    NR_TRY(nr_attr_ints(op, "pads", &values, &n));
    NR_NODE_REQUIRE(values, op, "attribute \"%s\" is missing", "pads");
    return nr_tensor_from_ints(values, n, false, pads);
}

static nr_status import_pad(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor pads = {0}, axes = {0};
    char mode[16];
    float value;
    NR_TRY(nr_op_tensor(op, 0, 4, 4, &x));
    NR_TRY(nr_attr_string(op, "mode", "constant", mode, sizeof mode));
    NR_NODE_REQUIRE(strcmp(mode, "constant") == 0, op,
                    "attribute \"mode\" is \"%s\", \"constant\" is supported", mode);
    nr_status status = pad_arguments(op, &pads, &axes, &value);
    if (status == NR_OK) status = nr_attr_done(op);
    if (status == NR_OK) status = pad_build(op, x, &pads, &axes, value);
    nr_tensor_free(&pads);
    nr_tensor_free(&axes);
    return status;
}

static nr_status average_space(nr_op_reader *op, const nr_value *x, bool keep_dims) {
    uint32_t out;
    NR_TRY(nr_graph_add_window(op->import->graph, nr_op_label(op, ""),
                               NR_OP_GLOBAL_AVG_POOL, x->node, &(nr_window){0}, 0,
                               &out));
    if (keep_dims) return nr_op_result(op, out, x->rank);
    nr_value averaged = {.node = out, .rank = x->rank};
    size_t dims[3] = {shape_at(op, x).c, 1, 1};
    return reshape_to(op, &averaged, 2, dims);
}

static nr_status import_global_pool(nr_op_reader *op) {
    const nr_value *x;
    NR_TRY(nr_op_tensor(op, 0, 3, 4, &x));
    NR_TRY(nr_attr_done(op));
    return average_space(op, x, true);
}

static nr_status import_reduce_mean(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor axes;
    int64_t keep_dims, noop;
    bool marked[8] = {false};
    NR_TRY(nr_op_tensor(op, 0, 3, 4, &x));
    NR_TRY(nr_attr_int(op, "keepdims", 1, &keep_dims));
    NR_TRY(nr_attr_int(op, "noop_with_empty_axes", 0, &noop));
    NR_NODE_REQUIRE(noop == 0, op, "attribute \"%s\" = 1 is not supported",
                    "noop_with_empty_axes");
    NR_TRY(axes_read(op, 18, &axes));
    nr_status status = nr_attr_done(op);
    if (status == NR_OK) status = axes_mark(op, &axes, x->rank, marked);
    size_t n = axes.count;
    nr_tensor_free(&axes);
    NR_TRY(status);
    bool space = !marked[1] && marked[2] && (x->rank == 3 || marked[3]);
    NR_NODE_REQUIRE(space, op, "%zu axes: only the mean over all of space is supported",
                    n);
    return average_space(op, x, keep_dims != 0);
}

nr_status nr_import_shape(nr_op_reader *op) {
    static const struct {
        const char *type;
        nr_import_function *import;
    } table[] = {{"Flatten", import_flatten},
                 {"Reshape", import_reshape},
                 {"Squeeze", import_squeeze},
                 {"Unsqueeze", import_squeeze},
                 {"Identity", import_alias},
                 {"Dropout", import_alias},
                 {"Softmax", import_softmax},
                 {"LogSoftmax", import_softmax},
                 {"Constant", import_constant},
                 {"Pad", import_pad},
                 {"GlobalAveragePool", import_global_pool},
                 {"ReduceMean", import_reduce_mean}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(op->node->op_type, table[i].type) == 0) return table[i].import(op);
    return NR_ERR_INTERNAL;
}
