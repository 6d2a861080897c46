/* Operators with weights or windows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import_private.h"
#include "neurank/base/memory.h"

static nr_shape shape_at(const nr_op_reader *op, const nr_value *value) {
    return nr_graph_node(op->import->graph, value->node)->shape;
}

/* ---- windows ---- */

static nr_status window_number(const nr_op_reader *op, const char *name, int64_t value,
                               int64_t low, uint32_t *out) {
    NR_NODE_REQUIRE(value >= low && value <= 65536, op,
                    "attribute \"%s\": %lld is not in %lld..65536", name,
                    (long long)value, (long long)low);
    *out = (uint32_t)value;
    return NR_OK;
}

/* Two numbers, for height and width. */
static nr_status window_pair(nr_op_reader *op, const char *name, uint32_t *h,
                             uint32_t *w) {
    const int64_t *values;
    size_t n;
    NR_TRY(nr_attr_ints(op, name, &values, &n));
    if (!values) return NR_OK;
    NR_NODE_REQUIRE(n == 2, op,
                    "attribute \"%s\" has %zu numbers, 2 are supported (images)", name,
                    n);
    NR_TRY(window_number(op, name, values[0], 1, h));
    return window_number(op, name, values[1], 1, w);
}

static nr_status window_pads(nr_op_reader *op, nr_window *w) {
    const int64_t *values;
    size_t n;
    NR_TRY(nr_attr_ints(op, "pads", &values, &n));
    if (!values) return NR_OK;
    NR_NODE_REQUIRE(n == 4, op, "attribute \"pads\" has %zu numbers, 4 are supported",
                    n);
    NR_TRY(window_number(op, "pads", values[0], 0, &w->pad_top));
    NR_TRY(window_number(op, "pads", values[1], 0, &w->pad_left));
    NR_TRY(window_number(op, "pads", values[2], 0, &w->pad_bottom));
    return window_number(op, "pads", values[3], 0, &w->pad_right);
}

static void same_pads(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t dilation,
                      bool upper, uint32_t *before, uint32_t *after) {
    uint64_t span = (uint64_t)(kernel - 1) * dilation + 1;
    uint64_t out = ((uint64_t)in + stride - 1) / stride;
    uint64_t covered = (out - 1) * stride + span;
    uint64_t total = covered > in ? covered - in : 0;
    *before = (uint32_t)(upper ? total / 2 : total - total / 2);
    *after = (uint32_t)(total - *before);
}

static nr_status window_auto_pad(nr_op_reader *op, nr_shape in, nr_window *w) {
    char mode[32];
    NR_TRY(nr_attr_string(op, "auto_pad", "NOTSET", mode, sizeof mode));
    if (strcmp(mode, "NOTSET") == 0) return NR_OK;
    bool upper = strcmp(mode, "SAME_UPPER") == 0,
         lower = strcmp(mode, "SAME_LOWER") == 0;
    bool valid = strcmp(mode, "VALID") == 0;
    NR_NODE_REQUIRE(upper || lower || valid, op,
                    "attribute \"auto_pad\" is \"%s\", one of NOTSET, SAME_UPPER, "
                    "SAME_LOWER, VALID is expected",
                    mode);
    NR_NODE_REQUIRE(!w->pad_top && !w->pad_left && !w->pad_bottom && !w->pad_right, op,
                    "attributes \"auto_pad\" = \"%s\" and \"pads\" exclude each other",
                    mode);
    if (valid) return NR_OK;
    same_pads(in.h, w->kernel_h, w->stride_h, w->dilation_h, upper, &w->pad_top,
              &w->pad_bottom);
    same_pads(in.w, w->kernel_w, w->stride_w, w->dilation_w, upper, &w->pad_left,
              &w->pad_right);
    return NR_OK;
}

