/* The kernels a run uses: products through simd.h or OpenBLAS (products_fast.c),
 * everything else as loops over channels that the compiler turns into vectors, one
 * clone per instruction set, chosen when the program starts. */
#include <math.h>
#include <string.h>

#include "fast.h"
#include "simd.h"

/* ---- pools: for each output pixel, a loop over taps of a loop over channels ---- */

typedef struct {
    size_t y0, y1, x0, x1; /* taps on the image */
} taps;

static taps taps_of(const nr_window_args *a, size_t oy, size_t ox) {
    const nr_window *w = &a->window;
    taps t = {w->kernel_h, 0, w->kernel_w, 0};
    for (size_t ky = 0; ky < w->kernel_h; ky++) {
        size_t y = oy * w->stride_h + ky * w->dilation_h;
        if (y < w->pad_top || y - w->pad_top >= a->in.h) continue;
        if (ky < t.y0) t.y0 = ky;
        t.y1 = ky + 1;
    }
    for (size_t kx = 0; kx < w->kernel_w; kx++) {
        size_t x = ox * w->stride_w + kx * w->dilation_w;
        if (x < w->pad_left || x - w->pad_left >= a->in.w) continue;
        if (kx < t.x0) t.x0 = kx;
        t.x1 = kx + 1;
    }
    return t;
}

static const float *tap_at(const nr_window_args *a, size_t r, size_t oy, size_t ox,
                           size_t ky, size_t kx) {
    size_t y = oy * a->window.stride_h + ky * a->window.dilation_h - a->window.pad_top;
    size_t x = ox * a->window.stride_w + kx * a->window.dilation_w - a->window.pad_left;
    return a->x + ((r * a->in.h + y) * a->in.w + x) * a->in.c;
}

#define FOR_PIXELS(a)                                                                  \
    for (size_t r = 0; r < (a)->rows; r++)                                             \
        for (size_t oy = 0; oy < (a)->out.h; oy++)                                     \
            for (size_t ox = 0; ox < (a)->out.w; ox++)

NR_CLONES static void max_pool(const nr_window_args *a) {
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        taps t = taps_of(a, oy, ox);
        for (size_t i = 0; i < c; i++) y[i] = -INFINITY;
        for (size_t ky = t.y0; ky < t.y1; ky++)
            for (size_t kx = t.x0; kx < t.x1; kx++) {
                const float *restrict x = tap_at(a, r, oy, ox, ky, kx);
                /* NaN stays */
                for (size_t i = 0; i < c; i++)
                    y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
            }
    }
}

/* How many taps from the first one on lie inside image and padding. */
static size_t inside(size_t first, size_t step, size_t count, size_t limit) {
    size_t n = 0;
    while (n < count && first + n * step < limit) n++;
    return n;
}

NR_CLONES static void avg_pool(const nr_window_args *a) {
    const nr_window *w = &a->window;
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        taps t = taps_of(a, oy, ox);
        size_t count = (t.y1 - t.y0) * (t.x1 - t.x0);
        if (w->count_padding)
            count = inside(oy * w->stride_h, w->dilation_h, w->kernel_h,
                           a->in.h + w->pad_top + w->pad_bottom) *
                    inside(ox * w->stride_w, w->dilation_w, w->kernel_w,
                           a->in.w + w->pad_left + w->pad_right);
        float scale = 1 / (float)count;
        memset(y, 0, c * sizeof *y);
        for (size_t ky = t.y0; ky < t.y1; ky++)
            for (size_t kx = t.x0; kx < t.x1; kx++) {
                const float *restrict x = tap_at(a, r, oy, ox, ky, kx);
                for (size_t i = 0; i < c; i++) y[i] += x[i];
            }
        for (size_t i = 0; i < c; i++) y[i] *= scale;
    }
}

NR_CLONES static void global_avg_pool(const nr_window_args *a) {
    size_t c = a->in.c, pixels = (size_t)a->in.h * a->in.w;
    float scale = 1 / (float)pixels;
    for (size_t r = 0; r < a->rows; r++) {
        const float *restrict x = a->x + r * pixels * c;
        float *restrict y = a->y + r * c;
        memset(y, 0, c * sizeof *y);
        for (size_t p = 0; p < pixels; p++)
            for (size_t i = 0; i < c; i++) y[i] += x[p * c + i];
        for (size_t i = 0; i < c; i++) y[i] *= scale;
    }
}

