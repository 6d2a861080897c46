#include "neurank/nn/graph.h"

#include <stdlib.h>
#include <string.h>

#include "graph_private.h"
#include "neurank/base/memory.h"

static nr_status text_add(nr_graph *graph, const char *text, uint32_t *out) {
    size_t bytes = strlen(text) + 1;
    size_t needed = nr_size_add(graph->n_text, bytes);
    NR_REQUIRE(needed < UINT32_MAX, NR_ERR_INPUT, "%s: names take more than 4 GiB",
               nr_graph_source(graph));
    NR_TRY(nr_grow((void **)&graph->text, &graph->text_capacity, needed, 1));
    memcpy(graph->text + graph->n_text, text, bytes);
    *out = (uint32_t)graph->n_text;
    graph->n_text += bytes;
    return NR_OK;
}

nr_status nr_graph_new(const char *source, nr_graph **out) {
    nr_graph *graph;
    uint32_t offset;
    if (!NR_NEW(graph, 1)) return NR_ERR_INTERNAL;
    nr_status status = text_add(graph, source, &offset);
    if (status != NR_OK) {
        nr_graph_free(graph);
        return status;
    }
    *out = graph;
    return NR_OK;
}

void nr_graph_free(nr_graph *graph) {
    if (!graph) return;
    free(graph->nodes);
    free(graph->links);
    free(graph->text);
    free(graph->weights);
    free(graph);
}

/* ---- building ---- */

static nr_status weights_add(nr_graph *graph, size_t count, uint64_t *offset,
                             float **out) {
    size_t needed = nr_size_add(graph->n_weights, count);
    NR_TRY(nr_grow((void **)&graph->weights, &graph->weights_capacity, needed,
                   sizeof *graph->weights));
    *offset = graph->n_weights;
    *out = graph->weights + graph->n_weights;
    graph->n_weights = needed;
    return NR_OK;
}

static nr_status weights_copy(nr_graph *graph, const float *values, size_t count,
                              uint64_t *offset) {
    float *copy;
    *offset = NR_NO_WEIGHT;
    if (!values) return NR_OK;
    NR_TRY(weights_add(graph, count, offset, &copy));
    memcpy(copy, values, count * sizeof *copy);
    return NR_OK;
}

enum { ELEMENTS_MAX = 1 << 26 }; /* of one tensor on one row */

/* Appends a node whose fields are set but for inputs and labels. */
static nr_status node_add(nr_graph *graph, nr_label label, nr_node node,
                          const uint32_t *inputs, uint32_t n_inputs, uint32_t *out) {
    size_t elements = nr_shape_size(node.shape);
    NR_REQUIRE(elements > 0 && elements <= ELEMENTS_MAX, NR_ERR_INPUT,
               "%s: node \"%s\" (%s): output %u x %u x %u has %s elements",
               nr_graph_source(graph), label.name, nr_op_name(node.op), node.shape.c,
               node.shape.h, node.shape.w, elements ? "more than 2^26" : "no");
    NR_TRY(nr_grow((void **)&graph->nodes, &graph->nodes_capacity, graph->n_nodes + 1,
                   sizeof *graph->nodes));
    NR_TRY(nr_grow((void **)&graph->links, &graph->links_capacity,
                   graph->n_links + n_inputs, sizeof *graph->links));
    NR_TRY(text_add(graph, label.name, &node.name));
    NR_TRY(text_add(graph, label.output_name, &node.output_name));
    NR_TRY(text_add(graph, label.short_name ? label.short_name : "", &node.short_name));
    node.first_input = (uint32_t)graph->n_links;
    node.n_inputs = n_inputs;
    for (uint32_t k = 0; k < n_inputs; k++) graph->links[graph->n_links++] = inputs[k];
    *out = (uint32_t)graph->n_nodes;
    graph->nodes[graph->n_nodes++] = node;
    return NR_OK;
}

static nr_node blank(nr_op op, nr_shape shape) {
    return (nr_node){.op = op,
                     .shape = shape,
                     .weight = NR_NO_WEIGHT,
                     .bias = NR_NO_WEIGHT,
                     .silent = NR_NO_WEIGHT,
                     .gamma = NR_NO_WEIGHT};
}

nr_status nr_graph_add_input(nr_graph *graph, nr_label label, nr_shape shape,
                             uint32_t *out) {
    return node_add(graph, label, blank(NR_OP_INPUT, shape), NULL, 0, out);
}

