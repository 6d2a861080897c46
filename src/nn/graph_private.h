/* The graph's arrays, for the files of nn that change a graph. */
#ifndef NEURANK_NN_GRAPH_PRIVATE_H
#define NEURANK_NN_GRAPH_PRIVATE_H

#include "neurank/nn/graph.h"

struct nr_graph {
    nr_node *nodes;
    size_t n_nodes, nodes_capacity;
    uint32_t *links; /* inputs of all nodes */
    size_t n_links, links_capacity;
    char *text; /* zero-terminated strings; offset 0 is the source */
    size_t n_text, text_capacity;
    float *weights; /* NULL when borrowed */
    size_t n_weights, weights_capacity;
    const float *borrowed_weights;
    uint32_t output;
};

#endif
