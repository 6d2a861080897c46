#include "neurank/onnx/import.h"

#include <stdlib.h>
#include <string.h>

#include "import_private.h"
#include "model_file.h"
#include "neurank/base/memory.h"
#include "neurank/nn/fold.h"
#include "neurank/nn/layers.h"

enum { OPSET_FIRST = 7, OPSET_LAST = 22, EXTENT_MAX = 1 << 20 };

nr_import_function *nr_import_find(const char *op_type) {
    static const struct {
        const char *type;
        nr_import_function *import;
    } table[] = {{"Conv", nr_import_layer},
                 {"Gemm", nr_import_layer},
                 {"MatMul", nr_import_layer},
                 {"BatchNormalization", nr_import_layer},
                 {"MaxPool", nr_import_layer},
                 {"AveragePool", nr_import_layer},
                 {"Relu", nr_import_elementwise},
                 {"LeakyRelu", nr_import_elementwise},
                 {"Clip", nr_import_elementwise},
                 {"Sigmoid", nr_import_elementwise},
                 {"Add", nr_import_elementwise},
                 {"Mul", nr_import_elementwise},
                 {"Sub", nr_import_elementwise},
                 {"Div", nr_import_elementwise},
                 {"HardSigmoid", nr_import_elementwise},
                 {"HardSwish", nr_import_elementwise},
                 {"Concat", nr_import_elementwise},
                 {"Flatten", nr_import_shape},
                 {"Reshape", nr_import_shape},
                 {"Squeeze", nr_import_shape},
                 {"Unsqueeze", nr_import_shape},
                 {"Identity", nr_import_shape},
                 {"Dropout", nr_import_shape},
                 {"Softmax", nr_import_shape},
                 {"LogSoftmax", nr_import_shape},
                 {"Constant", nr_import_shape},
                 {"Pad", nr_import_shape},
                 {"GlobalAveragePool", nr_import_shape},
                 {"ReduceMean", nr_import_shape}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(op_type, table[i].type) == 0) return table[i].import;
    return NULL;
}

static nr_status read_opset(nr_import *import, const NrOnnx__ModelProto *model) {
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const NrOnnx__OperatorSetIdProto *set = model->opset_import[i];
        if (!set->domain || !set->domain[0] || strcmp(set->domain, "ai.onnx") == 0)
            import->opset = set->version;
    }
    NR_REQUIRE(import->opset >= OPSET_FIRST && import->opset <= OPSET_LAST,
               NR_ERR_INPUT, "%s: opset %lld, %d to %d are supported", import->path,
               (long long)import->opset, OPSET_FIRST, OPSET_LAST);
    return NR_OK;
}

static nr_status add_initialisers(nr_import *import) {
    const NrOnnx__GraphProto *proto = import->proto;
    NR_REQUIRE(proto->n_sparse_initializer == 0, NR_ERR_INPUT,
               "%s: sparse initialisers are not supported", import->path);
    for (size_t i = 0; i < proto->n_initializer; i++) {
        const NrOnnx__TensorProto *tensor = proto->initializer[i];
        NR_REQUIRE(tensor->name && tensor->name[0], NR_ERR_INPUT,
                   "%s: initialiser %zu has no name", import->path, i);
        NR_TRY(nr_value_add(
            import,
            (nr_value){.name = tensor->name, .is_constant = true, .encoded = tensor}));
    }
    return NR_OK;
}

/* Channels, height and width from the declared input; the batch may be anything. */
static nr_status input_shape(const nr_import *import,
                             const NrOnnx__ValueInfoProto *info, nr_shape *out) {
    const NrOnnx__TypeProto *type = info->type;
    bool is_tensor = type &&
                     type->value_case == NR_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
                     type->tensor_type->shape;
    NR_REQUIRE(is_tensor, NR_ERR_INPUT, "%s: input \"%s\" has no shape", import->path,
               info->name);
    NR_REQUIRE(type->tensor_type->elem_type == NR_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
               NR_ERR_INPUT,
               "%s: input \"%s\" has data type %d, float (1) is supported",
               import->path, info->name, type->tensor_type->elem_type);
    const NrOnnx__TensorShapeProto *shape = type->tensor_type->shape;
    NR_REQUIRE(shape->n_dim == 4, NR_ERR_INPUT,
               "%s: input \"%s\" has %zu dimensions, 4 are expected: (n, c, h, w)",
               import->path, info->name, shape->n_dim);
    uint32_t dims[4];
    for (size_t d = 1; d < 4; d++) {
        const NrOnnx__TensorShapeProto__Dimension *dim = shape->dim[d];
        bool fixed =
            dim->value_case == NR_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        NR_REQUIRE(
            fixed && dim->dim_value >= 1 && dim->dim_value <= EXTENT_MAX, NR_ERR_INPUT,
            "%s: input \"%s\": dimension %zu is not a number in 1..%d; only the batch "
            "may be dynamic",
            import->path, info->name, d, EXTENT_MAX);
        dims[d] = (uint32_t)dim->dim_value;
    }
    *out = (nr_shape){dims[1], dims[2], dims[3], 0};
    return NR_OK;
}

