/* The parts of the fast kernels. */
#ifndef NEURANK_NN_FAST_H
#define NEURANK_NN_FAST_H

#include "neurank/nn/kernels.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) &&      \
    !defined(__clang__)
#define NR_CLONES                                                                      \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NR_CLONES
#endif

/* products_fast.c */
bool nr_fast_conv_pools(nr_shape in, nr_shape out, const nr_window *window);
size_t nr_fast_conv_scratch(nr_shape in, nr_shape out, const nr_window *window);
size_t nr_fast_conv_packed(nr_shape in, nr_shape out, const nr_window *window);
void nr_fast_conv_pack(nr_shape in, nr_shape out, const nr_window *window,
                       const float *weight, float *packed);
void nr_fast_conv(const nr_window_args *args);
size_t nr_fast_dense_packed(size_t k, size_t n);
void nr_fast_dense_pack(size_t k, size_t n, const float *weight, float *packed);
void nr_fast_dense(const nr_dense_args *args);

/* conv_channels_fast.c */
void nr_fast_conv_channels(const nr_window_args *args, const uint32_t *channels,
                           size_t n_channels);
/* depthwise_fast.c */
bool nr_is_depthwise(nr_shape in, nr_shape out, const nr_window *window);
void nr_fast_depthwise(const nr_window_args *args);

#endif
