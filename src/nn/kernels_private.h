/* The kinds of kernels, and the parts of the fast ones. */
#ifndef NEURANK_NN_KERNELS_PRIVATE_H
#define NEURANK_NN_KERNELS_PRIVATE_H

#include "neurank/nn/kernels.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) &&      \
    !defined(__clang__)
#define NR_CLONES                                                                      \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NR_CLONES
#endif

/* Loops over an operator's output: pixels (r, oy, ox), numbers (with channel c), and
 * the taps (ky, kx) of a window. */
#define FOR_PIXELS(a)                                                                  \
    for (size_t r = 0; r < (a)->rows; r++)                                             \
        for (size_t oy = 0; oy < (a)->out.h; oy++)                                     \
            for (size_t ox = 0; ox < (a)->out.w; ox++)
#define FOR_OUTPUT(a) FOR_PIXELS(a) for (size_t c = 0; c < (a)->out.c; c++)
#define FOR_TAPS(a)                                                                    \
    for (size_t ky = 0; ky < (a)->window.kernel_h; ky++)                               \
        for (size_t kx = 0; kx < (a)->window.kernel_w; kx++)

/* Taps [first, last) of one dimension that fall on the image, for output position `at`;
 * first == last: none. */
typedef struct {
    size_t first, last;
} nr_taps;

static inline nr_taps nr_taps_on_image(size_t at, size_t stride, size_t dilation,
                                       size_t kernel, size_t pad, size_t size) {
    size_t start = at * stride;
    nr_taps t = {0, kernel};
    while (t.first < kernel && start + t.first * dilation < pad) t.first++;
    while (t.last > t.first && start + (t.last - 1) * dilation >= pad + size) t.last--;
    return t;
}

static inline nr_taps nr_taps_of_row(const nr_window_args *a, size_t oy) {
    const nr_window *w = &a->window;
    return nr_taps_on_image(oy, w->stride_h, w->dilation_h, w->kernel_h, w->pad_top,
                            a->in.h);
}

static inline nr_taps nr_taps_of_column(const nr_window_args *a, size_t ox) {
    const nr_window *w = &a->window;
    return nr_taps_on_image(ox, w->stride_w, w->dilation_w, w->kernel_w, w->pad_left,
                            a->in.w);
}

/* The input pixel that tap (ky, kx) of output pixel (oy, ox) reads in a row. */
static inline const float *nr_tap_at(const nr_window_args *a, size_t row, size_t oy,
                                     size_t ox, size_t ky, size_t kx) {
    const nr_window *w = &a->window;
    size_t y = oy * w->stride_h + ky * w->dilation_h - w->pad_top;
    size_t x = ox * w->stride_w + kx * w->dilation_w - w->pad_left;
    return a->x + ((row * a->in.h + y) * a->in.w + x) * a->in.c;
}

/* How many taps from the first one on lie inside image and padding. */
static inline size_t nr_taps_inside(size_t first, size_t step, size_t count,
                                    size_t limit) {
    size_t n = 0;
    while (n < count && first + n * step < limit) n++;
    return n;
}

/* What an average pool divides output (oy, ox) by: taps on the image, or, when padding
 * counts, on image and padding; never those of a partial last window. */
static inline float nr_avg_pool_divisor(const nr_shape *in, const nr_window *w,
                                        size_t oy, size_t ox) {
    nr_taps rows = nr_taps_on_image(oy, w->stride_h, w->dilation_h, w->kernel_h,
                                    w->pad_top, in->h);
    nr_taps columns = nr_taps_on_image(ox, w->stride_w, w->dilation_w, w->kernel_w,
                                       w->pad_left, in->w);
    size_t count = (rows.last - rows.first) * (columns.last - columns.first);
    if (w->count_padding)
        count = nr_taps_inside(oy * w->stride_h, w->dilation_h, w->kernel_h,
                               in->h + w->pad_top + w->pad_bottom) *
                nr_taps_inside(ox * w->stride_w, w->dilation_w, w->kernel_w,
                               in->w + w->pad_left + w->pad_right);
    return (float)count;
}

#define FOR_TAPS_ON_IMAGE(rows, columns)                                               \
    for (size_t ky = (rows).first; ky < (rows).last; ky++)                             \
        for (size_t kx = (columns).first; kx < (columns).last; kx++)

#if defined(__x86_64__)
extern const nr_kernels nr_kernels_avx512, nr_kernels_avx2;
#endif
extern const nr_kernels nr_kernels_blas, nr_kernels_reference;

/* products_fast.c */
bool nr_fast_conv_pools(const nr_kernels *self, nr_shape in, nr_shape out,
                        const nr_window *window);
size_t nr_fast_conv_scratch(const nr_kernels *self, nr_shape in, nr_shape out,
                            const nr_window *window);
size_t nr_fast_conv_packed(const nr_kernels *self, nr_shape in, nr_shape out,
                           const nr_window *window);
void nr_fast_conv_pack(const nr_kernels *self, nr_shape in, nr_shape out,
                       const nr_window *window, const float *weight, float *packed);
void nr_fast_conv(const nr_kernels *self, const nr_window_args *args);
size_t nr_fast_dense_packed(const nr_kernels *self, size_t k, size_t n);
void nr_fast_dense_pack(const nr_kernels *self, size_t k, size_t n, const float *weight,
                        float *packed);
void nr_fast_dense(const nr_kernels *self, const nr_dense_args *args);

/* conv_channels_fast.c */
void nr_fast_conv_channels(const nr_kernels *self, const nr_window_args *args,
                           const uint32_t *channels, size_t n_channels);
/* depthwise_fast.c */
bool nr_is_depthwise(nr_shape in, nr_shape out, const nr_window *window);
void nr_fast_depthwise(const nr_window_args *args);

#endif