static nr_status window_read(nr_op_reader *op, nr_shape in, nr_window *w) {
    w->stride_h = w->stride_w = w->dilation_h = w->dilation_w = 1;
    NR_TRY(window_pair(op, "kernel_shape", &w->kernel_h, &w->kernel_w));
    NR_TRY(window_pair(op, "strides", &w->stride_h, &w->stride_w));
    NR_TRY(window_pair(op, "dilations", &w->dilation_h, &w->dilation_w));
    NR_TRY(window_pads(op, w));
    NR_NODE_REQUIRE(w->kernel_h && w->kernel_w, op, "attribute \"%s\" is missing",
                    "kernel_shape");
    return window_auto_pad(op, in, w);
}

/* ---- operators ---- */

static nr_status bias_read(const nr_op_reader *op, size_t k, size_t c, float factor,
                           float **out) {
    nr_tensor bias;
    *out = NULL;
    if (!nr_op_has_input(op, k)) return NR_OK;
    NR_TRY(nr_op_constant(op, k, &bias));
    bool fits = bias.floats && (bias.count == c || bias.count == 1) && bias.rank <= 2;
    if (fits && !NR_NEW(*out, c)) {
        nr_tensor_free(&bias);
        return NR_ERR_INTERNAL;
    }
    for (size_t i = 0; fits && i < c; i++)
        (*out)[i] = factor * bias.floats[bias.count == 1 ? 0 : i];
    size_t count = bias.count;
    nr_tensor_free(&bias);
    NR_NODE_REQUIRE(fits, op, "bias \"%s\" has %zu elements, %zu are expected",
                    op->node->input[k], count, c);
    return NR_OK;
}

static nr_status conv_build(nr_op_reader *op, const nr_value *x, const nr_tensor *w) {
    nr_shape in = shape_at(op, x);
    nr_window window = {0};
    int64_t group;
    float *bias;
    uint32_t out;
    NR_NODE_REQUIRE(w->floats && w->rank == 4 && w->count > 0, op,
                    "weight \"%s\" does not have 4 dimensions", op->node->input[1]);
    NR_TRY(nr_attr_int(op, "group", 1, &group));
    window.kernel_h = w->dims[2] < 65536 ? (uint32_t)w->dims[2] : 0;
    window.kernel_w = w->dims[3] < 65536 ? (uint32_t)w->dims[3] : 0;
    NR_TRY(window_read(op, in, &window));
    NR_NODE_REQUIRE(window.kernel_h == w->dims[2] && window.kernel_w == w->dims[3], op,
                    "attribute \"kernel_shape\" is %u x %u, the weight's is %zu x %zu",
                    window.kernel_h, window.kernel_w, w->dims[2], w->dims[3]);
    NR_NODE_REQUIRE(group >= 1 && group <= in.c, op, "attribute \"group\" is %lld",
                    (long long)group);
    window.group = (uint32_t)group;
    NR_NODE_REQUIRE(nr_size_mul(w->dims[1], window.group) == in.c, op,
                    "weight \"%s\" is for %zu input channels, the input has %u",
                    op->node->input[1], nr_size_mul(w->dims[1], window.group), in.c);
    NR_TRY(nr_attr_done(op));
    NR_TRY(bias_read(op, 2, w->dims[0], 1, &bias));
    nr_status status = nr_graph_add_conv(
        op->import->graph, nr_op_label(op, op->node->input[1]), x->node, &window,
        (uint32_t)w->dims[0], w->floats, bias, &out);
    free(bias);
    NR_TRY(status);
    return nr_op_result(op, out, 4);
}

static nr_status import_conv(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor w;
    NR_TRY(nr_op_tensor(op, 0, 4, 4, &x));
    NR_TRY(nr_op_constant(op, 1, &w));
    nr_status status = conv_build(op, x, &w);
    nr_tensor_free(&w);
    return status;
}

