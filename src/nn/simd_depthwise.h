/* Convolutions of each channel by itself; a part of simd_*.c. Channels are the lanes;
 * an output pixel's sum stays in a register while the taps that fall on the image pass.
 */
#ifndef NEURANK_NN_SIMD_DEPTHWISE_H
#define NEURANK_NN_SIMD_DEPTHWISE_H

#include "kernels_private.h"
#include "simd_product.h"

/* n <= LANES channels from `channel` on, of one row. */
INLINE void depthwise_channels(const nr_window_args *a, size_t row, size_t channel,
                               size_t n) {
    size_t c = a->in.c;
    float *out = a->y + row * nr_shape_size(a->out) + channel;
    vec bias = a->bias ? load_n(a->bias + channel, n) : (vec){0};
    for (size_t oy = 0; oy < a->out.h; oy++) {
        nr_taps rows = nr_taps_of_row(a, oy);
        for (size_t ox = 0; ox < a->out.w; ox++, out += c) {
            nr_taps columns = nr_taps_of_column(a, ox);
            vec sum = {0};
            FOR_TAPS_ON_IMAGE(rows, columns) {
                const float *weight = a->weight + (ky * a->window.kernel_w + kx) * c;
                sum += load_n(nr_tap_at(a, row, oy, ox, ky, kx) + channel, n) *
                       load_n(weight + channel, n);
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
