/* Convolutions of each channel by itself; a part of simd_*.c. Channels are the lanes;
 * an output pixel's sum stays in a register while the taps that fall on the image pass.
 */
#ifndef NEURANK_NN_SIMD_DEPTHWISE_H
#define NEURANK_NN_SIMD_DEPTHWISE_H

#include "simd_product.h"

/* Taps [first, last) of one dimension that fall on the image, for output position `at`.
 */
typedef struct {
    size_t first, last;
} tap_range;

INLINE tap_range taps_on_image(size_t at, size_t stride, size_t dilation, size_t kernel,
                               size_t pad, size_t size) {
    size_t start = at * stride;
    tap_range t = {0, kernel};
    while (t.first < kernel && start + t.first * dilation < pad) t.first++;
    while (t.last > t.first && start + (t.last - 1) * dilation >= pad + size) t.last--;
    return t;
}

/* n <= LANES channels from `channel` on, of one row. */
INLINE void depthwise_channels(const nr_window_args *a, size_t row, size_t channel,
                               size_t n) {
    const nr_window *w = &a->window;
    size_t c = a->in.c;
    const float *image = a->x + row * a->in.h * a->in.w * c + channel;
    float *out = a->y + row * a->out.h * a->out.w * c + channel;
    vec bias = a->bias ? load_n(a->bias + channel, n) : (vec){0};
    for (size_t oy = 0; oy < a->out.h; oy++) {
        tap_range ty = taps_on_image(oy, w->stride_h, w->dilation_h, w->kernel_h,
                                     w->pad_top, a->in.h);
        for (size_t ox = 0; ox < a->out.w; ox++, out += c) {
            tap_range tx = taps_on_image(ox, w->stride_w, w->dilation_w, w->kernel_w,
                                         w->pad_left, a->in.w);
            vec sum = {0};
            for (size_t ky = ty.first; ky < ty.last; ky++)
                for (size_t kx = tx.first; kx < tx.last; kx++) {
                    size_t iy = oy * w->stride_h + ky * w->dilation_h - w->pad_top;
                    size_t ix = ox * w->stride_w + kx * w->dilation_w - w->pad_left;
                    sum += load_n(image + (iy * a->in.w + ix) * c, n) *
                           load_n(a->weight + (ky * w->kernel_w + kx) * c + channel, n);
                }
            store_n(out, finish_vector(sum, bias, &a->post), n);
        }
    }
}

static void depthwise(const nr_window_args *a) {
    for (size_t row = 0; row < a->rows; row++) {
        size_t channel = 0;
        for (; channel + LANES <= a->in.c; channel += LANES)
            depthwise_channels(a, row, channel, LANES);
        if (channel < a->in.c) depthwise_channels(a, row, channel, a->in.c - channel);
    }
}

#endif
