/* Every operator as its definition reads. Slow, and what the fast kernels are held
 * against. */
#include <math.h>

#include "kernels_private.h"

static size_t no_scratch(const nr_kernels *self, nr_shape in, nr_shape out,
                         const nr_window *window) {
    (void)self, (void)in, (void)out, (void)window;
    return 0;
}

/* Index of input pixel (y, x) of a row, or -1 for padding. oy, ox: output pixel. */
static ptrdiff_t tap(const nr_window_args *a, size_t oy, size_t ox, size_t ky,
                     size_t kx) {
    ptrdiff_t y = (ptrdiff_t)(oy * a->window.stride_h + ky * a->window.dilation_h) -
                  (ptrdiff_t)a->window.pad_top;
    ptrdiff_t x = (ptrdiff_t)(ox * a->window.stride_w + kx * a->window.dilation_w) -
                  (ptrdiff_t)a->window.pad_left;
    if (y < 0 || x < 0 || y >= (ptrdiff_t)a->in.h || x >= (ptrdiff_t)a->in.w) return -1;
    return y * (ptrdiff_t)a->in.w + x;
}

static float *output_at(const nr_window_args *a, size_t r, size_t oy, size_t ox,
                        size_t c) {
    return a->y + ((r * a->out.h + oy) * a->out.w + ox) * a->out.c + c;
}

static const float *row_at(const nr_window_args *a, size_t r) {
    return a->x + r * a->in.h * a->in.w * a->in.c;
}

static void conv(const nr_kernels *self, const nr_window_args *a) {
    (void)self;
    size_t c_in = a->in.c / a->window.group, per_group = a->out.c / a->window.group;
    FOR_OUTPUT(a) {
        float sum = a->bias ? a->bias[c] : 0;
        FOR_TAPS(a) {
            ptrdiff_t pixel = tap(a, oy, ox, ky, kx);
            if (pixel < 0) continue;
            const float *x =
                row_at(a, r) + (size_t)pixel * a->in.c + c / per_group * c_in;
            const float *w =
                a->weight + (ky * a->window.kernel_w + kx) * c_in * a->out.c + c;
            for (size_t i = 0; i < c_in; i++) sum += x[i] * w[i * a->out.c];
        }
        *output_at(a, r, oy, ox, c) = sum;
    }
}

static void conv_channels(const nr_kernels *self, const nr_window_args *a,
                          const uint32_t *channels, size_t n_channels) {
    (void)self;
    size_t c_in = a->in.c / a->window.group, per_group = a->out.c / a->window.group;
    FOR_OUTPUT(a) {
        float sum = 0;
        for (size_t i = 0; i < n_channels; i++) {
            if (channels[i] / c_in != c / per_group) continue;
            FOR_TAPS(a) {
                ptrdiff_t pixel = tap(a, oy, ox, ky, kx);
                if (pixel < 0) continue;
                size_t k = (ky * a->window.kernel_w + kx) * c_in + channels[i] % c_in;
                sum += row_at(a, r)[(size_t)pixel * a->in.c + channels[i]] *
                       a->weight[k * a->out.c + c];
            }
        }
        *output_at(a, r, oy, ox, c) += sum;
    }
}

static void dense(const nr_kernels *self, const nr_dense_args *a) {
    (void)self;
    for (size_t r = 0; r < a->rows; r++)
        for (size_t j = 0; j < a->n; j++) {
            float sum = a->bias ? a->bias[j] : 0;
            for (size_t i = 0; i < a->k; i++)
                sum += a->x[r * a->k + i] * a->weight[i * a->n + j];
            a->y[r * a->n + j] = sum;
        }
}

static void max_pool(const nr_window_args *a) {
    FOR_OUTPUT(a) {
        float best = -INFINITY;
        FOR_TAPS(a) {
            ptrdiff_t pixel = tap(a, oy, ox, ky, kx);
            if (pixel < 0) continue;
            float x = row_at(a, r)[(size_t)pixel * a->in.c + c];
            if (x > best || isnan(x)) best = x; /* NaN stays */
        }
        *output_at(a, r, oy, ox, c) = best;
    }
}

/* Taps that count in the divisor of output (oy, ox): those on the image, or, when
 * padding counts, those on image and padding; never those of a partial last window. */
static float divisor(const nr_window_args *a, size_t oy, size_t ox) {
    size_t count = 0;
    size_t high = a->in.h + a->window.pad_top + a->window.pad_bottom;
    size_t wide = a->in.w + a->window.pad_left + a->window.pad_right;
    FOR_TAPS(a) {
        size_t y = oy * a->window.stride_h + ky * a->window.dilation_h;
        size_t x = ox * a->window.stride_w + kx * a->window.dilation_w;
        if (a->window.count_padding) count += y < high && x < wide;
        else count += tap(a, oy, ox, ky, kx) >= 0;
    }
    return (float)count;
}

static void avg_pool(const nr_window_args *a) {
    FOR_OUTPUT(a) {
        float sum = 0;
        FOR_TAPS(a) {
            ptrdiff_t pixel = tap(a, oy, ox, ky, kx);
            if (pixel >= 0) sum += row_at(a, r)[(size_t)pixel * a->in.c + c];
        }
        *output_at(a, r, oy, ox, c) = sum / divisor(a, oy, ox);
    }
}

static void global_avg_pool(const nr_window_args *a) {
    size_t pixels = (size_t)a->in.h * a->in.w;
    FOR_OUTPUT(a) {
        float sum = 0;
        for (size_t p = 0; p < pixels; p++) sum += row_at(a, r)[p * a->in.c + c];
        *output_at(a, r, oy, ox, c) = sum / (float)pixels;
    }
}

static void affine(size_t n, size_t c, const float *x, const float *scale,
                   const float *shift, float *y) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < c; k++)
            y[i * c + k] = x[i * c + k] * scale[k] + (shift ? shift[k] : 0);
}

static void pointwise(nr_op op, float low, float high, size_t n, const float *x,
                      float *y) {
    for (size_t i = 0; i < n; i++) {
        float v = x[i];
        switch (op) {
        case NR_OP_RELU: y[i] = v < 0 ? 0 : v; break;
        case NR_OP_LEAKY_RELU: y[i] = v < 0 ? low * v : v; break;
        case NR_OP_CLIP: y[i] = v < low ? low : v > high ? high : v; break;
        default: y[i] = 1 / (1 + expf(-v)); break;
        }
    }
}

static void log_likelihood(const nr_kernels *self, size_t rows, size_t classes,
                           const float *logits, const uint32_t *labels,
                           double *values) {
    (void)self;
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * classes;
        double top = l[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = l[c] > top ? l[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp(l[c] - top);
        values[r] = l[labels[r]] - top - log(sum);
    }
}

const nr_kernels nr_kernels_reference = {
    .name = "reference",
    .plain = true,
    .conv_scratch = no_scratch,
    .conv = conv,
    .dense = dense,
    .max_pool = max_pool,
    .avg_pool = avg_pool,
    .global_avg_pool = global_avg_pool,
    .affine = affine,
    .pointwise = pointwise,
    .conv_channels = conv_channels,
    .log_likelihood = log_likelihood,
};
