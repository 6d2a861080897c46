/* The layers whose channels can be players: convolutions and dense layers.
 *
 * A layer is named by its ONNX node, by that node's output, or by the short name that
 * `neurank info` prints. */
#ifndef NEURANK_NN_LAYERS_H
#define NEURANK_NN_LAYERS_H

#include "neurank/nn/graph.h"

/* Layers in graph order; *out owned by the caller (free). */
nr_status nr_layers_list(const nr_graph *graph, uint32_t **out, size_t *n);

/* Finds the layer that name[0..length) means; the message names the nearest one. */
nr_status nr_layers_find(const nr_graph *graph, const char *name, size_t length,
                         uint32_t *out);

/* Reads "conv1,fc1" or "all": every layer but the one whose units are the logits. */
nr_status nr_layers_select(const nr_graph *graph, const char *text, uint32_t **out,
                           size_t *n);

/* Gives every layer a short name that is unique in the graph. Names come from the
 * weights' name, from the node's name, or else from operator and ordinal. */
nr_status nr_layers_make_short_names(nr_graph *graph);

#endif
