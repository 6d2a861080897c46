/* API. 128-bit integers: sums that leave no trace of their order. */
#ifndef NEURANK_BASE_WIDE_H
#define NEURANK_BASE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

__extension__ typedef __int128 nr_wide;
__extension__ typedef unsigned __int128 nr_uwide;
/* 113 bits of mantissa: differences of wide sums, read as numbers, are safe. */
#if defined(__x86_64__)
__extension__ typedef __float128 nr_quad;
#else
typedef long double nr_quad; /* where it is no shorter: src/base/wide.c asks */
#endif

/* *sum += term; false when that leaves the range, and *sum is of no use then. */
static inline bool nr_wide_add(nr_wide *sum, nr_wide term) {
    return !__builtin_add_overflow(*sum, term, sum);
}

/* The two words of a wide integer, in two's complement, and back. */
static inline uint64_t nr_wide_low(nr_wide value) {
    return (uint64_t)(nr_uwide)value;
}
static inline uint64_t nr_wide_high(nr_wide value) {
    return (uint64_t)((nr_uwide)value >> 64);
}
static inline nr_wide nr_wide_join(uint64_t low, uint64_t high) {
    return (nr_wide)((nr_uwide)high << 64 | low);
}

/* values [n] as words [2 n]: all low ones, then all high ones; and back. */
void nr_wide_encode(const nr_wide *values, uint64_t n, uint64_t *words);
void nr_wide_decode(const uint64_t *words, uint64_t n, nr_wide *values);

#ifdef __cplusplus
}
#endif

#endif
