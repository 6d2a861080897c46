/* Convolutions of each channel by itself. */
#include <string.h>

#include "fast.h"

bool nr_is_depthwise(nr_shape in, nr_shape out, const nr_window *window) {
    return window->group == in.c && out.c == in.c;
}

/* Range of output positions whose tap `t` falls on the image. */
static void tap_range(size_t out, size_t in, size_t stride, size_t offset, size_t pad,
                      size_t *from, size_t *to) {
    *from = offset >= pad ? 0 : (pad - offset + stride - 1) / stride;
    size_t limit = in + pad > offset ? (in + pad - offset + stride - 1) / stride : 0;
    *to = limit < out ? limit : out;
}

NR_CLONES static void convolve(const nr_window_args *a) {
    const nr_window *w = &a->window;
    size_t c = a->in.c;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t ky = 0; ky < w->kernel_h; ky++)
            for (size_t kx = 0; kx < w->kernel_w; kx++) {
                const float *weight = a->weight + (ky * w->kernel_w + kx) * c;
                size_t y0, y1, x0, x1, dy = ky * w->dilation_h, dx = kx * w->dilation_w;
                tap_range(a->out.h, a->in.h, w->stride_h, dy, w->pad_top, &y0, &y1);
                tap_range(a->out.w, a->in.w, w->stride_w, dx, w->pad_left, &x0, &x1);
                for (size_t y = y0; y < y1; y++)
                    for (size_t x = x0; x < x1; x++) {
                        size_t iy = y * w->stride_h + dy - w->pad_top;
                        size_t ix = x * w->stride_w + dx - w->pad_left;
                        const float *in =
                            a->x + ((r * a->in.h + iy) * a->in.w + ix) * c;
                        float *out = a->y + ((r * a->out.h + y) * a->out.w + x) * c;
                        for (size_t i = 0; i < c; i++) out[i] += in[i] * weight[i];
                    }
            }
}

void nr_fast_depthwise(const nr_window_args *a) {
    size_t c = a->out.c, pixels = a->rows * a->out.h * a->out.w;
    for (size_t p = 0; p < pixels; p++)
        if (a->bias) memcpy(a->y + p * c, a->bias, c * sizeof *a->y);
        else memset(a->y + p * c, 0, c * sizeof *a->y);
    convolve(a);
}
