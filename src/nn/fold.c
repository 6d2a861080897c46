#include "neurank/nn/fold.h"

#include <stdlib.h>
#include <string.h>

#include "graph_private.h"
#include "neurank/base/memory.h"

static void readers_count(const nr_graph *graph, uint32_t *readers) {
    memset(readers, 0, graph->n_nodes * sizeof *readers);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++)
            readers[nr_graph_input_of(graph, i, k)]++;
    readers[graph->output]++;
}

static void redirect(nr_graph *graph, uint32_t from, uint32_t to) {
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++) {
            uint32_t *link = &graph->links[graph->nodes[i].first_input + k];
            if (*link == from) *link = to;
        }
    if (graph->output == from) graph->output = to;
}

/* Zeros for c channels at the end of the weights, when the offset is still empty. */
static nr_status ensure_channels(nr_graph *graph, uint64_t *offset, size_t c) {
    if (*offset != NR_NO_WEIGHT) return NR_OK;
    size_t needed = nr_size_add(graph->n_weights, c);
    NR_TRY(nr_grow((void **)&graph->weights, &graph->weights_capacity, needed,
                   sizeof *graph->weights));
    memset(graph->weights + graph->n_weights, 0, c * sizeof *graph->weights);
    *offset = graph->n_weights;
    graph->n_weights = needed;
    return NR_OK;
}

static nr_status fold_affine(nr_graph *graph, uint32_t affine) {
    nr_node *a = &graph->nodes[affine];
    nr_node *layer = &graph->nodes[graph->links[a->first_input]];
    size_t c_out = layer->shape.c;
    size_t k = layer->op == NR_OP_DENSE
                   ? graph->nodes[graph->links[layer->first_input]].shape.c
                   : (size_t)layer->window.kernel_h * layer->window.kernel_w *
                         graph->nodes[graph->links[layer->first_input]].shape.c /
                         layer->window.group;
    NR_TRY(ensure_channels(graph, &layer->bias, c_out));
    NR_TRY(ensure_channels(graph, &layer->silent, c_out));
    const float *scale = graph->weights + a->weight;
    const float *shift = graph->weights + a->bias;
    float *w = graph->weights + layer->weight;
    float *bias = graph->weights + layer->bias;
    float *silent = graph->weights + layer->silent;
    for (size_t i = 0; i < k; i++)
        for (size_t c = 0; c < c_out; c++) w[i * c_out + c] *= scale[c];
    for (size_t c = 0; c < c_out; c++) {
        bias[c] = (float)((double)bias[c] * scale[c] + shift[c]);
        silent[c] = (float)((double)silent[c] * scale[c] + shift[c]);
    }
    redirect(graph, affine, graph->links[a->first_input]);
    return NR_OK;
}

static bool is_layer(const nr_node *node) {
    return node->op == NR_OP_CONV || node->op == NR_OP_DENSE;
}

static nr_status fold_affines(nr_graph *graph, uint32_t *readers) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const nr_node *node = &graph->nodes[i];
        if (node->op != NR_OP_AFFINE) continue;
        uint32_t input = graph->links[node->first_input];
        readers_count(graph, readers);
        if (!is_layer(&graph->nodes[input]) || readers[input] != 1) continue;
        NR_TRY(fold_affine(graph, i));
    }
    return NR_OK;
}

static void fold_pads(nr_graph *graph, uint32_t *readers) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        nr_node *conv = &graph->nodes[i];
        if (conv->op != NR_OP_CONV) continue;
        uint32_t pad = graph->links[conv->first_input];
        const nr_node *p = &graph->nodes[pad];
        readers_count(graph, readers);
        if (p->op != NR_OP_PAD || p->low != 0 || readers[pad] != 1) continue;
        conv->window.pad_top += p->window.pad_top;
        conv->window.pad_left += p->window.pad_left;
        conv->window.pad_bottom += p->window.pad_bottom;
        conv->window.pad_right += p->window.pad_right;
        graph->links[conv->first_input] = graph->links[p->first_input];
    }
}

