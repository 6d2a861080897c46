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
    walks[a->classes - 1](a);
}

#endif