/* Weight of a dense layer as [c_out, c_in]. */
static nr_status dense_weight(const nr_op_reader *op, size_t c_in, bool transposed,
                              float alpha, nr_tensor *w) {
    NR_NODE_REQUIRE(w->floats && w->rank == 2 && w->count > 0, op,
                    "weight \"%s\" does not have 2 dimensions", op->node->input[1]);
    size_t rows = w->dims[0], columns = w->dims[1];
    NR_NODE_REQUIRE((transposed ? columns : rows) == c_in, op,
                    "weight \"%s\" is for %zu inputs, the input has %zu",
                    op->node->input[1], transposed ? columns : rows, c_in);
    for (size_t i = 0; i < w->count; i++) w->floats[i] *= alpha;
    if (transposed) return NR_OK;
    float *turned = nr_new_floats(w->count);
    if (!turned) return NR_ERR_INTERNAL;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            turned[c * rows + r] = w->floats[r * columns + c];
    free(w->floats);
    w->floats = turned;
    w->dims[0] = columns;
    w->dims[1] = rows;
    return NR_OK;
}

static nr_status dense_build(nr_op_reader *op, const nr_value *x, nr_tensor *w,
                             bool transposed, float alpha, float beta) {
    float *bias;
    uint32_t out;
    NR_TRY(nr_attr_done(op));
    NR_TRY(dense_weight(op, shape_at(op, x).c, transposed, alpha, w));
    NR_TRY(bias_read(op, 2, w->dims[0], beta, &bias));
    nr_status status =
        nr_graph_add_dense(op->import->graph, nr_op_label(op, op->node->input[1]),
                           x->node, (uint32_t)w->dims[0], w->floats, bias, &out);
    free(bias);
    NR_TRY(status);
    return nr_op_result(op, out, 2);
}

static nr_status import_dense(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor w;
    float alpha, beta;
    int64_t trans_a, trans_b;
    NR_TRY(nr_op_tensor(op, 0, 2, 2, &x));
    NR_TRY(nr_attr_float(op, "alpha", 1, &alpha));
    NR_TRY(nr_attr_float(op, "beta", 1, &beta));
    NR_TRY(nr_attr_int(op, "transA", 0, &trans_a));
    NR_TRY(nr_attr_int(op, "transB", 0, &trans_b));
    NR_NODE_REQUIRE(trans_a == 0, op, "attribute \"transA\" = %lld is not supported",
                    (long long)trans_a);
    NR_TRY(nr_op_constant(op, 1, &w));
    nr_status status = dense_build(op, x, &w, trans_b != 0, alpha, beta);
    nr_tensor_free(&w);
    return status;
}

static nr_status import_matmul(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor w;
    NR_TRY(nr_op_tensor(op, 0, 2, 2, &x));
    NR_TRY(nr_op_constant(op, 1, &w));
    nr_status status = dense_build(op, x, &w, false, 1, 1);
    nr_tensor_free(&w);
    return status;
}

/* scale and shift become those of the whole operator. */
static nr_status fold_statistics(const nr_op_reader *op, float epsilon,
                                 const nr_tensor p[4], size_t c) {
    for (size_t i = 0; i < c; i++) {
        double variance = (double)p[3].floats[i] + epsilon;
        NR_NODE_REQUIRE(variance > 0, op, "variance of channel %zu is %g", i,
                        (double)p[3].floats[i]);
        double scale = p[0].floats[i] / sqrt(variance);
        p[0].floats[i] = (float)scale;
        p[1].floats[i] = (float)(p[1].floats[i] - scale * p[2].floats[i]);
        NR_NODE_REQUIRE(isfinite(p[0].floats[i]) && isfinite(p[1].floats[i]), op,
                        "channel %zu: scale %g and shift %g do not fit in a float", i,
                        (double)p[0].floats[i], (double)p[1].floats[i]);
    }
    return NR_OK;
}

