/* Convolutions and dense layers as matrix products: packed ones in registers (simd.h)
 * where the processor has AVX2 or AVX-512, OpenBLAS elsewhere and for weights too large
 * to be packed.
 *
 *   3 x 3, stride 1, padding 1   Winograd (simd_winograd.h)
 *   1 x 1, stride 1              a product as it stands
 *   depthwise                    depthwise_fast.c
 *   everything else              windows gathered (im2col) in tiles of output pixels
 *                                small enough for the second-level cache, so scratch
 *                                does not grow with the batch */
#include <string.h>

#include "kernels_private.h"
#include "neurank/nn/gemm.h"
#include "simd.h"

enum { TILE_FLOATS = 64 * 1024, TILE_PIXELS_MIN = 32 };
/* Weights are packed up to this size of the matrix, in floats. */
enum { PACKED_MAX = 1 << 22 };

typedef enum { DEPTHWISE, POINTWISE, WINOGRAD, GATHERED } form_kind;

static bool is_pointwise(const nr_window *w) {
    return w->kernel_h == 1 && w->kernel_w == 1 && w->stride_h == 1 &&
           w->stride_w == 1 && !w->pad_top && !w->pad_left && !w->pad_bottom &&
           !w->pad_right;
}

/* Fewer channels than this are not worth a transform. */
enum { WINOGRAD_CHANNELS_MIN = 8 };

static bool is_winograd(const nr_kernels *self, nr_shape in, nr_shape out,
                        const nr_window *w) {
    return self->simd && w->kernel_h == 3 && w->kernel_w == 3 && w->stride_h == 1 &&
           w->stride_w == 1 && w->dilation_h == 1 && w->dilation_w == 1 &&
           w->pad_top == 1 && w->pad_left == 1 && w->pad_bottom == 1 &&
           w->pad_right == 1 && w->group == 1 && in.h >= 2 && in.w >= 2 &&
           in.c >= WINOGRAD_CHANNELS_MIN && out.c >= WINOGRAD_CHANNELS_MIN;
}

static form_kind form_of(const nr_kernels *self, nr_shape in, nr_shape out,
                         const nr_window *w) {
    if (nr_is_depthwise(in, out, w)) return DEPTHWISE;
    if (is_pointwise(w) && w->group == 1) return POINTWISE;
    return is_winograd(self, in, out, w) ? WINOGRAD : GATHERED;
}

static size_t depth_of(nr_shape in, const nr_window *w) {
    NR_ASSERT(w->group > 0);
    return (size_t)w->kernel_h * w->kernel_w * (in.c / w->group);
}

static size_t tile_pixels(size_t k) {
    NR_ASSERT(k > 0);
    size_t pixels = TILE_FLOATS / k;
    return pixels < TILE_PIXELS_MIN ? TILE_PIXELS_MIN : pixels;
}

bool nr_fast_conv_pools(const nr_kernels *self, nr_shape in, nr_shape out,
                        const nr_window *window) {
    return form_of(self, in, out, window) == WINOGRAD;
}

size_t nr_fast_conv_scratch(const nr_kernels *self, nr_shape in, nr_shape out,
                            const nr_window *window) {
    size_t k = depth_of(in, window), gathered = tile_pixels(k) * k, winograd;
    switch (form_of(self, in, out, window)) {
    case WINOGRAD:
        winograd = self->simd->winograd_scratch(in.h, in.w, in.c, out.c);
        return winograd > gathered ? winograd : gathered;
    case GATHERED: return gathered;
    default: return 0;
    }
}

/* ---- packing ---- */

size_t nr_fast_dense_packed(const nr_kernels *self, size_t k, size_t n) {
    return self->simd && k * n <= PACKED_MAX ? self->simd->packed_size(k, n) : 0;
}

void nr_fast_dense_pack(const nr_kernels *self, size_t k, size_t n, const float *weight,
                        float *packed) {
    self->simd->pack(k, n, weight, packed);
}

size_t nr_fast_conv_packed(const nr_kernels *self, nr_shape in, nr_shape out,
                           const nr_window *window) {
    switch (form_of(self, in, out, window)) {
    case DEPTHWISE: return 0;
    case WINOGRAD: return self->simd->winograd_packed_size(in.h, in.w, in.c, out.c);
    default:
        return window->group == 1
                   ? nr_fast_dense_packed(self, depth_of(in, window), out.c)
                   : 0;
    }
}

void nr_fast_conv_pack(const nr_kernels *self, nr_shape in, nr_shape out,
                       const nr_window *window, const float *weight, float *packed) {
    if (form_of(self, in, out, window) == WINOGRAD)
        self->simd->winograd_pack(in.h, in.w, in.c, out.c, weight, packed);
    else nr_fast_dense_pack(self, depth_of(in, window), out.c, weight, packed);
}

/* ---- products ---- */

static void fill_bias(size_t rows, size_t n, const float *bias, float *y) {
    if (!bias) memset(y, 0, rows * n * sizeof *y);
    else
        for (size_t r = 0; r < rows; r++) memcpy(y + r * n, bias, n * sizeof *y);
}

NR_CLONES static void clamp(size_t n, float *y, float low, float high) {
    for (size_t i = 0; i < n; i++) {
        float v = y[i] < low ? low : y[i];
        y[i] = v > high ? high : v;
    }
}

