/* One step of an execution. */
#include <string.h>

#include "exec_private.h"

static nr_operand input_of(const nr_exec *exec, uint32_t node, uint32_t k) {
    uint32_t input = nr_graph_input_of(exec->graph, node, k);
    if (exec->ours[input]) return (nr_operand){exec->outputs[input], 0};
    return exec->operands[input];
}

static bool input_varies(const nr_exec *exec, uint32_t node, uint32_t k) {
    return exec->varying[nr_graph_input_of(exec->graph, node, k)];
}

static const float *row_of(nr_operand x, size_t row, size_t size) {
    return x.data + (x.period ? row % x.period : row) * size;
}

static nr_shape shape_of_input(const nr_exec *exec, uint32_t node, uint32_t k) {
    return nr_graph_node(exec->graph, nr_graph_input_of(exec->graph, node, k))->shape;
}

/* One row: y = a + b or a * b, b spread over the map if it is one pixel. */
static void binary_row(nr_op op, nr_shape shape, bool spread, const nr_post *post,
                       const float *a, const float *b, float *restrict y) {
    size_t c = spread ? shape.c : nr_shape_size(shape);
    size_t n = spread ? (size_t)shape.h * shape.w : 1;
    float low = post->low, high = post->high;
    for (size_t i = 0; i < n; i++, a += c, y += c)
        if (op == NR_OP_MUL)
            for (size_t k = 0; k < c; k++) y[k] = a[k] * b[k];
        else if (!post->clamp)
            for (size_t k = 0; k < c; k++) y[k] = a[k] + b[k];
        else
            for (size_t k = 0; k < c; k++) {
                float sum = a[k] + b[k];
                sum = sum < low ? low : sum;
                y[k] = sum > high ? high : sum;
            }
}

/* A linear Add leaves out an addend that does not vary. */
static void linear_add_row(nr_shape shape, bool spread, const float *a, const float *b,
                           float *y) {
    size_t c = shape.c, pixels = (size_t)shape.h * shape.w, n = pixels * c;
    NR_ASSERT(!a != !b);
    if (a) memcpy(y, a, n * sizeof *y);
    else if (!spread) memcpy(y, b, n * sizeof *y);
    else
        for (size_t p = 0; p < pixels; p++) memcpy(y + p * c, b, c * sizeof *y);
}

static void run_binary(const nr_exec *exec, const nr_step *step, size_t rows,
                       float *y) {
    uint32_t node = step->node;
    const nr_node *n = nr_graph_node(exec->graph, node);
    nr_shape sa = shape_of_input(exec, node, 0), sb = shape_of_input(exec, node, 1);
    nr_operand a = input_of(exec, node, 0), b = input_of(exec, node, 1);
    size_t na = nr_shape_size(sa), nb = nr_shape_size(sb);
    bool spread = nb != na, drop = exec->linear && n->op == NR_OP_ADD;
    bool drop_a = drop && !input_varies(exec, node, 0);
    bool drop_b = drop && !input_varies(exec, node, 1);
    for (size_t r = 0; r < rows; r++) {
        const float *ra = drop_a ? NULL : row_of(a, r, na);
        const float *rb = drop_b ? NULL : row_of(b, r, nb);
        if (ra && rb)
            binary_row((nr_op)n->op, n->shape, spread, &step->post, ra, rb, y + r * na);
        else linear_add_row(n->shape, spread, ra, rb, y + r * na);
    }
}

static void run_concat(const nr_exec *exec, uint32_t node, size_t rows, float *y) {
    const nr_node *n = nr_graph_node(exec->graph, node);
    size_t pixels = (size_t)n->shape.h * n->shape.w, c_out = n->shape.c, first = 0;
    for (uint32_t k = 0; k < n->n_inputs; k++) {
        nr_operand x = input_of(exec, node, k);
        size_t c = shape_of_input(exec, node, k).c;
        bool zero = exec->linear && !input_varies(exec, node, k);
        for (size_t r = 0; r < rows; r++) {
            const float *in = zero ? NULL : row_of(x, r, pixels * c);
            for (size_t p = 0; p < pixels; p++) {
                float *out = y + (r * pixels + p) * c_out + first;
                if (zero) memset(out, 0, c * sizeof *out);
                else memcpy(out, in + p * c, c * sizeof *out);
            }
        }
        first += c;
    }
}