/* Old models list their initialisers as inputs too. */
static nr_status add_input(nr_import *import) {
    const NrOnnx__ValueInfoProto *image = NULL;
    nr_shape shape;
    uint32_t node;
    for (size_t i = 0; i < import->proto->n_input; i++) {
        const NrOnnx__ValueInfoProto *info = import->proto->input[i];
        NR_REQUIRE(info->name && info->name[0], NR_ERR_INPUT,
                   "%s: input %zu has no name", import->path, i);
        if (nr_value_find(import, info->name)) continue;
        NR_REQUIRE(!image, NR_ERR_INPUT,
                   "%s: inputs \"%s\" and \"%s\": one image input is supported",
                   import->path, image->name, info->name);
        image = info;
    }
    NR_REQUIRE(image, NR_ERR_INPUT, "%s: the network has no input", import->path);
    NR_TRY(input_shape(import, image, &shape));
    nr_label label = {.name = image->name, .output_name = image->name};
    NR_TRY(nr_graph_add_input(import->graph, label, shape, &node));
    return nr_value_add(import,
                        (nr_value){.name = image->name, .node = node, .rank = 4});
}

static nr_status add_node(nr_import *import, const NrOnnx__NodeProto *node) {
    bool has_output = node->n_output > 0 && node->output[0][0];
    bool named = node->name && node->name[0];
    const char *name = named ? node->name : has_output ? node->output[0] : "";
    const char *type = node->op_type ? node->op_type : "";
    const char *domain = node->domain ? node->domain : "";
    nr_op_reader op = {.import = import, .node = node, .name = name};
    NR_REQUIRE(has_output, NR_ERR_INPUT, "%s: node \"%s\" (%s) has no output",
               import->path, name, type);
    bool standard = !domain[0] || strcmp(domain, "ai.onnx") == 0;
    nr_import_function *function = standard ? nr_import_find(type) : NULL;
    NR_REQUIRE(function, NR_ERR_INPUT,
               "%s: node \"%s\": operator %s%s%s is not supported", import->path, name,
               domain, domain[0] ? "." : "", type);
    return function(&op);
}

static nr_status check_one_output(nr_import *import) {
    const NrOnnx__GraphProto *proto = import->proto;
    NR_REQUIRE(proto->n_output == 1 && proto->output[0]->name, NR_ERR_INPUT,
               "%s: %zu outputs, 1 is expected: the logits", import->path,
               proto->n_output);
    return NR_OK;
}

static nr_status set_output(nr_import *import) {
    const char *name = import->proto->output[0]->name;
    const nr_value *value = nr_value_find(import, name);
    NR_REQUIRE(value && !value->is_constant, NR_ERR_INPUT,
               "%s: no node computes the output \"%s\"", import->path, name);
    NR_REQUIRE(value->rank == 2, NR_ERR_INPUT,
               "%s: output \"%s\" has %zu dimensions, 2 are expected: (n, classes)",
               import->path, name, value->rank);
    nr_graph_set_output(import->graph, value->node);
    return NR_OK;
}

nr_status nr_import_build(nr_import *import, const NrOnnx__ModelProto *model) {
    import->proto = model->graph;
    NR_TRY(read_opset(import, model));
    NR_TRY(check_one_output(import));
    NR_TRY(add_initialisers(import));
    NR_TRY(add_input(import));
    for (size_t i = 0; i < import->proto->n_node; i++)
        NR_TRY(add_node(import, import->proto->node[i]));
    NR_TRY(set_output(import));
    if (!import->plain) NR_TRY(nr_graph_fold(import->graph));
    return nr_layers_make_short_names(import->graph);
}

void nr_import_clear(nr_import *import) {
    for (size_t i = 0; i < import->n_values; i++)
        nr_tensor_free(&import->values[i].decoded);
    free(import->values);
}

static nr_status load(const char *path, bool plain, nr_graph **out,
                      char digest[NR_DIGEST_TEXT]) {
    nr_import import = {.path = path, .plain = plain};
    NrOnnx__ModelProto *model = NULL;
    NR_TRY(nr_digest_new(&import.digest));
    nr_status status = nr_model_file_read(path, import.digest, &model);
    if (status != NR_OK) goto err_digest;
    NR_TRY_GOTO(nr_graph_new(path, &import.graph), err_model);
    status = nr_import_build(&import, model);
    nr_import_clear(&import);
    if (status != NR_OK) {
        nr_graph_free(import.graph);
        goto err_model;
    }
    nr_digest_text(import.digest, digest);
    *out = import.graph;
err_model:
    nr_onnx__model_proto__free_unpacked(model, NULL);
err_digest:
    nr_digest_free(import.digest);
    return status;
}

nr_status nr_onnx_load(const char *path, nr_graph **out, char digest[NR_DIGEST_TEXT]) {
    return load(path, false, out, digest);
}

nr_status nr_onnx_load_plain(const char *path, nr_graph **out) {
    char digest[NR_DIGEST_TEXT];
    return load(path, true, out, digest);
}