/* Output extent of a sliding window; 0 when the window does not fit. */
static uint32_t extent(uint64_t in, uint64_t kernel, uint64_t stride, uint64_t dilation,
                       uint64_t before, uint64_t after, bool ceil_mode) {
    uint64_t padded = in + before + after, span = (kernel - 1) * dilation + 1;
    if (padded < span) return 0;
    uint64_t room = padded - span;
    uint64_t out = room / stride + 1;
    /* A partial window counts only if it starts inside the image or its left padding.
     */
    if (ceil_mode && room % stride && out * stride < in + before) out++;
    return (uint32_t)out;
}

enum { WINDOW_MAX = 1 << 16 }; /* largest kernel, stride, dilation or padding */

static nr_status window_shape(nr_graph *graph, nr_label label, nr_op op, nr_shape in,
                              const nr_window *w, nr_shape *out) {
    const uint32_t sizes[] = {w->kernel_h, w->kernel_w,   w->stride_h,
                              w->stride_w, w->dilation_h, w->dilation_w};
    const uint32_t pads[] = {w->pad_top, w->pad_left, w->pad_bottom, w->pad_right};
    for (size_t i = 0; i < 6; i++)
        NR_REQUIRE(
            sizes[i] >= 1 && sizes[i] <= WINDOW_MAX, NR_ERR_INPUT,
            "%s: node \"%s\" (%s): kernel, stride or dilation %u is not in 1..%d",
            nr_graph_source(graph), label.name, nr_op_name(op), sizes[i], WINDOW_MAX);
    for (size_t i = 0; i < 4; i++)
        NR_REQUIRE(pads[i] <= WINDOW_MAX, NR_ERR_INPUT,
                   "%s: node \"%s\" (%s): padding %u is not in 0..%d",
                   nr_graph_source(graph), label.name, nr_op_name(op), pads[i],
                   WINDOW_MAX);
    *out = in;
    out->h = extent(in.h, w->kernel_h, w->stride_h, w->dilation_h, w->pad_top,
                    w->pad_bottom, w->ceil_mode);
    out->w = extent(in.w, w->kernel_w, w->stride_w, w->dilation_w, w->pad_left,
                    w->pad_right, w->ceil_mode);
    NR_REQUIRE(out->h && out->w && !in.flat, NR_ERR_INPUT,
               "%s: node \"%s\" (%s): window %u x %u does not fit its input %u x %u",
               nr_graph_source(graph), label.name, nr_op_name(op), w->kernel_h,
               w->kernel_w, in.h, in.w);
    return NR_OK;
}

nr_status nr_graph_add_conv(nr_graph *graph, nr_label label, uint32_t input,
                            const nr_window *window, uint32_t c_out,
                            const float *weight, const float *bias, uint32_t *out) {
    nr_shape in = graph->nodes[input].shape;
    uint32_t group = window->group;
    NR_REQUIRE(group >= 1 && in.c % group == 0 && c_out % group == 0 && c_out > 0,
               NR_ERR_INPUT,
               "%s: node \"%s\" (Conv): %u input and %u output channels do not divide "
               "into %u groups",
               nr_graph_source(graph), label.name, in.c, c_out, group);
    nr_node node = blank(NR_OP_CONV, in);
    NR_TRY(window_shape(graph, label, NR_OP_CONV, in, window, &node.shape));
    node.window = *window;
    node.shape.c = c_out;
    size_t taps = (size_t)window->kernel_h * window->kernel_w;
    size_t c_in = in.c / group;
    float *w;
    NR_TRY(weights_add(graph, nr_size_mul(nr_size_mul(taps, c_in), c_out), &node.weight,
                       &w));
    for (size_t o = 0; o < c_out; o++)
        for (size_t i = 0; i < c_in; i++)
            for (size_t t = 0; t < taps; t++)
                w[(t * c_in + i) * c_out + o] = weight[(o * c_in + i) * taps + t];
    NR_TRY(weights_copy(graph, bias, c_out, &node.bias));
    return node_add(graph, label, node, &input, 1, out);
}

