/* Every gradient as its definition reads: each output hands its gradient back to what
 * it read. */
#include <math.h>
#include <string.h>

#include "backward_kernels.h"
#include "kernels_private.h"

/* Index of the input pixel that a tap reads, within all rows; false for padding. */
static bool pixel_of(const nr_back_args *a, size_t r, size_t oy, size_t ox, size_t ky,
                     size_t kx, size_t *pixel) {
    const nr_window *w = &a->window;
    size_t y = oy * w->stride_h + ky * w->dilation_h;
    size_t x = ox * w->stride_w + kx * w->dilation_w;
    if (y < w->pad_top || x < w->pad_left) return false;
    y -= w->pad_top;
    x -= w->pad_left;
    *pixel = (r * a->in.h + y) * a->in.w + x;
    return y < a->in.h && x < a->in.w;
}

static size_t output_at(const nr_back_args *a, size_t r, size_t oy, size_t ox,
                        size_t c) {
    return ((r * a->out.h + oy) * a->out.w + ox) * a->out.c + c;
}

static void clear(const nr_back_args *a) {
    memset(a->dx, 0, a->rows * nr_shape_size(a->in) * sizeof *a->dx);
}

static void conv(const nr_back_args *a) {
    size_t c_in = a->in.c / a->window.group, per_group = a->out.c / a->window.group;
    size_t pixel;
    clear(a);
    FOR_OUTPUT(a) {
        float dy = a->dy[output_at(a, r, oy, ox, c)];
        FOR_TAPS(a) {
            if (!pixel_of(a, r, oy, ox, ky, kx, &pixel)) continue;
            float *dx = a->dx + pixel * a->in.c + c / per_group * c_in;
            const float *w =
                a->weight + (ky * a->window.kernel_w + kx) * c_in * a->out.c + c;
            for (size_t i = 0; i < c_in; i++) dx[i] += dy * w[i * a->out.c];
        }
    }
}

static void max_pool(const nr_back_args *a) {
    size_t pixel;
    clear(a);
    FOR_OUTPUT(a) {
        float best = -INFINITY;
        size_t at = SIZE_MAX;
        FOR_TAPS(a) {
            if (!pixel_of(a, r, oy, ox, ky, kx, &pixel)) continue;
            float x = a->x[pixel * a->in.c + c];
            if (at != SIZE_MAX && !(x > best)) continue;
            best = x;
            at = pixel * a->in.c + c;
        }
        if (at != SIZE_MAX) a->dx[at] += a->dy[output_at(a, r, oy, ox, c)];
    }
}

static void avg_pool(const nr_back_args *a) {
    size_t pixel;
    clear(a);
    FOR_OUTPUT(a) {
        float share = a->dy[output_at(a, r, oy, ox, c)] /
                      nr_avg_pool_divisor(&a->in, &a->window, oy, ox);
        FOR_TAPS(a)
        if (pixel_of(a, r, oy, ox, ky, kx, &pixel)) a->dx[pixel * a->in.c + c] += share;
    }
}

static void global_avg_pool(const nr_back_args *a) {
    size_t pixels = (size_t)a->in.h * a->in.w, c = a->in.c;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t i = 0; i < c; i++)
                a->dx[(r * pixels + p) * c + i] = a->dy[r * c + i] / (float)pixels;
}

static void pointwise(nr_op op, float low, float high, size_t n, const float *known,
                      const float *dy, float *dx) {
    for (size_t i = 0; i < n; i++) {
        float v = known[i];
        switch (op) {
        case NR_OP_RELU: dx[i] = v > 0 ? dy[i] : 0; break;
        case NR_OP_LEAKY_RELU: dx[i] = v > 0 ? dy[i] : low * dy[i]; break;
        case NR_OP_CLIP: dx[i] = v > low && v < high ? dy[i] : 0; break;
        default: dx[i] = dy[i] * v * (1 - v); break;
        }
    }
}

const nr_back_kernels nr_back_reference = {.conv = conv,
                                           .max_pool = max_pool,
                                           .avg_pool = avg_pool,
                                           .global_avg_pool = global_avg_pool,
                                           .pointwise = pointwise};
