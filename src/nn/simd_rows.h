/* Sums of a few rows of weights; a part of simd_*.c. */
#ifndef NEURANK_NN_SIMD_ROWS_H
#define NEURANK_NN_SIMD_ROWS_H

#include "simd.h"
#include "simd_vector.h"

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

#endif
