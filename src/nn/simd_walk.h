/* What a step of a walk costs where the suffix is short; a part of simd_*.c. */
#ifndef NEURANK_NN_SIMD_WALK_H
#define NEURANK_NN_SIMD_WALK_H

#include <math.h>

#include "simd.h"
#include "simd_vector.h"

/* ---- sums over lanes ---- */

/* One level of lane_sums: every two of n vectors become one with half as many partial
 * sums of each. LOW and HIGH pick the halves of their lanes that are added. */
#define DEFINE_LEVEL(NAME, LOW, HIGH)                                                  \
    INLINE int NAME(vec *v, int n) {                                                   \
        _Pragma("GCC unroll 16") for (int k = 0; k < (n + 1) / 2; k++) {               \
            vec a = v[2 * k], b = 2 * k + 1 < n ? v[2 * k + 1] : a;                    \
            v[k] = (LOW) + (HIGH);                                                     \
        }                                                                              \
        return (n + 1) / 2;                                                            \
    }
#define PICK(...) __builtin_shufflevector(a, b, __VA_ARGS__)

#if defined(__AVX512F__)
DEFINE_LEVEL(add_singles,
             PICK(0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29),
             PICK(2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31))
DEFINE_LEVEL(add_pairs, PICK(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
             PICK(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
DEFINE_LEVEL(add_quads, PICK(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),
             PICK(4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#else
DEFINE_LEVEL(add_singles, PICK(0, 8, 1, 9, 4, 12, 5, 13),
             PICK(2, 10, 3, 11, 6, 14, 7, 15))
DEFINE_LEVEL(add_pairs, PICK(0, 1, 8, 9, 4, 5, 12, 13),
             PICK(2, 3, 10, 11, 6, 7, 14, 15))
DEFINE_LEVEL(add_quads, PICK(0, 1, 2, 3, 8, 9, 10, 11),
             PICK(4, 5, 6, 7, 12, 13, 14, 15))
#endif

/* Sums over the lanes of v[0], v[1], ..., v[n - 1] into the lanes of v[0], v[1], ...,
 * in order. */
INLINE void lane_sums(vec *v, int n) {
    n = add_singles(v, n);
    n = add_pairs(v, n);
#if defined(__AVX512F__)
    n = add_quads(v, n);
#endif
    add_quads(v, n);
}

/* ---- one step: z += d; logits of clamp(z) and of clamp(ends - z) ---- */

/* [features / LANES] blocks of [classes][LANES], zeros behind the last feature */
static size_t walk_packed_size(size_t features, size_t classes) {
    return (features + LANES - 1) / LANES * LANES * classes;
}

/* weight [features, classes] */
static void walk_pack(size_t features, size_t classes, const float *weight,
                      float *packed) {
    memset(packed, 0, walk_packed_size(features, classes) * sizeof *packed);
    for (size_t i = 0; i < features; i++)
        for (size_t k = 0; k < classes; k++)
            packed[i / LANES * LANES * classes + k * LANES + i % LANES] =
                weight[i * classes + k];
}

/* A bound costs an instruction that competes with the products: an upper one is left
 * out where there is none. */
typedef struct {
    vec low, high;
    bool bounded; /* above */
} clamping;

INLINE vec clamp_to(vec v, const clamping *to) {
    v = max_of(v, to->low);
    return to->bounded ? min_of(v, to->high) : v;
}

/* n <= LANES features from `at` on. */
INLINE void step_features(const nr_walk_args *a, const float *delta, vec scale,
                          size_t at, size_t n, int classes, const clamping *to,
                          vec *sums) {
    vec z = load_n(a->current + at, n) + scale * load_n(delta + at, n);
    vec other = load_n(a->ends + at, n) - z;
    store_n(a->current + at, z, n);
    vec prefix = clamp_to(z, to), complement = clamp_to(other, to);
    const float *w = a->packed + at * (size_t)classes;
#pragma GCC unroll 16
    for (int k = 0; k < classes; k++) {
        vec weight = load(w + k * LANES);
        KEEP(weight); /* one load for both products */
        sums[k] += prefix * weight;
        sums[classes + k] += complement * weight;
    }
}

INLINE void walk_step(const nr_walk_args *a, size_t step, int classes, bool bounded) {
    vec sums[2 * NR_WALK_CLASSES_MAX]; /* prefix, then complement */
    const clamping clamp = {splat(a->low), splat(a->high), bounded};
    vec scale = splat(a->scales[step]);
    const float *delta = a->deltas[step];
    size_t i = 0;
#pragma GCC unroll 24
    for (int k = 0; k < 2 * classes; k++) sums[k] = (vec){0};
    for (; i + LANES <= a->features; i += LANES)
        step_features(a, delta, scale, i, LANES, classes, &clamp, sums);
    if (i < a->features)
        step_features(a, delta, scale, i, a->features - i, classes, &clamp, sums);
    lane_sums(sums, 2 * classes);
    float logits[2 * NR_WALK_CLASSES_MAX + LANES];
    for (int k = 0; k * LANES < 2 * classes; k++) store(logits + k * LANES, sums[k]);
    float *prefix = a->prefix + step * a->stride;
    float *complement = a->complement + step * a->stride;
    for (int k = 0; k < classes; k++) {
        int to = k + (k >= (int)a->skip);
        prefix[to] = a->bias[k] + logits[k];
        complement[to] = a->bias[k] + logits[classes + k];
    }
}

#define DEFINE_WALK(CLASSES)                                                           \
    static void walk_##CLASSES(const nr_walk_args *a) {                                \
        if (a->high < INFINITY)                                                        \
            for (size_t s = 0; s < a->steps; s++) walk_step(a, s, CLASSES, true);      \
        else                                                                           \
            for (size_t s = 0; s < a->steps; s++) walk_step(a, s, CLASSES, false);     \
    }
DEFINE_WALK(1)
DEFINE_WALK(2)
DEFINE_WALK(3)
DEFINE_WALK(4)
DEFINE_WALK(5)
DEFINE_WALK(6)
DEFINE_WALK(7)
DEFINE_WALK(8)
DEFINE_WALK(9)
DEFINE_WALK(10)
DEFINE_WALK(11)
DEFINE_WALK(12)

static void walk(const nr_walk_args *a) {
    static void (*const walks[])(const nr_walk_args *) = {
        walk_1, walk_2, walk_3, walk_4,  walk_5,  walk_6,
        walk_7, walk_8, walk_9, walk_10, walk_11, walk_12};
    walks[a->classes - NR_WALK_CLASSES_MIN](a);
}

/* ---- sums of a few rows ---- */

/* y [n] += sum of values[k] * rows[k], VECTORS vectors at a time in registers. */
INLINE void combine_columns(size_t count, const float *values, const float *const *rows,
                            size_t at, int vectors, float *y) {
    vec sum[8];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) sum[v] = load(y + at + (size_t)v * LANES);
    for (size_t k = 0; k < count; k++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sum[v] += values[k] * load(rows[k] + at + (size_t)v * LANES);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) store(y + at + (size_t)v * LANES, sum[v]);
}

static void combine(size_t n, size_t count, const float *values,
                    const float *const *rows, float *y) {
    size_t at = 0;
    for (; at + 8 * LANES <= n; at += 8 * LANES)
        combine_columns(count, values, rows, at, 8, y);
    for (; at + 2 * LANES <= n; at += 2 * LANES)
        combine_columns(count, values, rows, at, 2, y);
    for (; at < n; at += LANES) {
        size_t width = n - at < LANES ? n - at : LANES;
        vec sum = load_n(y + at, width);
        for (size_t k = 0; k < count; k++)
            sum += values[k] * load_n(rows[k] + at, width);
        store_n(y + at, sum, width);
    }
}

/* ---- softmax cross-entropy, rows in lanes ---- */

INLINE vec gather(const float *base, vec_i places) {
#if defined(__AVX512F__)
    return (vec)_mm512_i32gather_ps((__m512i)places, base, 4);
#else
    return (vec)_mm256_i32gather_ps(base, (__m256i)places, 4);
#endif
}

/* exp(x) for x <= 0, relative error below 2e-7: 2^n by the exponent's bits times a
 * polynomial on |r| <= ln 2 / 2. Below -87 it is 0; NaN stays. */
INLINE vec exp_negative(vec x) {
    const vec round =
        splat(12582912.0F); /* 1.5 * 2^23: adding it rounds to an integer */
    vec floor = max_of(x, splat(-87.0F));
    vec shifted = floor * 1.44269504F + round, n = shifted - round;
    vec r = (floor - n * 0.693359375F) + n * 2.12194440e-4F;
    vec p = splat(1.0F / 5040);
    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    vec_i power = ((vec_i)shifted - 0x4B400000 + 127) << 23;
    return choose(x <= splat(-87.0F), (vec){0}, p * (vec)power);
}

/* ln(x) for 1 <= x < 2^24, error below 1e-7 (absolute, or relative if that is more):
 * x = 2^n m, sqrt(1/2) <= m < sqrt(2), and with s = (m - 1) / (m + 1),
 * ln m = 2 (s + s^3/3 + s^5/5 + ...). */
INLINE vec log_positive(vec x) {
    vec_i bits = (vec_i)x, n = (bits - 0x3F3504F3) >> 23; /* bits of sqrt(1/2) */
    vec m = (vec)(bits - (n << 23));
    vec s = (m - 1.0F) / (m + 1.0F), s2 = s * s;
    vec p = splat(2.0F / 9);
    p = p * s2 + 2.0F / 7;
    p = p * s2 + 2.0F / 5;
    p = p * s2 + 2.0F / 3;
    vec exponent = __builtin_convertvector(n, vec);
    vec log = exponent * 0.693147181F + (s * 2.0F + s * s2 * p);
    return choose(x == x, log, x); /* NaN stays */
}

/* Logits are gathered once: this many classes stay at hand. */
enum { CLASSES_AT_HAND = 32 };

static void log_likelihood(size_t rows, size_t classes, const float *logits,
                           const uint32_t *labels, double *values) {
    float ends[LANES], tops[LANES];
    vec at_hand[CLASSES_AT_HAND];
    for (size_t first = 0; first < rows; first += LANES) {
        size_t count = rows - first < LANES ? rows - first : LANES;
        const float *l = logits + first * classes;
        vec_i places = {0};
        for (size_t r = 0; r < count; r++) places[r] = (int32_t)(r * classes);
        vec top = gather(l, places), sum = {0};
        for (size_t c = 0; c < classes; c++) {
            vec v = gather(l + c, places);
            if (c < CLASSES_AT_HAND) at_hand[c] = v;
            top = choose(v > top, v, top);
        }
        for (size_t c = 0; c < classes; c++)
            sum += exp_negative(
                (c < CLASSES_AT_HAND ? at_hand[c] : gather(l + c, places)) - top);
        store(ends, log_positive(sum));
        store(tops, top);
        for (size_t r = 0; r < count; r++)
            values[first + r] =
                (double)l[r * classes + labels[first + r]] - tops[r] - ends[r];
    }
}

#endif
