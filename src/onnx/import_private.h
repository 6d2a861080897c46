/* What the files of the importer share.
 *
 * Each ONNX name stands for a value: a tensor of the graph being built (with the rank
 * ONNX sees, batch axis included) or a constant. Operators read their node through an
 * nr_op_reader, which remembers the attributes that were asked for, so that one that
 * nobody asked for is refused. */
#ifndef NEURANK_ONNX_IMPORT_PRIVATE_H
#define NEURANK_ONNX_IMPORT_PRIVATE_H

#include "neurank/nn/graph.h"
#include "tensor.h"

typedef struct {
    const char *name;
    bool is_constant;
    uint32_t node;                      /* tensor */
    size_t rank;                        /* tensor: 2, 3 or 4 */
    const NrOnnx__TensorProto *encoded; /* constant of the file, decoded when read */
    nr_tensor decoded;                  /* constant made by a node */
} nr_value;

typedef struct {
    bool plain; /* not folded */
    const char *path;
    int64_t opset;
    nr_digest *digest;
    const NrOnnx__GraphProto *proto;
    nr_graph *graph;
    nr_value *values;
    size_t n_values, values_capacity;
} nr_import;

/* The graph, and what each name stands for; path, plain, digest and an empty graph are
 * set, and the caller's. */
nr_status nr_import_build(nr_import *import, const NrOnnx__ModelProto *model);
void nr_import_clear(nr_import *import); /* the values */

typedef struct {
    nr_import *import;
    const NrOnnx__NodeProto *node;
    const char *name; /* the node's, or its output's */
    uint64_t asked;   /* bit per attribute */
} nr_op_reader;

/* Reports "<file>: node "<name>" (<op>): <message>". */
#define NR_NODE_FAIL(op, format, ...)                                                  \
    nr_fail(NR_ERR_INPUT, "%s: node \"%s\" (%s): " format, (op)->import->path,         \
            (op)->name, (op)->node->op_type, __VA_ARGS__)
#define NR_NODE_REQUIRE(condition, op, format, ...)                                    \
    do {                                                                               \
        if (!(condition)) return NR_NODE_FAIL(op, format, __VA_ARGS__);                \
    } while (0)

/* ---- attributes: absent gives the default, another type is refused ---- */
nr_status nr_attr_int(nr_op_reader *op, const char *name, int64_t preset, int64_t *out);
nr_status nr_attr_float(nr_op_reader *op, const char *name, float preset, float *out);
/* preset NULL: stays as it is when absent */
nr_status nr_attr_string(nr_op_reader *op, const char *name, const char *preset,
                         char *out, size_t out_bytes);
/* *values borrowed; *n 0 and *values NULL when absent */
nr_status nr_attr_ints(nr_op_reader *op, const char *name, const int64_t **values,
                       size_t *n);
const NrOnnx__AttributeProto *nr_attr_find(nr_op_reader *op, const char *name);
/* Refuses attributes that nobody asked for. */
nr_status nr_attr_done(const nr_op_reader *op);

/* ---- values ---- */
nr_status nr_value_add(nr_import *import, nr_value value);
const nr_value *nr_value_find(const nr_import *import, const char *name);
/* Is input k there at all? (optional inputs are missing or empty) */
bool nr_op_has_input(const nr_op_reader *op, size_t k);
/* Input k as a tensor of the graph with one of the ranks in [low, high]. */
nr_status nr_op_tensor(const nr_op_reader *op, size_t k, size_t rank_low,
                       size_t rank_high, const nr_value **out);
/* Input k as a constant, freed by the caller. */
nr_status nr_op_constant(const nr_op_reader *op, size_t k, nr_tensor *out);
/* The same as integers: *out owned by the caller (nr_tensor_free). */
nr_status nr_op_integers(const nr_op_reader *op, size_t k, nr_tensor *out);
bool nr_op_is_constant(const nr_op_reader *op, size_t k);
/* One float: attribute of old opsets, scalar input of new ones. */
nr_status nr_op_scalar(const nr_op_reader *op, size_t k, float preset, float *out);

/* Names for the node being built; weights: name of its weights, or "". */
nr_label nr_op_label(const nr_op_reader *op, const char *weights);
/* Declares output 0 as this tensor or as an alias. */
nr_status nr_op_result(const nr_op_reader *op, uint32_t node, size_t rank);

/* Adds the graph nodes of one ONNX node, or refuses it. */
nr_status nr_import_layer(nr_op_reader *op); /* weights and windows */
nr_status nr_import_elementwise(nr_op_reader *op);
nr_status nr_import_shape(nr_op_reader *op); /* reshapes and the like */
/* Which of the three knows the operator; NULL: none. */
typedef nr_status nr_import_function(nr_op_reader *op);
nr_import_function *nr_import_find(const char *op_type);

#endif