nr_status nr_graph_add_dense(nr_graph *graph, nr_label label, uint32_t input,
                             uint32_t c_out, const float *weight, const float *bias,
                             uint32_t *out) {
    nr_shape in = graph->nodes[input].shape;
    NR_REQUIRE(in.h == 1 && in.w == 1, NR_ERR_INPUT,
               "%s: node \"%s\" (dense): input %u x %u x %u is not flat",
               nr_graph_source(graph), label.name, in.c, in.h, in.w);
    nr_node node = blank(NR_OP_DENSE, (nr_shape){c_out, 1, 1, 1});
    float *w;
    NR_TRY(weights_add(graph, nr_size_mul(in.c, c_out), &node.weight, &w));
    for (size_t o = 0; o < c_out; o++)
        for (size_t i = 0; i < in.c; i++) w[i * c_out + o] = weight[o * in.c + i];
    NR_TRY(weights_copy(graph, bias, c_out, &node.bias));
    return node_add(graph, label, node, &input, 1, out);
}

nr_status nr_graph_add_affine(nr_graph *graph, nr_label label, uint32_t input,
                              const float *scale, const float *shift, uint32_t *out) {
    return nr_graph_add_batch_norm(graph, label, input, NULL, scale, shift, out);
}

nr_status nr_graph_add_batch_norm(nr_graph *graph, nr_label label, uint32_t input,
                                  const float *gamma, const float *scale,
                                  const float *shift, uint32_t *out) {
    nr_node node = blank(NR_OP_AFFINE, graph->nodes[input].shape);
    NR_TRY(weights_copy(graph, scale, node.shape.c, &node.weight));
    NR_TRY(weights_copy(graph, shift, node.shape.c, &node.bias));
    if (gamma) NR_TRY(weights_copy(graph, gamma, node.shape.c, &node.gamma));
    return node_add(graph, label, node, &input, 1, out);
}

nr_status nr_graph_add_pointwise(nr_graph *graph, nr_label label, nr_op op,
                                 uint32_t input, float low, float high, uint32_t *out) {
    nr_node node = blank(op, graph->nodes[input].shape);
    NR_ASSERT(op >= NR_OP_RELU && op <= NR_OP_SIGMOID);
    node.low = low;
    node.high = high;
    return node_add(graph, label, node, &input, 1, out);
}

/* Does every window have a tap on the image? Of a window that starts in the padding the
 * first tap that leaves it is looked at. */
static bool sees_image(uint64_t out, uint64_t in, uint64_t kernel, uint64_t stride,
                       uint64_t dilation, uint64_t pad) {
    for (uint64_t o = 0; o < out; o++) {
        uint64_t start = o * stride;
        uint64_t skipped = start < pad ? (pad - start + dilation - 1) / dilation : 0;
        if (skipped >= kernel || start + skipped * dilation - pad >= in) return false;
    }
    return true;
}

nr_status nr_graph_add_window(nr_graph *graph, nr_label label, nr_op op, uint32_t input,
                              const nr_window *window, float low, uint32_t *out) {
    nr_shape in = graph->nodes[input].shape;
    nr_node node = blank(op, in);
    node.low = low;
    if (op == NR_OP_GLOBAL_AVG_POOL) {
        node.shape.h = node.shape.w = 1;
        return node_add(graph, label, node, &input, 1, out);
    }
    NR_TRY(window_shape(graph, label, op, in, window, &node.shape));
    node.window = *window;
    bool sees = op == NR_OP_PAD ||
                (sees_image(node.shape.h, in.h, window->kernel_h, window->stride_h,
                            window->dilation_h, window->pad_top) &&
                 sees_image(node.shape.w, in.w, window->kernel_w, window->stride_w,
                            window->dilation_w, window->pad_left));
    NR_REQUIRE(sees, NR_ERR_INPUT,
               "%s: node \"%s\" (%s): a window would lie on padding alone",
               nr_graph_source(graph), label.name, nr_op_name(op));
    return node_add(graph, label, node, &input, 1, out);
}

