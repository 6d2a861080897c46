/* Rewrites of a freshly built graph that lose nothing.
 *
 *  - A channel-wise operator that reads a concatenation acts on its operands instead,
 * and the concatenation comes behind it. A channel that is not there is then never seen
 * by a BatchNorm that would make something of it, also where its neighbours in the
 *    concatenation depend on all players (DenseNet).
 *  - BatchNorm after a convolution or dense layer that nobody else reads goes into its
 *    weights. What the BatchNorm would make of a silent channel is kept in
 *    nr_node.silent, so that the ablation `weights` still sees it.
 *  - Zero padding in front of a convolution becomes the convolution's own.
 *  - A flatten read by dense layers only becomes a permutation of their weights, and
 * the reshape itself costs nothing (nr_reshape_is_view).
 *  - Nodes that the output does not depend on are dropped. */
#ifndef NEURANK_NN_FOLD_H
#define NEURANK_NN_FOLD_H

#include "neurank/nn/graph.h"

/* In place; numbers of nodes change. NR_ERR_INPUT: more than 2^17 nodes once
 * concatenations are taken apart; NR_ERR_INTERNAL: no memory. After a failure the graph
 * may have some of the rewrites and is good for nr_graph_free only. */
nr_status nr_graph_fold(nr_graph *graph);

#endif
