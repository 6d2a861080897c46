/* The arithmetic of each operator on a batch of rows, twice: `reference` in plain
 * loops, and fast, on vector registers or OpenBLAS. All have one signature and the same
 * meaning and differ in rounding only.
 *
 * Kernels do not check, allocate, log or read options: shapes were checked when the
 * graph was built. Activations are [rows, h, w, c], weights as in graph.h. Inputs and
 * outputs do not overlap, except that pointwise and affine may work in place. */
#ifndef NEURANK_NN_KERNELS_H
#define NEURANK_NN_KERNELS_H

#include "neurank/nn/graph.h"

/* What becomes of a convolution's or dense layer's output on its way to memory, where
 * the operators behind it are done in the same breath. */
typedef struct {
    bool clamp; /* to [low, high]: ReLU or Clip; NaN stays NaN */
    float low, high;
    bool pool; /* maximum of 2 x 2 pixels, a last odd line or column is dropped */
} nr_post;

typedef struct {
    size_t rows;
    nr_shape in, out; /* out: before post */
    nr_window window;
    const float *x;      /* [rows, in.h, in.w, in.c] */
    const float *weight; /* convolutions */
    const float *packed; /* the same as conv_pack leaves it; NULL: not packed */
    const float *bias;   /* [out.c]; NULL: none */
    nr_post post;        /* convolutions of kernels that fuse */
    float low;           /* value of padding, for NR_OP_PAD */
    float *y;            /* [rows, out.h, out.w, out.c] */
    float *scratch;      /* conv_scratch floats */
} nr_window_args;

/* y [rows, n] = x [rows, k] weight [k, n] + bias */
typedef struct {
    size_t rows, k, n;
    const float *x, *weight, *packed, *bias; /* packed, bias: may be NULL */
    nr_post post;                            /* without pool */
    float *y;
} nr_dense_args;

/* A dense layer, or a 1 x 1 convolution, is a product over its pixels. */
static inline nr_dense_args nr_product_of(const nr_window_args *a) {
    return (nr_dense_args){.rows = a->rows * a->out.h * a->out.w,
                           .k = a->in.c,
                           .n = a->out.c,
                           .x = a->x,
                           .weight = a->weight,
                           .packed = a->packed,
                           .bias = a->bias,
                           .post = a->post,
                           .y = a->y};
}

/* Steps of a walk whose suffix is a clamp and a dense layer with few outputs: sums grow
 * by one row of `deltas` a step, and each step gives the logits of its prefix and of
 * the complement, whose sum is ends - prefix. */
typedef struct {
    size_t steps, features, classes;
    const float *const *deltas; /* [steps] rows of `features` */
    const float *scales;        /* [steps] factor of each row */
    const float *ends;          /* [features] everybody's sum plus nobody's */
    float *current;             /* [features] sum of the prefix; goes on */
    float low, high;
    const float *packed; /* walk_pack */
    const float *bias;   /* [classes] */
    /* [steps, stride] logits: column `skip` of each row is left alone, `classes` others
     * are written */
    float *prefix, *complement;
    size_t stride, skip;
} nr_walk_args;

struct nr_simd_set; /* src/nn/simd.h */

/* A constant table. `self` where the kind of kernels matters. */
typedef struct nr_kernels nr_kernels;
struct nr_kernels {
    const char *name; /* the kind */
    bool plain;       /* every operator by itself: post is not taken, no short cuts */
    const struct nr_simd_set *simd; /* what stands behind it; NULL: BLAS or loops */
    /* May a convolution's output be pooled in the same breath? */
    bool (*conv_pools)(const nr_kernels *self, nr_shape in, nr_shape out,
                       const nr_window *window);
    size_t (*conv_scratch)(const nr_kernels *self, nr_shape in, nr_shape out,
                           const nr_window *window);
    /* Floats of the packed weights; 0: weights are used as they are. */
    size_t (*conv_packed)(const nr_kernels *self, nr_shape in, nr_shape out,
                          const nr_window *window);
    void (*conv_pack)(const nr_kernels *self, nr_shape in, nr_shape out,
                      const nr_window *window, const float *weight, float *packed);
    void (*conv)(const nr_kernels *self, const nr_window_args *args);
    size_t (*dense_packed)(const nr_kernels *self, size_t k, size_t n);
    void (*dense_pack)(const nr_kernels *self, size_t k, size_t n, const float *weight,
                       float *packed);
    void (*dense)(const nr_kernels *self, const nr_dense_args *args);
    /* Adds what the channels `channels` of one image contribute to a convolution's
     * output: y += conv(x restricted to them). A dense layer is the 1 x 1 case on a
     * 1 x 1 map. args->rows is 1, bias is not used, y is added to. */
    void (*conv_channels)(const nr_kernels *self, const nr_window_args *args,
                          const uint32_t *channels, size_t n_channels);
    /* minus cross-entropy in nats: value[r] = logits[r, label] - ln sum exp logits[r]
     */
    void (*log_likelihood)(const nr_kernels *self, size_t rows, size_t classes,
                           const float *logits, const uint32_t *labels, double *values);
    /* Floats of the packed weights of a walk's dense layer; 0: there is no such kernel
     * for these sizes. weight [features, classes]. NULL functions: for no sizes. */
    size_t (*walk_packed)(const nr_kernels *self, size_t features, size_t classes);
    void (*walk_pack)(const nr_kernels *self, size_t features, size_t classes,
                      const float *weight, float *packed);
    void (*walk)(const nr_kernels *self, const nr_walk_args *args);
    void (*max_pool)(const nr_window_args *args);
    void (*avg_pool)(const nr_window_args *args);
    void (*global_avg_pool)(const nr_window_args *args);
    /* y [n, c] = x [n, c] * scale[c] + shift[c]; shift NULL: 0 */
    void (*affine)(size_t n, size_t c, const float *x, const float *scale,
                   const float *shift, float *y);
    void (*pointwise)(nr_op op, float low, float high, size_t n, const float *x,
                      float *y);
};

/* "reference"; a kind of fast ones: "avx512", "avx2", "blas"; or "fast", the best of
 * them on this processor. A constant. NULL for any other name and for instructions that
 * this processor does not have. */
const nr_kernels *nr_kernels_find(const char *name);

#endif