nr_status nr_graph_add_binary(nr_graph *graph, nr_label label, nr_op op, uint32_t a,
                              uint32_t b, uint32_t *out) {
    nr_shape sa = graph->nodes[a].shape, sb = graph->nodes[b].shape;
    if (sa.h == 1 && sa.w == 1 && (sb.h > 1 || sb.w > 1)) { /* the small one second */
        uint32_t swap = a;
        a = b;
        b = swap;
        sa = graph->nodes[a].shape;
        sb = graph->nodes[b].shape;
    }
    bool equal = sa.c == sb.c && sa.h == sb.h && sa.w == sb.w;
    bool spread = sa.c == sb.c && sb.h == 1 && sb.w == 1;
    NR_REQUIRE(sa.flat == sb.flat && (equal || spread), NR_ERR_INPUT,
               "%s: node \"%s\" (%s): shapes %u x %u x %u and %u x %u x %u do not go "
               "together",
               nr_graph_source(graph), label.name, nr_op_name(op), sa.c, sa.h, sa.w,
               sb.c, sb.h, sb.w);
    return node_add(graph, label, blank(op, sa), (uint32_t[]){a, b}, 2, out);
}

nr_status nr_graph_add_concat(nr_graph *graph, nr_label label, const uint32_t *inputs,
                              uint32_t n_inputs, uint32_t *out) {
    nr_shape shape = graph->nodes[inputs[0]].shape;
    for (uint32_t k = 1; k < n_inputs; k++) {
        nr_shape s = graph->nodes[inputs[k]].shape;
        NR_REQUIRE(s.h == shape.h && s.w == shape.w && s.flat == shape.flat,
                   NR_ERR_INPUT,
                   "%s: node \"%s\" (Concat): maps of %u x %u and %u x %u",
                   nr_graph_source(graph), label.name, shape.h, shape.w, s.h, s.w);
        NR_REQUIRE(s.c <= UINT32_MAX - shape.c, NR_ERR_INPUT,
                   "%s: node \"%s\" (Concat): too many channels",
                   nr_graph_source(graph), label.name);
        shape.c += s.c;
    }
    return node_add(graph, label, blank(NR_OP_CONCAT, shape), inputs, n_inputs, out);
}

nr_status nr_graph_add_reshape(nr_graph *graph, nr_label label, uint32_t input,
                               nr_shape shape, uint32_t *out) {
    nr_shape in = graph->nodes[input].shape;
    NR_REQUIRE(
        nr_shape_size(in) == nr_shape_size(shape), NR_ERR_INPUT,
        "%s: node \"%s\" (Reshape): %u x %u x %u elements cannot become %u x %u x "
        "%u",
        nr_graph_source(graph), label.name, in.c, in.h, in.w, shape.c, shape.h,
        shape.w);
    return node_add(graph, label, blank(NR_OP_RESHAPE, shape), &input, 1, out);
}

void nr_graph_set_output(nr_graph *graph, uint32_t node) {
    graph->output = node;
}

/* ---- reading ---- */

size_t nr_graph_size(const nr_graph *graph) {
    return graph->n_nodes;
}

const nr_node *nr_graph_node(const nr_graph *graph, uint32_t node) {
    return &graph->nodes[node];
}

uint32_t nr_graph_input_of(const nr_graph *graph, uint32_t node, uint32_t k) {
    return graph->links[graph->nodes[node].first_input + k];
}

bool nr_graph_only_reader(const nr_graph *graph, uint32_t node, uint32_t *reader) {
    size_t n = node == graph->output ? 2 : 0;
    for (uint32_t i = node + 1; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_inputs; k++) {
            if (nr_graph_input_of(graph, i, k) != node) continue;
            n++;
            *reader = i;
        }
    return n == 1;
}

uint32_t nr_graph_output(const nr_graph *graph) {
    return graph->output;
}

const char *nr_graph_text(const nr_graph *graph, uint32_t offset) {
    return graph->text + offset;
}

const char *nr_graph_source(const nr_graph *graph) {
    return graph->text;
}

const float *nr_graph_weights(const nr_graph *graph, size_t *n) {
    *n = graph->n_weights;
    return graph->weights ? graph->weights : graph->borrowed_weights;
}

const float *nr_graph_weight(const nr_graph *graph, uint64_t offset) {
    size_t n;
    return offset == NR_NO_WEIGHT ? NULL : nr_graph_weights(graph, &n) + offset;
}

const char *nr_op_name(uint32_t op) {
    static const char *const names[] = {"Input",
                                        "Conv",
                                        "Dense",
                                        "BatchNormalization",
                                        "Relu",
                                        "LeakyRelu",
                                        "Clip",
                                        "Sigmoid",
                                        "MaxPool",
                                        "AveragePool",
                                        "GlobalAveragePool",
                                        "Add",
                                        "Mul",
                                        "Concat",
                                        "Reshape",
                                        "Pad"};
    _Static_assert(sizeof names / sizeof *names == NR_OP_COUNT,
                   "one name per operator");
    return names[op];
}