void nr_reshape_rows(nr_shape in, nr_shape out, bool view, size_t rows, const float *x,
                     float *y) {
    size_t n = nr_shape_size(in), in_map = (size_t)in.h * in.w;
    size_t out_map = (size_t)out.h * out.w;
    if (view) {
        memcpy(y, x, rows * n * sizeof *y);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t e = 0; e < n; e++) /* e: the element in ONNX order */
            y[r * n + e % out_map * out.c + e / out_map] =
                x[r * n + e % in_map * in.c + e / in_map];
}

static void run_pad(const nr_window_args *a) {
    size_t row_out = nr_shape_size(a->out), line = (size_t)a->in.w * a->in.c;
    for (size_t i = 0; i < a->rows * row_out; i++) a->y[i] = a->low;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t y = 0; y < a->in.h; y++)
            memcpy(a->y + r * row_out +
                       ((y + a->window.pad_top) * a->out.w + a->window.pad_left) *
                           a->in.c,
                   a->x + (r * a->in.h + y) * line, line * sizeof *a->y);
}

static nr_window_args window_args(const nr_exec *exec, const nr_step *step, size_t rows,
                                  const float *x, float *y) {
    uint32_t node = step->node;
    const nr_node *n = nr_graph_node(exec->graph, node);
    return (nr_window_args){
        .rows = rows,
        .in = shape_of_input(exec, node, 0),
        .out = n->shape,
        .window = n->window,
        .x = x,
        .weight = nr_graph_weight(exec->graph, n->weight),
        .packed = nr_packs_get(exec->packs, node),
        .post = step->post,
        .bias = exec->linear ? NULL : nr_graph_weight(exec->graph, n->bias),
        .low = exec->linear ? 0 : n->low,
        .y = y,
        .scratch = exec->scratch};
}

void nr_exec_step(const nr_exec *exec, const nr_step *step, size_t rows) {
    uint32_t node = step->node;
    const nr_node *n = nr_graph_node(exec->graph, node);
    const nr_kernels *kernels = exec->kernels;
    float *y = exec->outputs[step->out];
    if (n->op == NR_OP_ADD || n->op == NR_OP_MUL) {
        run_binary(exec, step, rows, y);
        return;
    }
    if (n->op == NR_OP_CONCAT) {
        run_concat(exec, node, rows, y);
        return;
    }
    nr_operand input = input_of(exec, node, 0);
    NR_ASSERT(input.period == 0 || input.period == rows);
    nr_window_args args = window_args(exec, step, rows, input.data, y);
    nr_dense_args product;
    size_t elements = nr_shape_size(n->shape);
    switch ((nr_op)n->op) {
    case NR_OP_CONV: kernels->conv(kernels, &args); break;
    case NR_OP_DENSE:
        product = nr_product_of(&args);
        kernels->dense(kernels, &product);
        break;
    case NR_OP_AFFINE:
        kernels->affine(rows * n->shape.h * n->shape.w, n->shape.c, args.x, args.weight,
                        args.bias, y);
        break;
    case NR_OP_MAX_POOL: kernels->max_pool(&args); break;
    case NR_OP_AVG_POOL: kernels->avg_pool(&args); break;
    case NR_OP_GLOBAL_AVG_POOL: kernels->global_avg_pool(&args); break;
    case NR_OP_RESHAPE:
        nr_reshape_rows(args.in, n->shape, nr_reshape_is_view(exec->graph, node), rows,
                        args.x, y);
        break;
    case NR_OP_PAD: run_pad(&args); break;
    default:
        kernels->pointwise((nr_op)n->op, n->low, n->high, rows * elements, args.x, y);
    }
}