/* Rows of a dense weight from ONNX (c, h, w) order to channels last. */
static nr_status permute_dense(nr_graph *graph, nr_node *dense, nr_shape in) {
    size_t c_out = dense->shape.c, n = nr_shape_size(in);
    size_t pixels = (size_t)in.h * in.w;
    float *w = graph->weights + dense->weight;
    float *copy = nr_new_floats(nr_size_mul(n, c_out));
    if (!copy) return NR_ERR_INTERNAL;
    for (size_t c = 0; c < in.c; c++)
        for (size_t p = 0; p < pixels; p++)
            memcpy(copy + (p * in.c + c) * c_out, w + (c * pixels + p) * c_out,
                   c_out * sizeof *w);
    memcpy(w, copy, n * c_out * sizeof *w);
    free(copy);
    return NR_OK;
}

static nr_status fold_flatten(nr_graph *graph, uint32_t reshape) {
    nr_node *node = &graph->nodes[reshape];
    nr_shape in = graph->nodes[graph->links[node->first_input]].shape;
    if (!node->shape.flat || in.c == 1 || (size_t)in.h * in.w == 1) return NR_OK;
    if (graph->output == reshape) return NR_OK;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++)
            if (nr_graph_input_of(graph, i, k) == reshape &&
                graph->nodes[i].op != NR_OP_DENSE)
                return NR_OK;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].op == NR_OP_DENSE &&
            nr_graph_input_of(graph, i, 0) == reshape)
            NR_TRY(permute_dense(graph, &graph->nodes[i], in));
    node->window.group = 1; /* marks a view: see nr_reshape_is_view */
    return NR_OK;
}

static nr_status drop_unused(nr_graph *graph) {
    uint32_t *renumbered;
    if (!NR_NEW(renumbered, graph->n_nodes)) return NR_ERR_INTERNAL;
    renumbered[0] = 1; /* the input stays */
    renumbered[graph->output] = 1;
    for (size_t i = graph->n_nodes; i-- > 0;)
        for (uint32_t k = 0; renumbered[i] && k < graph->nodes[i].n_inputs; k++)
            renumbered[nr_graph_input_of(graph, (uint32_t)i, k)] = 1;
    uint32_t kept = 0;
    for (size_t i = 0; i < graph->n_nodes; i++)
        if (renumbered[i]) {
            graph->nodes[kept] = graph->nodes[i];
            renumbered[i] = kept++;
        }
    for (size_t i = 0; i < kept; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++) {
            uint32_t *link = &graph->links[graph->nodes[i].first_input + k];
            *link = renumbered[*link];
        }
    graph->output = renumbered[graph->output];
    graph->n_nodes = kept;
    free(renumbered);
    return NR_OK;
}

/* ---- concatenations sink below channel-wise operators ---- */

enum { NODES_MAX = 1 << 17 };

/* The graph being rewritten: nodes and links so far, and where each old node went. */
typedef struct {
    const nr_graph *old;
    nr_node *nodes;
    uint32_t *links, *place;
    size_t n_nodes, n_links, nodes_capacity, links_capacity;
} rewrite;

static nr_status emit(rewrite *r, nr_node node, const uint32_t *inputs, uint32_t *out) {
    NR_REQUIRE(r->n_nodes < NODES_MAX, NR_ERR_INPUT,
               "%s: more than %d nodes once concatenations are taken apart",
               nr_graph_source(r->old), NODES_MAX);
    NR_TRY(nr_grow((void **)&r->nodes, &r->nodes_capacity, r->n_nodes + 1,
                   sizeof *r->nodes));
    NR_TRY(nr_grow((void **)&r->links, &r->links_capacity, r->n_links + node.n_inputs,
                   sizeof *r->links));
    node.first_input = (uint32_t)r->n_links;
    for (uint32_t k = 0; k < node.n_inputs; k++) r->links[r->n_links++] = inputs[k];
    *out = (uint32_t)r->n_nodes;
    r->nodes[r->n_nodes++] = node;
    return NR_OK;
}

static bool is_channelwise(const nr_node *node, nr_shape in) {
    switch ((nr_op)node->op) {
    case NR_OP_AFFINE:
    case NR_OP_RELU:
    case NR_OP_LEAKY_RELU:
    case NR_OP_CLIP:
    case NR_OP_SIGMOID:
    case NR_OP_MAX_POOL:
    case NR_OP_AVG_POOL:
    case NR_OP_GLOBAL_AVG_POOL:
    case NR_OP_PAD: return true;
    case NR_OP_RESHAPE: return node->shape.flat && (size_t)in.h * in.w == 1;
    default: return false;
    }
}

