#include "transposed.h"

#include <stdlib.h>
#include <string.h>

#include "kernels_private.h"
#include "neurank/base/memory.h"
#include "neurank/nn/gemm.h"

enum { TILE_FLOATS = 64 * 1024, TILE_PIXELS_MIN = 32 };

typedef enum { DENSE, AS_CONV, SCATTERED, IN_CHANNELS } form_kind;

struct nr_transposed {
    form_kind form;
    const nr_kernels *kernels;
    nr_shape in, out; /* of the layer, forward */
    nr_window window; /* of the layer; AS_CONV: of the gradient's convolution */
    size_t width;     /* SCATTERED: floats of a group's window */
    /* DENSE [c_out, c_in]; AS_CONV [kh, kw, c_out, c_in];
     * SCATTERED [group, c_out/group, kh, kw, c_in/group]; IN_CHANNELS: the layer's */
    float *weight, *packed;
    size_t scratch, tile;
};

/* ---- the form ---- */

static bool turns_over(const nr_window *w) {
    uint32_t reach_h = (w->kernel_h - 1) * w->dilation_h;
    uint32_t reach_w = (w->kernel_w - 1) * w->dilation_w;
    return w->group == 1 && w->stride_h == 1 && w->stride_w == 1 &&
           w->pad_top <= reach_h && w->pad_bottom <= reach_h &&
           w->pad_left <= reach_w && w->pad_right <= reach_w;
}

static form_kind form_of(const nr_node *n, nr_shape in) {
    if (n->op == NR_OP_DENSE) return DENSE;
    if (nr_is_depthwise(in, n->shape, &n->window)) return IN_CHANNELS;
    return turns_over(&n->window) ? AS_CONV : SCATTERED;
}

static nr_window turned_over(nr_window w) {
    uint32_t reach_h = (w.kernel_h - 1) * w.dilation_h;
    uint32_t reach_w = (w.kernel_w - 1) * w.dilation_w;
    w.pad_top = reach_h - w.pad_top;
    w.pad_bottom = reach_h - w.pad_bottom;
    w.pad_left = reach_w - w.pad_left;
    w.pad_right = reach_w - w.pad_right;
    return w;
}

/* ---- weights ---- */

/* from [rows, columns] -> to [columns, rows] with row stride */
static void transpose(size_t rows, size_t columns, const float *from,
                      size_t from_stride, float *to, size_t to_stride) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[c * to_stride + r] = from[r * from_stride + c];
}

static void turn_weights(const nr_transposed *t, const float *weight) {
    size_t taps = (size_t)t->window.kernel_h * t->window.kernel_w;
    size_t each = (size_t)t->in.c * t->out.c;
    for (size_t k = 0; k < taps; k++)
        transpose(t->in.c, t->out.c, weight + (taps - 1 - k) * each, t->out.c,
                  t->weight + k * each, t->in.c);
}

/* Of each group: [taps * c_in/group, c_out/group] -> its transpose. */
static void group_weights(const nr_transposed *t, const float *weight) {
    size_t c_out = t->out.c / t->window.group;
    for (size_t g = 0; g < t->window.group; g++)
        transpose(t->width, c_out, weight + g * c_out, t->out.c,
                  t->weight + g * c_out * t->width, t->width);
}

static size_t count_weights(const nr_transposed *t) {
    if (t->form == DENSE) return nr_size_mul(t->in.c, t->out.c);
    return nr_size_mul((size_t)t->window.kernel_h * t->window.kernel_w,
                       nr_size_mul(t->in.c / t->window.group, t->out.c));
}

static nr_status pack_dense(nr_transposed *t, size_t k, size_t n) {
    size_t floats = t->kernels->dense_packed(t->kernels, k, n);
    if (floats == 0) return NR_OK;
    if (!(t->packed = nr_new_floats(floats))) return NR_ERR_INTERNAL;
    t->kernels->dense_pack(t->kernels, k, n, t->weight, t->packed);
    return NR_OK;
}

static nr_status pack_conv(nr_transposed *t) {
    size_t floats = t->kernels->conv_packed(t->kernels, t->out, t->in, &t->window);
    t->scratch = t->kernels->conv_scratch(t->kernels, t->out, t->in, &t->window);
    if (floats == 0) return NR_OK;
    if (!(t->packed = nr_new_floats(floats))) return NR_ERR_INTERNAL;
    t->kernels->conv_pack(t->kernels, t->out, t->in, &t->window, t->weight, t->packed);
    return NR_OK;
}

static nr_status fill(nr_transposed *t, const float *weight) {
    if (!(t->weight = nr_new_floats(count_weights(t)))) return NR_ERR_INTERNAL;
    switch (t->form) {
    case DENSE:
        transpose(t->in.c, t->out.c, weight, t->out.c, t->weight, t->in.c);
        return pack_dense(t, t->out.c, t->in.c);
    case AS_CONV:
        t->window = turned_over(t->window);
        turn_weights(t, weight);
        return pack_conv(t);
    case SCATTERED:
        t->width = (size_t)t->window.kernel_h * t->window.kernel_w *
                   (t->in.c / t->window.group);
        t->tile = TILE_FLOATS / t->width;
        if (t->tile < TILE_PIXELS_MIN) t->tile = TILE_PIXELS_MIN;
        t->scratch = nr_size_mul(t->tile, t->width);
        group_weights(t, weight);
        return t->window.group == 1 ? pack_dense(t, t->out.c, t->width) : NR_OK;
    default: memcpy(t->weight, weight, count_weights(t) * sizeof *weight); return NR_OK;
    }
}

