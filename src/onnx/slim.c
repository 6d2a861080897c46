#include "neurank/onnx/slim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_file.h"
#include "neurank/base/memory.h"
#include "rewrite.h"
#include "slice.h"

typedef struct {
    nr_import import;
    NrOnnx__ModelProto *model;
    nr_rewrite rewrite;
    uint32_t *indices; /* of all nodes: channels that stay */
    nr_keep *keep;     /* [nodes of the graph]; indices NULL: all */
} slim;

/* ---- what stays ---- */

static nr_status find_kept(slim *s, const bool *cut) {
    size_t nodes = nr_graph_size(s->import.graph), total = 0;
    for (uint32_t i = 0; i < nodes; i++)
        total += nr_graph_node(s->import.graph, i)->shape.c;
    if (!NR_NEW(s->indices, total) || !NR_NEW(s->keep, nodes)) return NR_ERR_INTERNAL;
    uint32_t *at = s->indices;
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t channels = nr_graph_node(s->import.graph, i)->shape.c;
        uint32_t *first = at;
        for (uint32_t c = 0; c < channels; c++)
            if (!*cut++) *at++ = c;
        s->keep[i].n = (size_t)(at - first);
        if (s->keep[i].n < channels) s->keep[i].indices = first;
    }
    return NR_OK;
}

static const nr_value *tensor_of(const slim *s, const char *name) {
    const nr_value *value = nr_value_find(&s->import, name);
    return value && !value->is_constant ? value : NULL;
}

/* ---- constants of one node ---- */

/* Keeps these parts of constant input k along two axes; -1: the axis does not exist. */
static nr_status keep_parts(slim *s, NrOnnx__NodeProto *node, size_t k, int axis_a,
                            nr_keep a, int axis_b, nr_keep b) {
    nr_keep keep[NR_TENSOR_RANK] = {{0}};
    NrOnnx__TensorProto *own;
    bool missing = k >= node->n_input || !node->input[k][0];
    if (missing || (!a.indices && !b.indices)) return NR_OK;
    if (axis_a >= 0) keep[axis_a] = a;
    if (axis_b >= 0) keep[axis_b] = b;
    NR_TRY(nr_rewrite_own(&s->rewrite, node, k, &own));
    return nr_slice(s->import.path, own, s->import.digest, keep);
}

static size_t constant_dims(const slim *s, const char *name,
                            size_t dims[NR_TENSOR_RANK]) {
    const nr_value *value = nr_value_find(&s->import, name);
    NR_ASSERT(value && value->is_constant);
    size_t rank = value->encoded ? value->encoded->n_dims : value->decoded.rank;
    for (size_t d = 0; d < rank && d < NR_TENSOR_RANK; d++)
        dims[d] =
            value->encoded ? (size_t)value->encoded->dims[d] : value->decoded.dims[d];
    return rank;
}

/* One number, or one a channel along the only axis that is longer than 1. */
static nr_status keep_numbers(slim *s, NrOnnx__NodeProto *node, size_t k,
                              nr_keep keep) {
    size_t dims[NR_TENSOR_RANK];
    bool missing = k >= node->n_input || !node->input[k][0];
    if (missing || !keep.indices) return NR_OK;
    size_t rank = constant_dims(s, node->input[k], dims);
    for (size_t d = 0; d < rank; d++)
        if (dims[d] > 1) return keep_parts(s, node, k, (int)d, keep, -1, (nr_keep){0});
    return NR_OK;
}

static NrOnnx__AttributeProto *attribute(const NrOnnx__NodeProto *node,
                                         const char *name) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

static nr_status slim_conv(slim *s, NrOnnx__NodeProto *node, nr_keep in, nr_keep out) {
    NrOnnx__AttributeProto *group = attribute(node, "group");
    bool grouped = group && group->i > 1;
    if (grouped && in.indices) group->i = (int64_t)in.n; /* depthwise: channels */
    if (grouped) in = (nr_keep){0};
    NR_TRY(keep_parts(s, node, 1, 0, out, 1, in));
    return keep_numbers(s, node, 2, out);
}

static nr_status slim_dense(slim *s, NrOnnx__NodeProto *node, nr_keep in, nr_keep out) {
    const NrOnnx__AttributeProto *turned = attribute(node, "transB");
    bool out_first = turned && turned->i != 0;
    NR_TRY(keep_parts(s, node, 1, out_first ? 0 : 1, out, out_first ? 1 : 0, in));
    return keep_numbers(s, node, 2, out);
}