/* y [m, n] = post(x [m, k] w + bias) */
void nr_fast_dense(const nr_kernels *self, const nr_dense_args *a) {
    if (a->packed) {
        self->simd->product(a->rows, a->n, a->k, a->x, a->k, a->packed, a->y, a->n);
        if (a->bias || a->post.clamp)
            self->simd->finish(a->rows, a->n, a->y, a->bias, &a->post);
        return;
    }
    fill_bias(a->rows, a->n, a->bias, a->y);
    nr_gemm(a->rows, a->n, a->k, a->x, a->k, a->weight, a->n, a->y, a->n);
    if (a->post.clamp) clamp(a->rows * a->n, a->y, a->post.low, a->post.high);
}

/* ---- gathered windows ---- */

/* One window of channels [first, first + c_in) as a row of the product. */
static void gather(const nr_window_args *a, const float *image, size_t oy, size_t ox,
                   size_t first, size_t c_in, float *row) {
    const nr_window *w = &a->window;
    for (size_t ky = 0; ky < w->kernel_h; ky++) {
        ptrdiff_t y =
            (ptrdiff_t)(oy * w->stride_h + ky * w->dilation_h) - (ptrdiff_t)w->pad_top;
        bool on_image = y >= 0 && y < (ptrdiff_t)a->in.h;
        ptrdiff_t x0 = (ptrdiff_t)(ox * w->stride_w) - (ptrdiff_t)w->pad_left;
        ptrdiff_t x1 = x0 + (ptrdiff_t)w->kernel_w;
        if (on_image && w->dilation_w == 1 && c_in == a->in.c && x0 >= 0 &&
            x1 <= (ptrdiff_t)a->in.w) {
            memcpy(row, image + ((size_t)y * a->in.w + (size_t)x0) * c_in,
                   w->kernel_w * c_in * sizeof *row);
            row += w->kernel_w * c_in;
            continue;
        }
        for (size_t kx = 0; kx < w->kernel_w; kx++, row += c_in) {
            ptrdiff_t x = x0 + (ptrdiff_t)(kx * w->dilation_w);
            if (!on_image || x < 0 || x >= (ptrdiff_t)a->in.w)
                memset(row, 0, c_in * sizeof *row);
            else
                memcpy(row, image + ((size_t)y * a->in.w + (size_t)x) * a->in.c + first,
                       c_in * sizeof *row);
        }
    }
}

/* Windows of output pixels [first, first + count) of all rows. */
static void gather_tile(const nr_window_args *a, size_t group, size_t first,
                        size_t count) {
    size_t c_in = a->in.c / a->window.group, k = depth_of(a->in, &a->window);
    size_t map = (size_t)a->out.h * a->out.w;
    size_t image = (size_t)a->in.h * a->in.w * a->in.c;
    for (size_t p = 0; p < count; p++) {
        size_t pixel = (first + p) % map;
        gather(a, a->x + (first + p) / map * image, pixel / a->out.w, pixel % a->out.w,
               group * c_in, c_in, a->scratch + p * k);
    }
}

static void conv_gathered(const nr_kernels *self, const nr_window_args *a) {
    size_t k = depth_of(a->in, &a->window), pixels = a->rows * a->out.h * a->out.w;
    size_t tile = tile_pixels(k);
    nr_dense_args product = nr_product_of(a);
    product.k = k;
    product.x = a->scratch;
    for (size_t first = 0; first < pixels; first += tile) {
        product.rows = pixels - first < tile ? pixels - first : tile;
        product.y = a->y + first * a->out.c;
        gather_tile(a, 0, first, product.rows);
        nr_fast_dense(self, &product);
    }
}

static void conv_groups(const nr_window_args *a) {
    size_t c_out = a->out.c / a->window.group, k = depth_of(a->in, &a->window);
    size_t pixels = a->rows * a->out.h * a->out.w, tile = tile_pixels(k);
    fill_bias(pixels, a->out.c, a->bias, a->y);
    for (size_t group = 0; group < a->window.group; group++)
        for (size_t first = 0; first < pixels; first += tile) {
            size_t count = pixels - first < tile ? pixels - first : tile;
            gather_tile(a, group, first, count);
            nr_gemm(count, c_out, k, a->scratch, k, a->weight + group * c_out, a->out.c,
                    a->y + first * a->out.c + group * c_out, a->out.c);
        }
}

/* ---- convolutions ---- */

void nr_fast_conv(const nr_kernels *self, const nr_window_args *a) {
    bool apart = false; /* clamped in a pass of its own */
    nr_dense_args product;
    form_kind form = form_of(self, a->in, a->out, &a->window);
    if (form == WINOGRAD && !a->packed) form = GATHERED;
    switch (form) {
    case WINOGRAD: self->simd->winograd(a); break;
    case POINTWISE:
        product = nr_product_of(a);
        nr_fast_dense(self, &product);
        break;
    case DEPTHWISE:
        apart = !self->simd;
        if (apart) nr_fast_depthwise(a);
        else self->simd->depthwise(a);
        break;
    case GATHERED:
        apart = a->window.group > 1;
        if (apart) conv_groups(a);
        else conv_gathered(self, a);
    }
    if (apart && a->post.clamp)
        clamp(a->rows * nr_shape_size(a->out), a->y, a->post.low, a->post.high);
}