NR_CLONES static void affine(size_t n, size_t c, const float *x, const float *scale,
                             const float *shift, float *y) {
    for (size_t i = 0; i < n; i++)
        if (shift)
            for (size_t k = 0; k < c; k++)
                y[i * c + k] = x[i * c + k] * scale[k] + shift[k];
        else
            for (size_t k = 0; k < c; k++) y[i * c + k] = x[i * c + k] * scale[k];
}

/* exp(x) for x <= 0, relative error below 2e-7: 2^n by the exponent's bits times a
 * polynomial on |r| <= ln 2 / 2. Underflow gives 0; x is at least -87 there. */
static inline float exp_negative(float x) {
    const float log2e = 1.44269504F, ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    const float round = 12582912.0F; /* 1.5 * 2^23: adding it rounds to an integer */
    float floor = x > -87.0F ? x : -87.0F;
    float n = floor * log2e + round;
    union {
        float f;
        int32_t i;
    } bits = {.f = n}, power;
    n -= round;
    float r = (floor - n * ln2_high) - n * ln2_low;
    float p = 1.0F / 5040;
    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    power.i = (bits.i - 0x4B400000 + 127) * (1 << 23);
    float value = p * power.f;
    return x > -87.0F ? value : (x <= -87.0F ? 0.0F : x); /* NaN stays NaN */
}

NR_CLONES static void pointwise(nr_op op, float low, float high, size_t n,
                                const float *x, float *y) {
    switch (op) {
    case NR_OP_RELU:
        for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
        break;
    case NR_OP_LEAKY_RELU:
        for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? low * x[i] : x[i];
        break;
    case NR_OP_CLIP:
        for (size_t i = 0; i < n; i++) {
            float v = x[i] < low ? low : x[i];
            y[i] = v > high ? high : v;
        }
        break;
    default:
        for (size_t i = 0; i < n; i++) {
            float e = exp_negative(x[i] < 0 ? x[i] : -x[i]); /* of -|x| */
            float small = e / (1 + e);
            y[i] = x[i] < 0 ? small : 1 - small;
        }
    }
}

NR_CLONES static void log_likelihood_portable(size_t rows, size_t classes,
                                              const float *logits,
                                              const uint32_t *labels, double *values) {
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * classes;
        float top = l[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = l[c] > top ? l[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp_negative(l[c] - top);
        values[r] = (double)l[labels[r]] - top - log((double)sum);
    }
}

static void log_likelihood(size_t rows, size_t classes, const float *logits,
                           const uint32_t *labels, double *values) {
    const nr_simd_set *simd = nr_simd();
    if (simd) simd->log_likelihood(rows, classes, logits, labels, values);
    else log_likelihood_portable(rows, classes, logits, labels, values);
}

/* ---- walks ---- */

static size_t walk_packed(size_t features, size_t classes) {
    const nr_simd_set *simd = nr_simd();
    bool fits = classes >= NR_WALK_CLASSES_MIN && classes <= NR_WALK_CLASSES_MAX;
    return simd && fits ? simd->walk_packed_size(features, classes) : 0;
}

static void walk_pack(size_t features, size_t classes, const float *weight,
                      float *packed) {
    nr_simd()->walk_pack(features, classes, weight, packed);
}

static void walk(const nr_walk_args *args) {
    nr_simd()->walk(args);
}

const nr_kernels nr_kernels_fast = {
    .name = "fast",
    .fuses = true,
    .conv_pools = nr_fast_conv_pools,
    .conv_scratch = nr_fast_conv_scratch,
    .conv_packed = nr_fast_conv_packed,
    .conv_pack = nr_fast_conv_pack,
    .conv = nr_fast_conv,
    .dense_packed = nr_fast_dense_packed,
    .dense_pack = nr_fast_dense_pack,
    .dense = nr_fast_dense,
    .max_pool = max_pool,
    .avg_pool = avg_pool,
    .global_avg_pool = global_avg_pool,
    .affine = affine,
    .pointwise = pointwise,
    .conv_channels = nr_fast_conv_channels,
    .log_likelihood = log_likelihood,
    .walk_packed = walk_packed,
    .walk_pack = walk_pack,
    .walk = walk,
};