/* A channel count that the shape states. */
static nr_status slim_reshape(slim *s, NrOnnx__NodeProto *node, nr_keep out) {
    NrOnnx__TensorProto *own;
    nr_tensor shape;
    nr_op_reader op = {.import = &s->import, .node = node, .name = node->output[0]};
    if (!out.indices) return NR_OK;
    NR_TRY(nr_op_integers(&op, 1, &shape));
    bool stated = shape.count > 1 && shape.ints[1] > 0;
    nr_tensor_free(&shape);
    if (!stated) return NR_OK;
    NR_TRY(nr_rewrite_own(&s->rewrite, node, 1, &own));
    NR_TRY(nr_slice_inline(s->import.path, own, s->import.digest));
    int64_t wanted = (int64_t)out.n;
    int32_t narrow = (int32_t)out.n;
    if (own->data_type == NR_ONNX__TENSOR_PROTO__DATA_TYPE__INT32)
        memcpy(own->raw_data.data + sizeof narrow, &narrow, sizeof narrow);
    else memcpy(own->raw_data.data + sizeof wanted, &wanted, sizeof wanted);
    return NR_OK;
}

static nr_status slim_node(slim *s, NrOnnx__NodeProto *node) {
    const char *type = node->op_type;
    const nr_value *x = NULL, *y = tensor_of(s, node->output[0]);
    for (size_t k = 0; k < node->n_input && !x; k++) x = tensor_of(s, node->input[k]);
    if (!x || !y) return NR_OK; /* a constant */
    nr_keep in = s->keep[x->node], out = s->keep[y->node];
    if (strcmp(type, "Conv") == 0) return slim_conv(s, node, in, out);
    if (strcmp(type, "Gemm") == 0 || strcmp(type, "MatMul") == 0)
        return slim_dense(s, node, in, out);
    if (strcmp(type, "Reshape") == 0) return slim_reshape(s, node, out);
    if (strcmp(type, "BatchNormalization") == 0)
        for (size_t k = 1; k < 5; k++) NR_TRY(keep_numbers(s, node, k, out));
    bool arithmetic = strcmp(type, "Add") == 0 || strcmp(type, "Sub") == 0 ||
                      strcmp(type, "Mul") == 0 || strcmp(type, "Div") == 0;
    if (arithmetic)
        for (size_t k = 0; k < 2; k++)
            if (!tensor_of(s, node->input[k])) NR_TRY(keep_numbers(s, node, k, out));
    return NR_OK;
}

/* ---- the file ---- */

static nr_status write_model(const slim *s, const char *out) {
    size_t n = nr_onnx__model_proto__get_packed_size(s->model);
    NR_REQUIRE(n <= INT32_MAX, NR_ERR_STORE,
               "%s: the smaller model would have %zu bytes; an ONNX file holds 2 GiB",
               out, n);
    uint8_t *bytes = nr_new(n, 1);
    if (!bytes) return NR_ERR_INTERNAL;
    nr_onnx__model_proto__pack(s->model, bytes);
    FILE *file = fopen(out, "wb");
    bool good = file && fwrite(bytes, 1, n, file) == n;
    if (file && fclose(file) != 0) good = false;
    int cause = errno;
    free(bytes);
    NR_REQUIRE(good, NR_ERR_STORE, "%s: cannot write the model: %s", out,
               strerror(cause));
    return NR_OK;
}

static nr_status slim_model(slim *s, const nr_graph *plain, const bool *cut,
                            const nr_onnx_remark *remarks, size_t n_remarks,
                            const char *out) {
    NrOnnx__GraphProto *graph = s->model->graph;
    NR_TRY(nr_import_build(&s->import, s->model));
    NR_REQUIRE(nr_graph_size(s->import.graph) == nr_graph_size(plain), NR_ERR_INPUT,
               "%s: the model has changed since it was read", s->import.path);
    NR_TRY(find_kept(s, cut));
    for (size_t i = 0; i < graph->n_node; i++) NR_TRY(slim_node(s, graph->node[i]));
    NR_TRY(nr_rewrite_finish(&s->rewrite));
    for (size_t i = 0; i < n_remarks; i++)
        NR_TRY(nr_rewrite_remark(s->model, remarks[i].key, remarks[i].value));
    return write_model(s, out);
}

nr_status nr_onnx_slim(const char *path, const nr_graph *plain, const bool *cut,
                       const nr_onnx_remark *remarks, size_t n_remarks,
                       const char *out) {
    slim s = {.import = {.path = path, .plain = true}};
    NR_TRY(nr_digest_new(&s.import.digest));
    nr_status status = nr_model_file_read(path, s.import.digest, &s.model);
    if (status == NR_OK) status = nr_graph_new(path, &s.import.graph);
    if (status == NR_OK) status = nr_rewrite_begin(&s.import, s.model, &s.rewrite);
    if (status == NR_OK) status = slim_model(&s, plain, cut, remarks, n_remarks, out);
    nr_rewrite_end(&s.rewrite);
    free(s.indices);
    free(s.keep);
    nr_import_clear(&s.import);
    nr_graph_free(s.import.graph);
    if (s.model) nr_onnx__model_proto__free_unpacked(s.model, NULL);
    nr_digest_free(s.import.digest);
    return status;
}
