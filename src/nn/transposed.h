/* The input gradient of a convolution or dense layer by the forward kernels.
 *
 *   dense         dx = dy W^T, a dense layer with the transposed weights
 *   as conv       stride 1, one group: dx is the convolution of dy with the weights
 *                 turned over in space and transposed, padded by what the kernel
 *                 reaches over minus the padding
 *   scattered     anything else: each output pixel's window of gradients is a product
 *                 dy W^T, in tiles; windows are then added where they were read
 *   in channels   depthwise: loops over channels (backward_fast.c) */
#ifndef NEURANK_NN_TRANSPOSED_H
#define NEURANK_NN_TRANSPOSED_H

#include "backward_kernels.h"

typedef struct nr_transposed nr_transposed;

/* Of the node of kernels that are not plain; weights are copied. */
nr_status nr_transposed_new(const nr_graph *graph, const nr_kernels *kernels,
                            uint32_t node, nr_transposed **out);
void nr_transposed_free(nr_transposed *transposed);

/* Floats of scratch that run needs. */
size_t nr_transposed_scratch(const nr_transposed *transposed);
void nr_transposed_run(const nr_transposed *transposed, size_t rows, const float *dy,
                       float *dx, float *scratch);

#endif
