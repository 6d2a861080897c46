/* The same as loops over channels that the compiler turns into vectors. */
#include <math.h>
#include <string.h>

#include "backward_kernels.h"
#include "kernels_private.h"
#include "neurank/nn/backward.h"

/* The forward kernels' view of the windows; x: what a tap points into. */
static nr_window_args windows_of(const nr_back_args *a, const float *x) {
    return (nr_window_args){.in = a->in, .out = a->out, .window = a->window, .x = x};
}

static void clear(const nr_back_args *a) {
    memset(a->dx, 0, a->rows * nr_shape_size(a->in) * sizeof *a->dx);
}

static const float *gradient_at(const nr_back_args *a, size_t r, size_t oy, size_t ox) {
    return a->dy + ((r * a->out.h + oy) * a->out.w + ox) * a->out.c;
}

/* Where tap_at points into `from`, the same place of dx. */
static float *same_place(const nr_back_args *a, const float *from, const float *at) {
    return a->dx + (at - from);
}

NR_CLONES static void depthwise(const nr_back_args *a) {
    size_t c = a->in.c;
    nr_window_args w = windows_of(a, a->dx);
    clear(a);
    FOR_PIXELS(a) {
        const float *restrict dy = gradient_at(a, r, oy, ox);
        nr_taps rows = nr_taps_of_row(&w, oy), columns = nr_taps_of_column(&w, ox);
        FOR_TAPS_ON_IMAGE(rows, columns) {
            float *restrict dx = same_place(a, a->dx, nr_tap_at(&w, r, oy, ox, ky, kx));
            const float *restrict weight =
                a->weight + (ky * a->window.kernel_w + kx) * c;
            for (size_t i = 0; i < c; i++) dx[i] += dy[i] * weight[i];
        }
    }
}

enum { LANES = 64 }; /* channels at a time */

/* Channels [0, n) of one window. */
static inline void pool_window(const nr_window_args *w, const nr_back_args *a, size_t r,
                               size_t oy, size_t ox, size_t first, size_t n) {
    float best[LANES];
    uint32_t place[LANES];
    nr_taps rows = nr_taps_of_row(w, oy), columns = nr_taps_of_column(w, ox);
    uint32_t tap = 0;
    for (size_t i = 0; i < n; i++) {
        best[i] = -INFINITY;
        place[i] = 0;
    }
    FOR_TAPS_ON_IMAGE(rows, columns) {
        const float *restrict x = nr_tap_at(w, r, oy, ox, ky, kx) + first;
        for (size_t i = 0; i < n; i++) {
            place[i] = x[i] > best[i] ? tap : place[i];
            best[i] = x[i] > best[i] ? x[i] : best[i];
        }
        tap++;
    }
    const float *restrict dy = gradient_at(a, r, oy, ox) + first;
    tap = 0;
    FOR_TAPS_ON_IMAGE(rows, columns) {
        float *restrict dx =
            same_place(a, a->x, nr_tap_at(w, r, oy, ox, ky, kx)) + first;
        for (size_t i = 0; i < n; i++) dx[i] += place[i] == tap ? dy[i] : 0;
        tap++;
    }
}

NR_CLONES static void max_pool(const nr_back_args *a) {
    nr_window_args w = windows_of(a, a->x);
    clear(a);
    FOR_PIXELS(a)
    for (size_t first = 0; first < a->in.c; first += LANES) {
        size_t left = a->in.c - first;
        if (left >= LANES) pool_window(&w, a, r, oy, ox, first, LANES);
        else pool_window(&w, a, r, oy, ox, first, left);
    }
}

NR_CLONES static void avg_pool(const nr_back_args *a) {
    size_t c = a->in.c;
    nr_window_args w = windows_of(a, a->dx);
    clear(a);
    FOR_PIXELS(a) {
        const float *restrict dy = gradient_at(a, r, oy, ox);
        float scale = 1 / nr_avg_pool_divisor(&a->in, &a->window, oy, ox);
        nr_taps rows = nr_taps_of_row(&w, oy), columns = nr_taps_of_column(&w, ox);
        FOR_TAPS_ON_IMAGE(rows, columns) {
            float *restrict dx = same_place(a, a->dx, nr_tap_at(&w, r, oy, ox, ky, kx));
            for (size_t i = 0; i < c; i++) dx[i] += dy[i] * scale;
        }
    }
}

NR_CLONES static void global_avg_pool(const nr_back_args *a) {
    size_t pixels = (size_t)a->in.h * a->in.w, c = a->in.c;
    float scale = 1 / (float)pixels;
    for (size_t r = 0; r < a->rows; r++) {
        const float *restrict dy = a->dy + r * c;
        for (size_t p = 0; p < pixels; p++) {
            float *restrict dx = a->dx + (r * pixels + p) * c;
            for (size_t i = 0; i < c; i++) dx[i] = dy[i] * scale;
        }
    }
}

NR_CLONES static void pointwise(nr_op op, float low, float high, size_t n,
                                const float *restrict known, const float *restrict dy,
                                float *restrict dx) {
    switch (op) {
    case NR_OP_RELU:
        for (size_t i = 0; i < n; i++) dx[i] = known[i] > 0 ? dy[i] : 0;
        break;
    case NR_OP_LEAKY_RELU:
        for (size_t i = 0; i < n; i++) dx[i] = known[i] > 0 ? dy[i] : low * dy[i];
        break;
    case NR_OP_CLIP:
        for (size_t i = 0; i < n; i++)
            dx[i] = ((known[i] > low) & (known[i] < high)) ? dy[i] : 0;
        break;
    default:
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * known[i] * (1 - known[i]);
    }
}

NR_CLONES void nr_channel_products(size_t n, size_t c, const float *restrict x,
                                   const float *restrict centre,
                                   const float *restrict dy, double *restrict sums) {
    for (size_t i = 0; i < n; i++, x += c, dy += c)
        if (centre)
            for (size_t k = 0; k < c; k++)
                sums[k] += (double)(dy[k] * (x[k] - centre[k]));
        else
            for (size_t k = 0; k < c; k++) sums[k] += (double)(dy[k] * x[k]);
}

const nr_back_kernels nr_back_fast = {.conv = depthwise,
                                      .max_pool = max_pool,
                                      .avg_pool = avg_pool,
                                      .global_avg_pool = global_avg_pool,
                                      .pointwise = pointwise};
