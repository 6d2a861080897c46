/* Kernels for vector registers: one source, compiled once for each instruction set
 * (simd_avx512.c, simd_avx2.c), chosen when the program starts.
 *
 * All of them rest on one inner product kernel: TILE_ROWS rows by two vectors of
 * columns stay in registers while a block of K runs past them. Weights are packed once
 * in the order in which it reads them, panel by panel [k][2 * lanes]; the last panel is
 * one vector wide if that is enough. Sums over K are made in blocks of K_BLOCK, which
 * keeps a panel in the first-level cache and rounding errors small. A row's result does
 * not depend on which rows it is computed with. */
#ifndef NEURANK_NN_SIMD_H
#define NEURANK_NN_SIMD_H

#include <stdbool.h>
#include <stddef.h>

#include "neurank/nn/kernels.h"

/* How many outputs the dense layer of nr_walk_args may have at most. */
enum { NR_WALK_CLASSES_MAX = 12 };

typedef struct nr_simd_set {
    /* w [k, n] */
    size_t (*packed_size)(size_t k, size_t n); /* floats */
    void (*pack)(size_t k, size_t n, const float *w, float *packed);
    /* y [m, n] = x [m, k] w; row strides ldx, ldy */
    void (*product)(size_t m, size_t n, size_t k, const float *x, size_t ldx,
                    const float *packed, float *y, size_t ldy);
    /* y = clamp(y + bias), in place */
    void (*finish)(size_t m, size_t n, float *y, const float *bias,
                   const nr_post *post);

    size_t (*winograd_packed_size)(size_t h, size_t w, size_t c_in, size_t c_out);
    /* weight [3, 3, c_in, c_out] */
    void (*winograd_pack)(size_t h, size_t w, size_t c_in, size_t c_out,
                          const float *weight, float *packed);
    size_t (*winograd_scratch)(size_t h, size_t w, size_t c_in, size_t c_out);
    /* 3 x 3, stride 1, padding 1 */
    void (*winograd)(const nr_window_args *args);

    /* window.group is the number of channels; post without pool */
    void (*depthwise)(const nr_window_args *args);

    /* weight [features, classes] */
    size_t (*walk_packed_size)(size_t features, size_t classes);
    void (*walk_pack)(size_t features, size_t classes, const float *weight,
                      float *packed);
    void (*walk)(const nr_walk_args *args);
    /* y [n] += sum of values[k] * rows[k] over k < count */
    void (*combine)(size_t n, size_t count, const float *values,
                    const float *const *rows, float *y);
    /* as in nr_kernels */
    void (*log_likelihood)(size_t rows, size_t classes, const float *logits,
                           const uint32_t *labels, double *values);
} nr_simd_set;

/* Does this processor have its instructions? NULL asks for none. */
bool nr_simd_runs(const nr_simd_set *set);

#if defined(__x86_64__)
extern const nr_simd_set nr_simd_avx512, nr_simd_avx2;
#endif

#endif
