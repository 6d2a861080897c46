/* Softmax cross-entropy, rows in lanes; a part of simd_*.c. */
#ifndef NEURANK_NN_SIMD_SCORE_H
#define NEURANK_NN_SIMD_SCORE_H

#include "exp_terms.h"
#include "simd.h"
#include "simd_vector.h"

INLINE vec gather(const float *base, vec_i places) {
#if defined(__AVX512F__)
#pragma GCC diagnostic push /* without optimisation it is GCC's macro, which casts */
#pragma GCC diagnostic ignored "-Wsign-conversion"
    return (vec)_mm512_i32gather_ps((__m512i)places, base, 4);
#pragma GCC diagnostic pop
#else
    return (vec)_mm256_i32gather_ps(base, (__m256i)places, 4);
#endif
}

/* exp(x) for x <= 0; NaN stays. */
INLINE vec exp_negative(vec x) {
    const vec lowest = splat(EXP_LOWEST), rounding = splat(ROUNDING);
    vec floor = max_of(x, lowest);
    vec shifted = floor * LOG2_E + rounding, n = shifted - rounding;
    vec r = (floor - n * LN2_HIGH) - n * LN2_LOW;
    vec p = splat(EXP_FIRST_TERM);
    EXP_OTHER_TERMS(p, r);
    vec_i power = ((vec_i)shifted - ROUNDING_BITS + 127) << 23;
    return choose(x <= lowest, (vec){0}, p * (vec)power);
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
