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
 * that may live in memory shared by a whole node.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
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

/* source names the file in messages; copied. NR_ERR_INPUT: it has 4 GiB. */
nr_status nr_graph_new(const char *source, nr_graph **out);
void nr_graph_free(nr_graph *graph);

/* ---- building: every call infers the output's shape or refuses, naming the node ----
 * name: the ONNX node's name, output_name: that of its output, short_name: may be NULL.
 * Texts and weights are copied. input: a node that has been added before. *out: the new
 * node's number. NR_ERR_INPUT: shapes or windows do not go together, an output has no
 * elements or more than 2^26 a row, or names take 4 GiB; after a failure there is no
 * new node. */
typedef struct {
    const char *name, *output_name, *short_name;
} nr_label;

/* shape: of the images the network reads; node 0. NR_ERR_INPUT as above, here and
 * below. */
nr_status nr_graph_add_input(nr_graph *graph, nr_label label, nr_shape shape,
                             uint32_t *out);
/* weight as in ONNX: [c_out, c_in/group, kh, kw]; bias [c_out] or NULL. NR_ERR_INPUT
 * also where channels do not divide into window->group groups. */
nr_status nr_graph_add_conv(nr_graph *graph, nr_label label, uint32_t input,
                            const nr_window *window, uint32_t c_out,
                            const float *weight, const float *bias, uint32_t *out);
/* weight [c_out, c_in]; bias [c_out] or NULL. NR_ERR_INPUT also where the input is a
 * map of more than one pixel. */
nr_status nr_graph_add_dense(nr_graph *graph, nr_label label, uint32_t input,
                             uint32_t c_out, const float *weight, const float *bias,
                             uint32_t *out);
/* AFFINE: scale, shift [c]; gamma [c]: see nr_node, NULL where it was no BatchNorm.
 * NR_ERR_INPUT as above. */
nr_status nr_graph_add_batch_norm(nr_graph *graph, nr_label label, uint32_t input,
                                  const float *gamma, const float *scale,
                                  const float *shift, uint32_t *out);
nr_status nr_graph_add_affine(nr_graph *graph, nr_label label, uint32_t input,
                              const float *scale, const float *shift, uint32_t *out);
/* RELU, LEAKY_RELU, CLIP, SIGMOID; another op is a broken promise. NR_ERR_INPUT as
 * above. */
nr_status nr_graph_add_pointwise(nr_graph *graph, nr_label label, nr_op op,
                                 uint32_t input, float low, float high, uint32_t *out);
/* MAX_POOL, AVG_POOL, GLOBAL_AVG_POOL (window not read: may be NULL), PAD (value low).
 * NR_ERR_INPUT also where a window of a pool would lie on padding alone. */
nr_status nr_graph_add_window(nr_graph *graph, nr_label label, nr_op op, uint32_t input,
                              const nr_window *window, float low, uint32_t *out);
/* ADD, MUL: shapes equal, or one of them [c] on one pixel, which becomes the second
 * input. NR_ERR_INPUT: they are not. */
nr_status nr_graph_add_binary(nr_graph *graph, nr_label label, nr_op op, uint32_t a,
                              uint32_t b, uint32_t *out);
/* inputs [n_inputs >= 1] of equal height and width. NR_ERR_INPUT: they are not. */
nr_status nr_graph_add_concat(nr_graph *graph, nr_label label, const uint32_t *inputs,
                              uint32_t n_inputs, uint32_t *out);
/* NR_ERR_INPUT: the shape has another number of elements than the input. */
nr_status nr_graph_add_reshape(nr_graph *graph, nr_label label, uint32_t input,
                               nr_shape shape, uint32_t *out);
/* The node whose output is the network's; 0 until it is set. */
void nr_graph_set_output(nr_graph *graph, uint32_t node);

/* ---- reading ---- */
/* size: number of nodes. node: one of them, the graph's, until it changes. input_of:
 * the number of the node that is its input k, k < n_inputs. */
size_t nr_graph_size(const nr_graph *graph);
const nr_node *nr_graph_node(const nr_graph *graph, uint32_t node);
uint32_t nr_graph_input_of(const nr_graph *graph, uint32_t node, uint32_t k);
/* The one node that reads this one's output; false where none, or several, or the
 * network's caller do; *reader is of no use then. */
bool nr_graph_only_reader(const nr_graph *graph, uint32_t node, uint32_t *reader);
/* The node whose output is the network's. */
uint32_t nr_graph_output(const nr_graph *graph);
/* Texts and weights are the graph's, until it changes. offset: a text's or an array's
 * as in nr_node; NR_NO_WEIGHT: NULL. source: as nr_graph_new had it. */
const char *nr_graph_text(const nr_graph *graph, uint32_t offset);
const char *nr_graph_source(const nr_graph *graph);
const float *nr_graph_weight(const nr_graph *graph, uint64_t offset);
/* For people: "Conv", ... */
const char *nr_op_name(uint32_t op);

/* A reshape that leaves the stored order as it is: one channel, one pixel, or a flatten
 * whose permutation nr_graph_fold moved into the dense layers behind it. */
bool nr_reshape_is_view(const nr_graph *graph, uint32_t node);

/* Elements of a tensor per row; SIZE_MAX where that overflows. */
size_t nr_shape_size(nr_shape shape);

/* Multiply-adds of one node on one row; 0 but for convolutions and dense layers. */
double nr_graph_node_macs(const nr_graph *graph, uint32_t node);

/* Weights and biases of a convolution or dense layer; 0 for other nodes. */
double nr_graph_node_parameters(const nr_graph *graph, uint32_t node);

/* ---- moving ---- */
/* Structure as bytes, owned by the caller (free). */
nr_status nr_graph_pack(const nr_graph *graph, void **out, size_t *n_bytes);
/* The graph those bytes describe; weights are borrowed for the graph's life. The bytes
 * are nr_graph_pack's of this very program: they are not checked. */
nr_status nr_graph_unpack(const void *bytes, size_t n_bytes, const float *weights,
                          nr_graph **out);
/* All weights: n floats, the graph's, until it changes. */
const float *nr_graph_weights(const nr_graph *graph, size_t *n);

#endif