static nr_status batch_norm_build(nr_op_reader *op, const nr_value *x, float epsilon,
                                  const nr_tensor p[4]) {
    size_t c = shape_at(op, x).c;
    uint32_t out;
    for (size_t k = 0; k < 4; k++)
        NR_NODE_REQUIRE(p[k].floats && p[k].count == c, op,
                        "input \"%s\" has %zu elements, %zu are expected",
                        op->node->input[k + 1], p[k].count, c);
    float *gamma = nr_new_floats(c);
    if (!gamma) return NR_ERR_INTERNAL;
    memcpy(gamma, p[0].floats, c * sizeof *gamma);
    nr_status status = fold_statistics(op, epsilon, p, c);
    if (status == NR_OK)
        status =
            nr_graph_add_batch_norm(op->import->graph, nr_op_label(op, ""), x->node,
                                    gamma, p[0].floats, p[1].floats, &out);
    free(gamma);
    NR_TRY(status);
    return nr_op_result(op, out, x->rank);
}

static nr_status import_batch_norm(nr_op_reader *op) {
    const nr_value *x;
    nr_tensor p[4] = {{0}}; /* scale, shift, mean, variance */
    float epsilon, momentum;
    int64_t training, spatial;
    NR_TRY(nr_op_tensor(op, 0, 2, 4, &x));
    NR_TRY(nr_attr_float(op, "epsilon", 1e-5F, &epsilon));
    NR_TRY(
        nr_attr_float(op, "momentum", 0.9F, &momentum)); /* of training: no use here */
    NR_TRY(nr_attr_int(op, "training_mode", 0, &training));
    NR_TRY(nr_attr_int(op, "spatial", 1, &spatial));
    NR_NODE_REQUIRE(training == 0, op, "attribute \"training_mode\" = %lld: %s",
                    (long long)training, "export the network in evaluation mode");
    NR_NODE_REQUIRE(spatial == 1, op, "attribute \"spatial\" = %lld is not supported",
                    (long long)spatial);
    NR_TRY(nr_attr_done(op));
    nr_status status = NR_OK;
    for (size_t k = 0; k < 4 && status == NR_OK; k++)
        status = nr_op_constant(op, k + 1, &p[k]);
    if (status == NR_OK) status = batch_norm_build(op, x, epsilon, p);
    for (size_t k = 0; k < 4; k++) nr_tensor_free(&p[k]);
    return status;
}

static nr_status import_pool(nr_op_reader *op) {
    const nr_value *x;
    nr_window window = {0};
    int64_t ceil_mode, count_padding = 0, storage_order = 0;
    uint32_t out;
    bool max = strcmp(op->node->op_type, "MaxPool") == 0;
    NR_TRY(nr_op_tensor(op, 0, 4, 4, &x));
    NR_TRY(window_read(op, shape_at(op, x), &window));
    NR_TRY(nr_attr_int(op, "ceil_mode", 0, &ceil_mode));
    if (!max) NR_TRY(nr_attr_int(op, "count_include_pad", 0, &count_padding));
    if (max) NR_TRY(nr_attr_int(op, "storage_order", 0, &storage_order));
    NR_TRY(nr_attr_done(op));
    window.group = 1;
    window.ceil_mode = ceil_mode != 0;
    window.count_padding = count_padding != 0;
    NR_TRY(nr_graph_add_window(op->import->graph, nr_op_label(op, ""),
                               max ? NR_OP_MAX_POOL : NR_OP_AVG_POOL, x->node, &window,
                               0, &out));
    return nr_op_result(op, out, 4);
}

nr_status nr_import_layer(nr_op_reader *op) {
    const char *type = op->node->op_type;
    if (strcmp(type, "Conv") == 0) return import_conv(op);
    if (strcmp(type, "Gemm") == 0) return import_dense(op);
    if (strcmp(type, "MatMul") == 0) return import_matmul(op);
    if (strcmp(type, "BatchNormalization") == 0) return import_batch_norm(op);
    return import_pool(op);
}