nr_status nr_transposed_new(const nr_graph *graph, const nr_kernels *kernels,
                            uint32_t node, nr_transposed **out) {
    const nr_node *n = nr_graph_node(graph, node);
    nr_transposed *t;
    if (!NR_NEW(t, 1)) return NR_ERR_INTERNAL;
    t->kernels = kernels;
    t->in = nr_graph_node(graph, nr_graph_input_of(graph, node, 0))->shape;
    t->out = n->shape;
    t->window = n->window;
    t->form = form_of(n, t->in);
    nr_status status = fill(t, nr_graph_weight(graph, n->weight));
    if (status != NR_OK) {
        nr_transposed_free(t);
        return status;
    }
    *out = t;
    return NR_OK;
}

void nr_transposed_free(nr_transposed *t) {
    if (!t) return;
    free(t->weight);
    free(t->packed);
    free(t);
}

size_t nr_transposed_scratch(const nr_transposed *t) {
    return t->scratch;
}

/* ---- running ---- */

static void run_dense(const nr_transposed *t, size_t rows, size_t n, const float *dy,
                      float *dx) {
    nr_dense_args args = {.rows = rows,
                          .k = t->out.c,
                          .n = n,
                          .x = dy,
                          .weight = t->weight,
                          .packed = t->packed,
                          .y = dx};
    t->kernels->dense(t->kernels, &args);
}

static void run_conv(const nr_transposed *t, size_t rows, const float *dy, float *dx,
                     float *scratch) {
    nr_window_args args = {.rows = rows,
                           .in = t->out,
                           .out = t->in,
                           .window = t->window,
                           .x = dy,
                           .weight = t->weight,
                           .packed = t->packed,
                           .y = dx,
                           .scratch = scratch};
    t->kernels->conv(t->kernels, &args);
}

/* Adds the windows of output pixels [first, first + count) of all rows, channels of one
 * group. */
NR_CLONES static void scatter(const nr_transposed *t, size_t group, size_t first,
                              size_t count, const float *windows, float *dx) {
    nr_window_args w = {.in = t->in, .out = t->out, .window = t->window, .x = dx};
    size_t c_in = t->in.c / t->window.group, map = (size_t)t->out.h * t->out.w;
    for (size_t p = 0; p < count; p++) {
        size_t row = (first + p) / map, oy = (first + p) % map / t->out.w;
        size_t ox = (first + p) % t->out.w;
        nr_taps rows = nr_taps_of_row(&w, oy), columns = nr_taps_of_column(&w, ox);
        FOR_TAPS_ON_IMAGE(rows, columns) {
            size_t at =
                (size_t)(nr_tap_at(&w, row, oy, ox, ky, kx) - dx) + group * c_in;
            const float *restrict from =
                windows + p * t->width + (ky * t->window.kernel_w + kx) * c_in;
            float *restrict to = dx + at;
            for (size_t i = 0; i < c_in; i++) to[i] += from[i];
        }
    }
}

static void group_product(const nr_transposed *t, size_t group, size_t rows,
                          const float *dy, float *windows) {
    size_t c_out = t->out.c / t->window.group;
    memset(windows, 0, rows * t->width * sizeof *windows);
    nr_gemm(rows, t->width, c_out, dy + group * c_out, t->out.c,
            t->weight + group * c_out * t->width, t->width, windows, t->width);
}

static void run_scattered(const nr_transposed *t, size_t rows, const float *dy,
                          float *dx, float *scratch) {
    size_t pixels = rows * t->out.h * t->out.w;
    memset(dx, 0, rows * nr_shape_size(t->in) * sizeof *dx);
    for (size_t group = 0; group < t->window.group; group++)
        for (size_t first = 0; first < pixels; first += t->tile) {
            size_t count = pixels - first < t->tile ? pixels - first : t->tile;
            const float *from = dy + first * t->out.c;
            if (t->window.group > 1) group_product(t, group, count, from, scratch);
            else run_dense(t, count, t->width, from, scratch);
            scatter(t, group, first, count, scratch, dx);
        }
}

void nr_transposed_run(const nr_transposed *t, size_t rows, const float *dy, float *dx,
                       float *scratch) {
    nr_back_args args = {.rows = rows,
                         .in = t->in,
                         .out = t->out,
                         .window = t->window,
                         .dy = dy,
                         .weight = t->weight,
                         .dx = dx};
    switch (t->form) {
    case DENSE: run_dense(t, rows, t->in.c, dy, dx); break;
    case AS_CONV: run_conv(t, rows, dy, dx, scratch); break;
    case SCATTERED: run_scattered(t, rows, dy, dx, scratch); break;
    case IN_CHANNELS: nr_back_fast.conv(&args); break;
    }
}
