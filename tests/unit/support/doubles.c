#include "doubles.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"

static nr_shape shape_of(const nr_graph *g, uint32_t node) {
    return nr_graph_node(g, node)->shape;
}

test_doubles test_doubles_new(const nr_graph *graph) {
    size_t n = nr_graph_size(graph);
    test_doubles d = {graph, nr_new(n, sizeof(double *))};
    for (uint32_t i = 0; i < n; i++)
        d.outputs[i] = nr_new(nr_shape_size(shape_of(graph, i)), sizeof(double));
    return d;
}

void test_doubles_free(test_doubles *d) {
    for (size_t i = 0; i < nr_graph_size(d->graph); i++) free(d->outputs[i]);
    free(d->outputs);
}

static double at(const double *x, nr_shape s, long y, long column, size_t c) {
    return x[((size_t)y * s.w + (size_t)column) * s.c + c];
}

static bool on_map(nr_shape s, long y, long x) {
    return y >= 0 && x >= 0 && y < (long)s.h && x < (long)s.w;
}

/* One output of a window operator. */
static double window(const nr_graph *g, const nr_node *n, nr_shape in, const double *x,
                     long oy, long ox, size_t c) {
    const nr_window *w = &n->window;
    bool conv = n->op == NR_OP_CONV, max = n->op == NR_OP_MAX_POOL;
    size_t c_in = conv ? in.c / w->group : 0;
    size_t first = conv ? c / (n->shape.c / w->group) * c_in : 0;
    const float *weight = nr_graph_weight(g, n->weight);
    const float *bias = nr_graph_weight(g, n->bias);
    double sum = conv && bias ? bias[c] : max ? -INFINITY : 0;
    long count = 0;
    for (long ky = 0; ky < (long)w->kernel_h; ky++)
        for (long kx = 0; kx < (long)w->kernel_w; kx++) {
            long y = oy * w->stride_h + ky * w->dilation_h - w->pad_top;
            long column = ox * w->stride_w + kx * w->dilation_w - w->pad_left;
            bool inside = y < (long)(in.h + w->pad_bottom) &&
                          column < (long)(in.w + w->pad_right);
            count += w->count_padding ? inside : on_map(in, y, column);
            if (!on_map(in, y, column)) continue;
            if (max) sum = fmax(sum, at(x, in, y, column, c));
            if (n->op == NR_OP_AVG_POOL) sum += at(x, in, y, column, c);
            for (size_t i = 0; i < c_in; i++)
                sum +=
                    at(x, in, y, column, first + i) *
                    weight[((size_t)(ky * w->kernel_w + kx) * c_in + i) * n->shape.c +
                           c];
        }
    return n->op == NR_OP_AVG_POOL ? sum / (double)count : sum;
}

static void windows(const nr_graph *g, const nr_node *n, nr_shape in, const double *x,
                    double *y) {
    for (long oy = 0; oy < (long)n->shape.h; oy++)
        for (long ox = 0; ox < (long)n->shape.w; ox++)
            for (size_t c = 0; c < n->shape.c; c++)
                *y++ = window(g, n, in, x, oy, ox, c);
}

static void concatenate(test_doubles *d, uint32_t node) {
    nr_shape s = shape_of(d->graph, node);
    for (size_t p = 0; p < (size_t)s.h * s.w; p++) {
        double *y = d->outputs[node] + p * s.c;
        for (uint32_t k = 0; k < nr_graph_node(d->graph, node)->n_inputs; k++) {
            uint32_t input = nr_graph_input_of(d->graph, node, k);
            size_t c = shape_of(d->graph, input).c;
            for (size_t i = 0; i < c; i++) *y++ = d->outputs[input][p * c + i];
        }
    }
}

static double pointwise(const nr_node *n, double x) {
    switch ((nr_op)n->op) {
    case NR_OP_RELU: return x > 0 ? x : 0;
    case NR_OP_LEAKY_RELU: return x > 0 ? x : n->low * x;
    case NR_OP_CLIP: return x < n->low ? n->low : x > n->high ? n->high : x;
    default: return 1 / (1 + exp(-x));
    }
}

/* Element e, in ONNX order, of a shape stored channels last. */
static size_t place(nr_shape s, bool view, size_t e) {
    size_t map = (size_t)s.h * s.w;
    return view ? e : e % map * s.c + e / map;
}

static void one(test_doubles *d, uint32_t node) {
    const nr_graph *g = d->graph;
    const nr_node *n = nr_graph_node(g, node);
    const double *x = d->outputs[nr_graph_input_of(g, node, 0)];
    double *y = d->outputs[node];
    nr_shape in = shape_of(g, nr_graph_input_of(g, node, 0)), out = n->shape;
    size_t size = nr_shape_size(out);
    const float *weight = nr_graph_weight(g, n->weight);
    const float *bias = nr_graph_weight(g, n->bias);
    bool view;
    switch ((nr_op)n->op) {
    case NR_OP_CONV:
    case NR_OP_MAX_POOL:
    case NR_OP_AVG_POOL: windows(g, n, in, x, y); return;
    case NR_OP_CONCAT: concatenate(d, node); return;
    case NR_OP_DENSE:
        for (size_t c = 0; c < size; c++) {
            y[c] = bias ? bias[c] : 0;
            for (size_t i = 0; i < in.c; i++) y[c] += x[i] * weight[i * size + c];
        }
        return;
    case NR_OP_AFFINE:
        for (size_t i = 0; i < size; i++)
            y[i] = x[i] * weight[i % out.c] + bias[i % out.c];
        return;
    case NR_OP_GLOBAL_AVG_POOL:
        for (size_t i = 0; i < size; i++) y[i] = 0;
        for (size_t i = 0; i < nr_shape_size(in); i++)
            y[i % in.c] += x[i] / ((double)in.h * in.w);
        return;
    case NR_OP_ADD:
    case NR_OP_MUL: {
        uint32_t second = nr_graph_input_of(g, node, 1);
        size_t m = nr_shape_size(shape_of(g, second));
        for (size_t i = 0; i < size; i++) {
            double other = d->outputs[second][i % m];
            y[i] = n->op == NR_OP_ADD ? x[i] + other : x[i] * other;
        }
        return;
    }
    case NR_OP_RESHAPE:
        view = nr_reshape_is_view(g, node);
        for (size_t e = 0; e < size; e++)
            y[place(out, view, e)] = x[place(in, view, e)];
        return;
    case NR_OP_PAD:
        for (size_t i = 0; i < size; i++) y[i] = n->low;
        for (size_t i = 0; i < nr_shape_size(in); i++) {
            size_t p = i / in.c, row = p / in.w + n->window.pad_top;
            y[(row * out.w + p % in.w + n->window.pad_left) * out.c + i % in.c] = x[i];
        }
        return;
    default:
        for (size_t i = 0; i < size; i++) y[i] = pointwise(n, x[i]);
    }
}

void test_doubles_run(test_doubles *d, uint32_t node) {
    for (uint32_t i = node + 1; i < nr_graph_size(d->graph); i++) one(d, i);
}
