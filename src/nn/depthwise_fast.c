/* Convolutions of each channel by itself, where there are no vector kernels. */
#include <string.h>

#include "kernels_private.h"

bool nr_is_depthwise(nr_shape in, nr_shape out, const nr_window *window) {
    return window->group == in.c && out.c == in.c;
}

NR_CLONES static void convolve_pixel(const nr_window_args *a, size_t row, size_t oy,
                                     size_t ox, float *restrict y) {
    size_t c = a->in.c;
    nr_taps rows = nr_taps_of_row(a, oy), columns = nr_taps_of_column(a, ox);
    FOR_TAPS_ON_IMAGE(rows, columns) {
        const float *restrict x = nr_tap_at(a, row, oy, ox, ky, kx);
        const float *restrict weight = a->weight + (ky * a->window.kernel_w + kx) * c;
        for (size_t i = 0; i < c; i++) y[i] += x[i] * weight[i];
    }
}

void nr_fast_depthwise(const nr_window_args *a) {
    size_t c = a->out.c;
    float *y = a->y;
    for (size_t row = 0; row < a->rows; row++)
        for (size_t oy = 0; oy < a->out.h; oy++)
            for (size_t ox = 0; ox < a->out.w; ox++, y += c) {
                if (a->bias) memcpy(y, a->bias, c * sizeof *y);
                else memset(y, 0, c * sizeof *y);
                convolve_pixel(a, row, oy, ox, y);
            }
}