bool nr_reshape_is_view(const nr_graph *graph, uint32_t node) {
    nr_shape in = graph->nodes[nr_graph_input_of(graph, node, 0)].shape;
    nr_shape out = graph->nodes[node].shape;
    bool folded = graph->nodes[node].window.group == 1;
    bool same = in.c == out.c && in.h == out.h;
    bool in_line = in.c == 1 || (size_t)in.h * in.w == 1;
    bool out_line = out.c == 1 || (size_t)out.h * out.w == 1;
    return folded || same || (in_line && out_line);
}

size_t nr_shape_size(nr_shape shape) {
    return nr_size_mul(nr_size_mul(shape.c, shape.h), shape.w);
}

double nr_graph_node_parameters(const nr_graph *graph, uint32_t node) {
    const nr_node *n = &graph->nodes[node];
    if (n->op != NR_OP_CONV && n->op != NR_OP_DENSE) return 0;
    double c_in = graph->nodes[nr_graph_input_of(graph, node, 0)].shape.c;
    double taps = n->op == NR_OP_CONV ? (double)n->window.kernel_h *
                                            n->window.kernel_w / n->window.group
                                      : 1;
    return n->shape.c * (taps * c_in + (n->bias != NR_NO_WEIGHT));
}

double nr_graph_node_macs(const nr_graph *graph, uint32_t node) {
    const nr_node *n = &graph->nodes[node];
    double pixels = (double)n->shape.h * n->shape.w;
    if (n->op != NR_OP_CONV && n->op != NR_OP_DENSE) return 0;
    double c_in = graph->nodes[graph->links[n->first_input]].shape.c;
    if (n->op == NR_OP_DENSE) return c_in * n->shape.c;
    return pixels * n->window.kernel_h * n->window.kernel_w * c_in / n->window.group *
           n->shape.c;
}

/* ---- moving: a header of counts, then the three arrays ---- */

typedef struct {
    uint64_t n_nodes, n_links, n_text, n_weights, output;
} pack_header;

nr_status nr_graph_pack(const nr_graph *graph, void **out, size_t *n_bytes) {
    pack_header header = {graph->n_nodes, graph->n_links, graph->n_text,
                          graph->n_weights, graph->output};
    size_t nodes = graph->n_nodes * sizeof *graph->nodes;
    size_t links = graph->n_links * sizeof *graph->links;
    size_t total = sizeof header + nodes + links + graph->n_text;
    char *bytes = nr_new(total, 1), *p = bytes;
    if (!bytes) return NR_ERR_INTERNAL;
    memcpy(p, &header, sizeof header);
    p += sizeof header;
    memcpy(p, graph->nodes, nodes);
    p += nodes;
    memcpy(p, graph->links, links);
    p += links;
    memcpy(p, graph->text, graph->n_text);
    *out = bytes;
    *n_bytes = total;
    return NR_OK;
}

nr_status nr_graph_unpack(const void *bytes, size_t n_bytes, const float *weights,
                          nr_graph **out) {
    pack_header header;
    const char *p = bytes;
    nr_graph *graph;
    NR_ASSERT(n_bytes >= sizeof header);
    memcpy(&header, p, sizeof header);
    p += sizeof header;
    if (!NR_NEW(graph, 1)) return NR_ERR_INTERNAL;
    graph->n_nodes = header.n_nodes;
    graph->n_links = header.n_links;
    graph->n_text = header.n_text;
    graph->n_weights = header.n_weights;
    graph->output = (uint32_t)header.output;
    graph->borrowed_weights = weights;
    if (!NR_NEW(graph->nodes, header.n_nodes) ||
        !NR_NEW(graph->links, header.n_links) || !NR_NEW(graph->text, header.n_text)) {
        nr_graph_free(graph);
        return NR_ERR_INTERNAL;
    }
    memcpy(graph->nodes, p, header.n_nodes * sizeof *graph->nodes);
    p += header.n_nodes * sizeof *graph->nodes;
    memcpy(graph->links, p, header.n_links * sizeof *graph->links);
    p += header.n_links * sizeof *graph->links;
    memcpy(graph->text, p, header.n_text);
    *out = graph;
    return NR_OK;
}
