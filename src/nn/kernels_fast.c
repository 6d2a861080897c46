/* The kernels a run uses: products through simd.h or OpenBLAS (products_fast.c),
 * everything else as loops over channels that the compiler turns into vectors, one
 * clone per instruction set, chosen when the program starts. */
#include <math.h>
#include <string.h>

#include "exp_terms.h"
#include "kernels_private.h"
#include "simd.h"

/* ---- pools: for each output pixel, a loop over taps of a loop over channels ---- */

NR_CLONES static void max_pool(const nr_window_args *a) {
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        nr_taps rows = nr_taps_of_row(a, oy), columns = nr_taps_of_column(a, ox);
        for (size_t i = 0; i < c; i++) y[i] = -INFINITY;
        FOR_TAPS_ON_IMAGE(rows, columns) {
            const float *restrict x = nr_tap_at(a, r, oy, ox, ky, kx);
            /* NaN stays */
            for (size_t i = 0; i < c; i++)
                y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
        }
    }
}

NR_CLONES static void avg_pool(const nr_window_args *a) {
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        nr_taps rows = nr_taps_of_row(a, oy), columns = nr_taps_of_column(a, ox);
        float scale = 1 / nr_avg_pool_divisor(&a->in, &a->window, oy, ox);
        memset(y, 0, c * sizeof *y);
        FOR_TAPS_ON_IMAGE(rows, columns) {
            const float *restrict x = nr_tap_at(a, r, oy, ox, ky, kx);
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

/* exp(x) for x <= 0; NaN stays. */
static inline float exp_negative(float x) {
    float floor = x > EXP_LOWEST ? x : EXP_LOWEST;
    float n = floor * LOG2_E + ROUNDING;
    union {
        float f;
        int32_t i;
    } bits = {.f = n}, power;
    n -= ROUNDING;
    float r = (floor - n * LN2_HIGH) - n * LN2_LOW;
    float p = EXP_FIRST_TERM;
    EXP_OTHER_TERMS(p, r);
    power.i = (bits.i - ROUNDING_BITS + 127) * (1 << 23);
    float value = p * power.f;
    return x > EXP_LOWEST ? value : (x <= EXP_LOWEST ? 0.0F : x);
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

static void log_likelihood(const nr_kernels *self, size_t rows, size_t classes,
                           const float *logits, const uint32_t *labels,
                           double *values) {
    if (self->simd) self->simd->log_likelihood(rows, classes, logits, labels, values);
    else log_likelihood_portable(rows, classes, logits, labels, values);
}

/* ---- walks ---- */

static size_t walk_packed(const nr_kernels *self, size_t features, size_t classes) {
    bool fits = classes >= 1 && classes <= NR_WALK_CLASSES_MAX;
    return self->simd && fits ? self->simd->walk_packed_size(features, classes) : 0;
}

static void walk_pack(const nr_kernels *self, size_t features, size_t classes,
                      const float *weight, float *packed) {
    self->simd->walk_pack(features, classes, weight, packed);
}

static void walk(const nr_kernels *self, const nr_walk_args *args) {
    self->simd->walk(args);
}

/* ---- the kinds ---- */

#define FAST_KERNELS(NAME, SIMD)                                                       \
    {                                                                                  \
        .name = (NAME), .simd = (SIMD), .conv_pools = nr_fast_conv_pools,              \
        .conv_scratch = nr_fast_conv_scratch, .conv_packed = nr_fast_conv_packed,      \
        .conv_pack = nr_fast_conv_pack, .conv = nr_fast_conv,                          \
        .dense_packed = nr_fast_dense_packed, .dense_pack = nr_fast_dense_pack,        \
        .dense = nr_fast_dense, .conv_channels = nr_fast_conv_channels,                \
        .log_likelihood = log_likelihood, .walk_packed = walk_packed,                  \
        .walk_pack = walk_pack, .walk = walk, .max_pool = max_pool,                    \
        .avg_pool = avg_pool, .global_avg_pool = global_avg_pool, .affine = affine,    \
        .pointwise = pointwise,                                                        \
    }

#if defined(__x86_64__)
const nr_kernels nr_kernels_avx512 = FAST_KERNELS("avx512", &nr_simd_avx512);
const nr_kernels nr_kernels_avx2 = FAST_KERNELS("avx2", &nr_simd_avx2);
#endif
const nr_kernels nr_kernels_blas = FAST_KERNELS("blas", NULL);