/* node(concat(a, b, ...)) becomes concat(node(a), node(b), ...) */
static nr_status sink_node(rewrite *r, const nr_node *node, uint32_t concat,
                           uint32_t *out) {
    uint32_t n = r->nodes[concat].n_inputs, first = 0, *parts;
    if (!NR_NEW(parts, n)) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (uint32_t k = 0; k < n && status == NR_OK; k++) {
        uint32_t operand = r->links[r->nodes[concat].first_input + k];
        nr_node part = *node;
        part.shape.c = r->nodes[operand].shape.c;
        if (part.weight != NR_NO_WEIGHT) part.weight += first;
        if (part.bias != NR_NO_WEIGHT) part.bias += first;
        first += part.shape.c;
        status = emit(r, part, &operand, &parts[k]);
    }
    nr_node joined = r->nodes[concat];
    joined.shape = node->shape;
    if (status == NR_OK) status = emit(r, joined, parts, out);
    free(parts);
    return status;
}

/* Inputs of an old node in the new graph; a concatenation of concatenations is one. */
static nr_status map_inputs(rewrite *r, uint32_t old, uint32_t **inputs,
                            size_t *capacity, uint32_t *n) {
    const nr_node *node = &r->old->nodes[old];
    *n = 0;
    for (uint32_t k = 0; k < node->n_inputs; k++) {
        uint32_t input = r->place[nr_graph_input_of(r->old, old, k)];
        NR_ASSERT(r->nodes && input < r->n_nodes); /* readers come later */
        const nr_node *source = &r->nodes[input];
        bool splice = node->op == NR_OP_CONCAT && source->op == NR_OP_CONCAT;
        uint32_t count = splice ? source->n_inputs : 1;
        NR_TRY(nr_grow((void **)inputs, capacity, (size_t)*n + count, sizeof **inputs));
        for (uint32_t j = 0; j < count; j++)
            (*inputs)[(*n)++] = splice ? r->links[source->first_input + j] : input;
    }
    return NR_OK;
}

static nr_status sink_all(rewrite *r) {
    uint32_t *inputs = NULL;
    size_t capacity = 0;
    nr_status status = NR_OK;
    for (uint32_t i = 0; i < r->old->n_nodes && status == NR_OK; i++) {
        nr_node node = r->old->nodes[i];
        status = map_inputs(r, i, &inputs, &capacity, &node.n_inputs);
        if (status != NR_OK) break;
        const nr_node *input = node.n_inputs == 1 ? &r->nodes[inputs[0]] : NULL;
        bool sinks =
            input && input->op == NR_OP_CONCAT && is_channelwise(&node, input->shape);
        status = sinks ? sink_node(r, &node, inputs[0], &r->place[i])
                       : emit(r, node, inputs, &r->place[i]);
    }
    free(inputs);
    return status;
}

static nr_status sink_concats(nr_graph *graph) {
    rewrite r = {.old = graph};
    if (!NR_NEW(r.place, graph->n_nodes)) return NR_ERR_INTERNAL;
    nr_status status = sink_all(&r);
    if (status == NR_OK) {
        graph->output = r.place[graph->output];
        free(graph->nodes);
        free(graph->links);
        graph->nodes = r.nodes;
        graph->links = r.links;
        graph->n_nodes = r.n_nodes;
        graph->n_links = r.n_links;
        graph->nodes_capacity = r.nodes_capacity;
        graph->links_capacity = r.links_capacity;
    } else {
        free(r.nodes);
        free(r.links);
    }
    free(r.place);
    return status;
}

nr_status nr_graph_fold(nr_graph *graph) {
    uint32_t *readers;
    NR_TRY(sink_concats(graph));
    NR_TRY(drop_unused(graph));
    if (!NR_NEW(readers, graph->n_nodes)) return NR_ERR_INTERNAL;
    nr_status status = fold_affines(graph, readers);
    if (status == NR_OK) fold_pads(graph, readers);
    free(readers);
    NR_TRY(status);
    NR_TRY(drop_unused(graph));
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].op == NR_OP_RESHAPE) NR_TRY(fold_flatten(graph, i));
    return NR_OK;
}
