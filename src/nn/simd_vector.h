/* A vector of LANES floats, in the dialect of GCC and Clang, for simd_*.c. Loads and
 * stores need no alignment; the `part` forms touch n < LANES floats only. */
#ifndef NEURANK_NN_SIMD_VECTOR_H
#define NEURANK_NN_SIMD_VECTOR_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16, TILE_ROWS = 14 };
#else
enum { LANES = 8, TILE_ROWS = 6 };
#endif

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t vec_i __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Keeps a value in a register that the compiler would load again. */
#if defined(__AVX512F__)
#define KEEP(v) __asm__("" : "+v"(v))
#else
#define KEEP(v) __asm__("" : "+x"(v))
#endif

INLINE vec load(const float *x) {
    return *(const vec *)x;
}

INLINE void store(float *y, vec v) {
    *(vec *)y = v;
}

INLINE vec splat(float x) {
    return x - (vec){0};
}

#if defined(__AVX512F__)
INLINE vec load_part(const float *x, size_t n) {
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1U << n) - 1), x);
}

INLINE void store_part(float *y, vec v, size_t n) {
    _mm512_mask_storeu_ps(y, (__mmask16)((1U << n) - 1), (__m512)v);
}
#else
INLINE __m256i part_mask(size_t n) {
    const __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), place);
}

INLINE vec load_part(const float *x, size_t n) {
    return (vec)_mm256_maskload_ps(x, part_mask(n));
}

INLINE void store_part(float *y, vec v, size_t n) {
    _mm256_maskstore_ps(y, part_mask(n), (__m256)v);
}
#endif

/* n = LANES takes the plain instruction. */
INLINE vec load_n(const float *x, size_t n) {
    return n >= LANES ? load(x) : load_part(x, n);
}

INLINE void store_n(float *y, vec v, size_t n) {
    if (n >= LANES) store(y, v);
    else store_part(y, v, n);
}

INLINE vec choose(vec_i mask, vec yes, vec no) {
    return (vec)(((vec_i)yes & mask) | ((vec_i)no & ~mask));
}

/* NaN in x stays: the instructions return their second operand then. */
#if defined(__AVX512F__)
INLINE vec max_of(vec x, vec low) {
    return (vec)_mm512_max_ps((__m512)low, (__m512)x);
}

INLINE vec min_of(vec x, vec high) {
    return (vec)_mm512_min_ps((__m512)high, (__m512)x);
}
#else
INLINE vec max_of(vec x, vec low) {
    return (vec)_mm256_max_ps((__m256)low, (__m256)x);
}

INLINE vec min_of(vec x, vec high) {
    return (vec)_mm256_min_ps((__m256)high, (__m256)x);
}
#endif

/* NaN in either stays. */
INLINE vec max_of_both(vec a, vec b) {
    return choose(a == a, max_of(b, a), a);
}

#endif
