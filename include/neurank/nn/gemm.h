/* The border to BLAS. */
#ifndef NEURANK_NN_GEMM_H
#define NEURANK_NN_GEMM_H

#include <stddef.h>

/* y [m, n] += x [m, k] w [k, n], row-major with row strides ldx, ldw, ldy, in floats.
 * Sizes and strides are to be at most INT_MAX: more is a broken promise. */
void nr_gemm(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w,
             size_t ldw, float *y, size_t ldy);

/* From now on BLAS keeps to the calling thread: ranks, not threads, fill the cores. */
void nr_gemm_single_thread(void);

#endif
