/* The layers whose channels can be players: convolutions and dense layers.
 *
 * A layer is named by its ONNX node, by that node's output, or by the short name that
 * `neurank info` prints.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_NN_LAYERS_H
#define NEURANK_NN_LAYERS_H

#include "neurank/nn/graph.h"

/* Layers [n] in graph order, also none; *out owned by the caller (free). */
nr_status nr_layers_list(const nr_graph *graph, uint32_t **out, size_t *n);

/* Finds the layer that name[0..length) means: by its short name, else by its node's,
 * else by its output's. NR_ERR_USAGE: there is none; the message names the nearest one.
 * NR_ERR_INPUT: the network has no layer at all. */
nr_status nr_layers_find(const nr_graph *graph, const char *name, size_t length,
                         uint32_t *out);

/* Reads "conv1,fc1", in the order given, or "all": every layer but the one whose units
 * are the logits. *out [n], n > 0, owned by the caller (free). NR_ERR_USAGE: a name is
 * unknown or given twice; NR_ERR_INPUT: the network has no such layers. */
nr_status nr_layers_select(const nr_graph *graph, const char *text, uint32_t **out,
                           size_t *n);

/* Gives every layer a short name that is unique in the graph. Names come from the
 * weights' name, from the node's name, or else from operator and ordinal, and have no
 * characters that mean something in HDF5 paths, lists or CSV. After a failure some
 * layers have their names. */
nr_status nr_layers_make_short_names(nr_graph *graph);

#endif
