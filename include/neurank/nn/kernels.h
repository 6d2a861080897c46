/* The arithmetic of each operator on a batch of rows, twice: `reference` in plain
 * loops, `fast` on OpenBLAS and vector clones. Both have one signature and the same
 * meaning and differ in rounding only.
 *
 * Kernels do not check, allocate, log or read options: shapes were checked when the
 * graph was built. Activations are [rows, h, w, c], weights as in graph.h. Inputs and
 * outputs do not overlap, except that pointwise and affine may work in place. */
#ifndef NEURANK_NN_KERNELS_H
#define NEURANK_NN_KERNELS_H

#include "neurank/nn/graph.h"

typedef struct {
    size_t rows;
    nr_shape in, out;
    nr_window window;
    const float *x;      /* [rows, in.h, in.w, in.c] */
    const float *weight; /* convolutions */
    const float *bias;   /* [out.c]; NULL: none */
    float low;           /* value of padding, for NR_OP_PAD */
    float *y;            /* [rows, out.h, out.w, out.c] */
    float *scratch;      /* conv_scratch floats */
} nr_window_args;

typedef struct {
    const char *name;
    size_t (*conv_scratch)(nr_shape in, nr_shape out, const nr_window *window);
    void (*conv)(const nr_window_args *args);
    /* y [rows, n] = x [rows, k] weight [k, n] + bias */
    void (*dense)(size_t rows, size_t k, size_t n, const float *x, const float *weight,
                  const float *bias, float *y);
    void (*max_pool)(const nr_window_args *args);
    void (*avg_pool)(const nr_window_args *args);
    void (*global_avg_pool)(const nr_window_args *args);
    /* y [n, c] = x [n, c] * scale[c] + shift[c]; shift NULL: 0 */
    void (*affine)(size_t n, size_t c, const float *x, const float *scale,
                   const float *shift, float *y);
    void (*pointwise)(nr_op op, float low, float high, size_t n, const float *x,
                      float *y);
    /* Adds what the channels `channels` of one image contribute to a convolution's
     * output: y += conv(x restricted to them). A dense layer is the 1 x 1 case on a
     * 1 x 1 map. args->rows is 1, bias is not used, y is added to. */
    void (*conv_channels)(const nr_window_args *args, const uint32_t *channels,
                          size_t n_channels);
    /* minus cross-entropy in nats: value[r] = logits[r, label] - ln sum exp logits[r]
     */
    void (*log_likelihood)(size_t rows, size_t classes, const float *logits,
                           const uint32_t *labels, double *values);
} nr_kernels;

extern const nr_kernels nr_kernels_reference, nr_kernels_fast;

/* "reference" or "fast"; NULL for any other name. */
const nr_kernels *nr_kernels_find(const char *name);

/* What the fast kernels run on here, for the record: "OpenBLAS 0.3.21 ... SkylakeX". */
const char *nr_kernels_describe(void);

#endif
