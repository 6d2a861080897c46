#include "neurank/nn/packs.h"

#include <stdlib.h>

#include "neurank/base/memory.h"

struct nr_packs {
    const nr_graph *graph;
    const nr_kernels *kernels;
    size_t bytes, bytes_max;
    float **packed; /* [graph size] */
};

nr_status nr_packs_new(const nr_graph *graph, const nr_kernels *kernels,
                       size_t bytes_max, nr_packs **out) {
    nr_packs *packs;
    if (!NR_NEW(packs, 1)) return NR_ERR_INTERNAL;
    *packs = (nr_packs){.graph = graph, .kernels = kernels, .bytes_max = bytes_max};
    if (!NR_NEW(packs->packed, nr_graph_size(graph))) {
        free(packs);
        return NR_ERR_INTERNAL;
    }
    *out = packs;
    return NR_OK;
}

void nr_packs_free(nr_packs *packs) {
    if (!packs) return;
    for (size_t i = 0; i < nr_graph_size(packs->graph); i++) free(packs->packed[i]);
    free(packs->packed);
    free(packs);
}

static nr_shape input_shape(const nr_packs *packs, uint32_t node) {
    return nr_graph_node(packs->graph, nr_graph_input_of(packs->graph, node, 0))->shape;
}

static size_t packed_floats(const nr_packs *packs, uint32_t node) {
    const nr_node *n = nr_graph_node(packs->graph, node);
    const nr_kernels *k = packs->kernels;
    if (n->op == NR_OP_CONV && k->conv_packed)
        return k->conv_packed(k, input_shape(packs, node), n->shape, &n->window);
    if (n->op == NR_OP_DENSE && k->dense_packed)
        return k->dense_packed(k, input_shape(packs, node).c, n->shape.c);
    return 0;
}

nr_status nr_packs_add(nr_packs *packs, uint32_t node) {
    const nr_node *n = nr_graph_node(packs->graph, node);
    size_t floats = packs->packed[node] ? 0 : packed_floats(packs, node);
    size_t bytes = nr_size_mul(floats, sizeof(float));
    if (floats == 0 || bytes > packs->bytes_max - packs->bytes) return NR_OK;
    float *packed = nr_new_floats(floats);
    if (!packed) return NR_ERR_INTERNAL;
    const float *weight = nr_graph_weight(packs->graph, n->weight);
    nr_shape in = input_shape(packs, node);
    if (n->op == NR_OP_CONV)
        packs->kernels->conv_pack(packs->kernels, in, n->shape, &n->window, weight,
                                  packed);
    else packs->kernels->dense_pack(packs->kernels, in.c, n->shape.c, weight, packed);
    packs->packed[node] = packed;
    packs->bytes += bytes;
    return NR_OK;
}

const float *nr_packs_get(const nr_packs *packs, uint32_t node) {
    return packs->packed[node];
}

size_t nr_packs_bytes(const nr_packs *packs) {
    return packs->bytes;
}
