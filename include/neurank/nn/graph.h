/* A network as a graph of operators: what runs, in which order, on which shapes.
 *
 *      node 0 (input) --> conv --> relu --+--> conv --> add --> ... --> output
 *                                         +-------------^
 *
 * A node has one output, so nodes and tensors share one number; inputs have smaller
 * numbers than their readers. The batch axis is implicit. Activations are stored
 * channels last, [rows, h, w, c]; a `flat` tensor (ONNX rank 2) is [rows, c] with the
 * features in ONNX order.
 *
 * The graph is plain arrays and offsets, so that one rank reads the file and all others
 * receive it: nr_graph_pack gives the structure as bytes, the weights are one array
 * that may live in memory shared by a whole node. */
#ifndef NEURANK_NN_GRAPH_H
#define NEURANK_NN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef enum {
    NR_OP_INPUT,
    NR_OP_CONV,   /* weight [kh, kw, c_in/group, c_out], bias [c_out] */
    NR_OP_DENSE,  /* weight [c_in, c_out], bias [c_out] */
    NR_OP_AFFINE, /* per channel: x * weight[c] + bias[c] */
    NR_OP_RELU,
    NR_OP_LEAKY_RELU, /* low: the slope below zero */
    NR_OP_CLIP,       /* to [low, high] */
    NR_OP_SIGMOID,
    NR_OP_MAX_POOL,
    NR_OP_AVG_POOL, /* window.count_padding */
    NR_OP_GLOBAL_AVG_POOL,
    NR_OP_ADD, /* two inputs, equal shapes or one of them [1, 1, c] */
    NR_OP_MUL,
    NR_OP_CONCAT,  /* along channels */
    NR_OP_RESHAPE, /* elements keep their ONNX (c, h, w) order */
    NR_OP_PAD,     /* window.pad_*, value low */
    NR_OP_COUNT
} nr_op;

typedef struct {
    uint32_t c, h, w;
    uint32_t flat; /* 1: ONNX rank 2, h = w = 1 */
} nr_shape;

typedef struct {
    uint32_t kernel_h, kernel_w;
    uint32_t stride_h, stride_w;
    uint32_t dilation_h, dilation_w;
    uint32_t pad_top, pad_left, pad_bottom, pad_right;
    uint32_t group;
    uint32_t count_padding; /* average pools: padding counts in the divisor */
    uint32_t ceil_mode;     /* pools: a last, partial window is kept */
} nr_window;

#define NR_NO_WEIGHT UINT64_MAX

typedef struct {
    uint32_t op; /* nr_op */
    uint32_t first_input, n_inputs;
    nr_shape shape; /* of the output */
    nr_window window;
    float low, high;
    uint64_t weight, bias; /* offsets into the weights, or NR_NO_WEIGHT */
    uint64_t silent;       /* conv, dense: [c_out] output of a channel whose own weights
                              and bias are zero; NR_NO_WEIGHT means 0. A BatchNorm folded
                              into the layer leaves its constant here. */
    uint64_t gamma;        /* affine: [c] scale of the BatchNorm it was, before it was
                              divided by the standard deviation; or NR_NO_WEIGHT */
    uint32_t name, output_name, short_name; /* nr_graph_text */
} nr_node;

typedef struct nr_graph nr_graph;

/* source names the file in messages. */
nr_status nr_graph_new(const char *source, nr_graph **out);
void nr_graph_free(nr_graph *graph);

/* ---- building: every call infers the output's shape or refuses, naming the node ----
 * name: the ONNX node's name, output_name: that of its output. Weights are copied. */
typedef struct {
    const char *name, *output_name, *short_name;
} nr_label;

nr_status nr_graph_add_input(nr_graph *graph, nr_label label, nr_shape shape,
                             uint32_t *out);
/* weight as in ONNX: [c_out, c_in/group, kh, kw]; bias [c_out] or NULL. */
nr_status nr_graph_add_conv(nr_graph *graph, nr_label label, uint32_t input,
                            const nr_window *window, uint32_t c_out,
                            const float *weight, const float *bias, uint32_t *out);
/* weight [c_out, c_in]; bias [c_out] or NULL. */
nr_status nr_graph_add_dense(nr_graph *graph, nr_label label, uint32_t input,
                             uint32_t c_out, const float *weight, const float *bias,
                             uint32_t *out);
/* scale, shift [c] */
/* gamma [c]: see nr_node; NULL where it was no BatchNorm. */
nr_status nr_graph_add_batch_norm(nr_graph *graph, nr_label label, uint32_t input,
                                  const float *gamma, const float *scale,
                                  const float *shift, uint32_t *out);
nr_status nr_graph_add_affine(nr_graph *graph, nr_label label, uint32_t input,
                              const float *scale, const float *shift, uint32_t *out);
/* RELU, LEAKY_RELU, CLIP, SIGMOID */
nr_status nr_graph_add_pointwise(nr_graph *graph, nr_label label, nr_op op,
                                 uint32_t input, float low, float high, uint32_t *out);
/* MAX_POOL, AVG_POOL, GLOBAL_AVG_POOL, PAD (value low) */
nr_status nr_graph_add_window(nr_graph *graph, nr_label label, nr_op op, uint32_t input,
                              const nr_window *window, float low, uint32_t *out);
/* ADD, MUL */
nr_status nr_graph_add_binary(nr_graph *graph, nr_label label, nr_op op, uint32_t a,
                              uint32_t b, uint32_t *out);
nr_status nr_graph_add_concat(nr_graph *graph, nr_label label, const uint32_t *inputs,
                              uint32_t n_inputs, uint32_t *out);
nr_status nr_graph_add_reshape(nr_graph *graph, nr_label label, uint32_t input,
                               nr_shape shape, uint32_t *out);
void nr_graph_set_output(nr_graph *graph, uint32_t node);

/* ---- reading ---- */
size_t nr_graph_size(const nr_graph *graph);
const nr_node *nr_graph_node(const nr_graph *graph, uint32_t node);
uint32_t nr_graph_input_of(const nr_graph *graph, uint32_t node, uint32_t k);
/* The one node that reads this one's output; false where none, or several, or the
 * network's caller do. */
bool nr_graph_only_reader(const nr_graph *graph, uint32_t node, uint32_t *reader);
uint32_t nr_graph_output(const nr_graph *graph);
const char *nr_graph_text(const nr_graph *graph, uint32_t offset);
const char *nr_graph_source(const nr_graph *graph);
const float *nr_graph_weight(const nr_graph *graph, uint64_t offset); /* NULL: none */
const char *nr_op_name(uint32_t op);

/* A reshape that leaves the stored order as it is: one channel, one pixel, or a flatten
 * whose permutation nr_graph_fold moved into the dense layers behind it. */
bool nr_reshape_is_view(const nr_graph *graph, uint32_t node);

/* Elements of a tensor per row. */
size_t nr_shape_size(nr_shape shape);

/* Multiply-adds of one node on one row. */
double nr_graph_node_macs(const nr_graph *graph, uint32_t node);

/* Weights and biases of a convolution or dense layer; 0 for other nodes. */
double nr_graph_node_parameters(const nr_graph *graph, uint32_t node);

/* ---- moving ---- */
/* Structure as bytes, owned by the caller (free). */
nr_status nr_graph_pack(const nr_graph *graph, void **out, size_t *n_bytes);
/* The graph those bytes describe; weights are borrowed for the graph's life. */
nr_status nr_graph_unpack(const void *bytes, size_t n_bytes, const float *weights,
                          nr_graph **out);
/* All weights: n floats. */
const float *nr_graph_weights(const nr_graph *graph, size_t *n);

#endif
