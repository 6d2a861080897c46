/* A model file without some of its channels.
 *
 * The file's own messages are edited, not written anew from the graph: names,
 * operators, BatchNorms, types of weights, opset and whatever else the file says stay
 * as they are, so that weights of the small network load where those of the large one
 * did. Changed are: weights, biases and BatchNorm parameters along the axes of channels
 * that are cut; `group` of depthwise convolutions; channel counts in the shapes of
 * Reshape; shapes of old models' inputs. Shapes of inner tensors (value_info) are
 * dropped: every reader can infer them. External weights come into the file. A constant
 * with several readers is copied for the one that needs less of it.
 *
 * Weighed: writing a new model from nr_graph. It has BatchNorm folded into weights,
 * which whoever fine-tunes the small network wants back. */
#ifndef NEURANK_ONNX_SLIM_H
#define NEURANK_ONNX_SLIM_H

#include <stdbool.h>

#include "neurank/nn/graph.h"

typedef struct {
    const char *key, *value;
} nr_onnx_remark;

/* path: the model; plain: what nr_onnx_load_plain made of it.
 * cut     [channels of all nodes, node after node] those that the file shall lose; as
 *         nr_channels_cut gives them, so that what is left fits together
 * remarks [n_remarks] entries for the model's metadata
 * out     path of the file to write, not synced; a failure may leave a part of it
 * NR_ERR_INPUT: the model cannot be read (as in import.h), or has changed since `plain`
 * was made of it; NR_ERR_STORE: the file cannot be written, or would take more than
 * 2 GiB; NR_ERR_INTERNAL: no memory. */
nr_status nr_onnx_slim(const char *path, const nr_graph *plain, const bool *cut,
                       const nr_onnx_remark *remarks, size_t n_remarks,
                       const char *out);

#endif
