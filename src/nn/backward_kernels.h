/* Gradients of single operators with respect to their input, twice: plain loops, and
 * fast. Both write all of dx. Kernels do not check, allocate or log. */
#ifndef NEURANK_NN_BACKWARD_KERNELS_H
#define NEURANK_NN_BACKWARD_KERNELS_H

#include "neurank/nn/kernels.h"

typedef struct {
    size_t rows;
    nr_shape in, out;
    nr_window window;
    const float *dy;     /* [rows, out] */
    const float *x;      /* [rows, in]: max pools */
    const float *weight; /* of convolutions and dense layers, as in graph.h */
    float *dx;           /* [rows, in] */
} nr_back_args;

typedef struct {
    void (*conv)(const nr_back_args *args); /* a dense layer is the 1 x 1 case */
    void (*max_pool)(const nr_back_args *args);
    void (*avg_pool)(const nr_back_args *args);
    void (*global_avg_pool)(const nr_back_args *args);
    /* known: the operator's input for LEAKY_RELU, else its output */
    void (*pointwise)(nr_op op, float low, float high, size_t n, const float *known,
                      const float *dy, float *dx);
} nr_back_kernels;

/* conv of the fast ones: depthwise convolutions only (transposed.h has the others). */
extern const nr_back_kernels nr_back_reference, nr_back_fast;

#endif
