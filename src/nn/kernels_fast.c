/* The kernels a run uses: products through OpenBLAS, everything else as loops over
 * channels that the compiler turns into vectors, one clone per instruction set, chosen
 * when the program starts.
 *
 * Convolutions gather their windows (im2col) in tiles of output pixels small enough for
 * the second-level cache, so scratch does not grow with the batch. */
#include <math.h>
#include <string.h>

#include "neurank/nn/gemm.h"
#include "neurank/nn/kernels.h"

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) &&      \
    !defined(__clang__)
#define NR_CLONES                                                                      \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NR_CLONES
#endif

enum { TILE_FLOATS = 64 * 1024, TILE_PIXELS_MIN = 32 };

static bool is_pointwise(const nr_window *w) {
    return w->kernel_h == 1 && w->kernel_w == 1 && w->stride_h == 1 &&
           w->stride_w == 1 && !w->pad_top && !w->pad_left && !w->pad_bottom &&
           !w->pad_right;
}

static size_t tile_pixels(size_t k) {
    size_t pixels = TILE_FLOATS / k;
    return pixels < TILE_PIXELS_MIN ? TILE_PIXELS_MIN : pixels;
}

static bool is_depthwise(nr_shape in, nr_shape out, const nr_window *w) {
    return w->group == in.c && out.c == in.c;
}

static size_t conv_scratch(nr_shape in, nr_shape out, const nr_window *window) {
    size_t k = (size_t)window->kernel_h * window->kernel_w * (in.c / window->group);
    if (is_depthwise(in, out, window)) return 0;
    return tile_pixels(k) * k;
}

static void fill_bias(size_t rows, size_t n, const float *bias, float *y) {
    if (!bias) memset(y, 0, rows * n * sizeof *y);
    else
        for (size_t r = 0; r < rows; r++) memcpy(y + r * n, bias, n * sizeof *y);
}

static void dense(size_t rows, size_t k, size_t n, const float *x, const float *weight,
                  const float *bias, float *y) {
    fill_bias(rows, n, bias, y);
    nr_gemm(rows, n, k, x, k, weight, n, y, n);
}

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

static void conv_group(const nr_window_args *a, size_t group) {
    size_t c_in = a->in.c / a->window.group, c_out = a->out.c / a->window.group;
    size_t k = (size_t)a->window.kernel_h * a->window.kernel_w * c_in;
    size_t map = (size_t)a->out.h * a->out.w, pixels = a->rows * map;
    size_t image = (size_t)a->in.h * a->in.w * a->in.c, tile = tile_pixels(k);
    for (size_t first = 0; first < pixels; first += tile) {
        size_t count = pixels - first < tile ? pixels - first : tile;
        for (size_t p = 0; p < count; p++) {
            size_t pixel = (first + p) % map;
            gather(a, a->x + (first + p) / map * image, pixel / a->out.w,
                   pixel % a->out.w, group * c_in, c_in, a->scratch + p * k);
        }
        nr_gemm(count, c_out, k, a->scratch, k, a->weight + group * c_out, a->out.c,
                a->y + first * a->out.c + group * c_out, a->out.c);
    }
}

/* Range of output positions whose tap `t` falls on the image. */
static void tap_range(size_t out, size_t in, size_t stride, size_t offset, size_t pad,
                      size_t *from, size_t *to) {
    *from = offset >= pad ? 0 : (pad - offset + stride - 1) / stride;
    size_t limit = in + pad > offset ? (in + pad - offset + stride - 1) / stride : 0;
    *to = limit < out ? limit : out;
}

NR_CLONES static void conv_depthwise(const nr_window_args *a) {
    const nr_window *w = &a->window;
    size_t c = a->in.c;
    fill_bias(a->rows * a->out.h * a->out.w, c, a->bias, a->y);
    for (size_t r = 0; r < a->rows; r++)
        for (size_t ky = 0; ky < w->kernel_h; ky++)
            for (size_t kx = 0; kx < w->kernel_w; kx++) {
                const float *weight = a->weight + (ky * w->kernel_w + kx) * c;
                size_t y0, y1, x0, x1, dy = ky * w->dilation_h, dx = kx * w->dilation_w;
                tap_range(a->out.h, a->in.h, w->stride_h, dy, w->pad_top, &y0, &y1);
                tap_range(a->out.w, a->in.w, w->stride_w, dx, w->pad_left, &x0, &x1);
                for (size_t y = y0; y < y1; y++)
                    for (size_t x = x0; x < x1; x++) {
                        size_t iy = y * w->stride_h + dy - w->pad_top;
                        size_t ix = x * w->stride_w + dx - w->pad_left;
                        const float *in =
                            a->x + ((r * a->in.h + iy) * a->in.w + ix) * c;
                        float *out = a->y + ((r * a->out.h + y) * a->out.w + x) * c;
                        for (size_t i = 0; i < c; i++) out[i] += in[i] * weight[i];
                    }
            }
}

static void conv(const nr_window_args *a) {
    size_t pixels = a->rows * a->out.h * a->out.w;
    if (is_depthwise(a->in, a->out, &a->window)) {
        conv_depthwise(a);
        return;
    }
    fill_bias(pixels, a->out.c, a->bias, a->y);
    if (is_pointwise(&a->window) && a->window.group == 1)
        nr_gemm(pixels, a->out.c, a->in.c, a->x, a->in.c, a->weight, a->out.c, a->y,
                a->out.c);
    else
        for (size_t g = 0; g < a->window.group; g++) conv_group(a, g);
}

/* Scatters each nonzero pixel of the channels through the taps: after a ReLU most of a
 * channel's map is zero, and a zero costs nothing here. */
NR_CLONES static void scatter_pixel(const nr_window_args *a, size_t iy, size_t ix,
                                    size_t channel, float value) {
    const nr_window *w = &a->window;
    size_t c_in = a->in.c / w->group, c_out = a->out.c / w->group;
    size_t group = channel / c_in;
    for (size_t ky = 0; ky < w->kernel_h; ky++) {
        size_t top = iy + w->pad_top, dy = ky * w->dilation_h;
        if (top < dy || (top - dy) % w->stride_h) continue;
        size_t oy = (top - dy) / w->stride_h;
        if (oy >= a->out.h) continue;
        for (size_t kx = 0; kx < w->kernel_w; kx++) {
            size_t left = ix + w->pad_left, dx = kx * w->dilation_w;
            if (left < dx || (left - dx) % w->stride_w) continue;
            size_t ox = (left - dx) / w->stride_w;
            if (ox >= a->out.w) continue;
            size_t k = (ky * w->kernel_w + kx) * c_in + channel % c_in;
            const float *restrict weight = a->weight + k * a->out.c + group * c_out;
            float *restrict y = a->y + (oy * a->out.w + ox) * a->out.c + group * c_out;
            for (size_t i = 0; i < c_out; i++) y[i] += value * weight[i];
        }
    }
}

static void conv_channels(const nr_window_args *a, const uint32_t *channels,
                          size_t n_channels) {
    for (size_t iy = 0; iy < a->in.h; iy++)
        for (size_t ix = 0; ix < a->in.w; ix++)
            for (size_t i = 0; i < n_channels; i++) {
                float value = a->x[(iy * a->in.w + ix) * a->in.c + channels[i]];
                if (value != 0) scatter_pixel(a, iy, ix, channels[i], value);
            }
}

/* ---- pools: for each output pixel, a loop over taps of a loop over channels ---- */

typedef struct {
    size_t y0, y1, x0, x1; /* taps on the image */
} taps;

static taps taps_of(const nr_window_args *a, size_t oy, size_t ox) {
    const nr_window *w = &a->window;
    taps t = {w->kernel_h, 0, w->kernel_w, 0};
    for (size_t ky = 0; ky < w->kernel_h; ky++) {
        size_t y = oy * w->stride_h + ky * w->dilation_h;
        if (y < w->pad_top || y - w->pad_top >= a->in.h) continue;
        if (ky < t.y0) t.y0 = ky;
        t.y1 = ky + 1;
    }
    for (size_t kx = 0; kx < w->kernel_w; kx++) {
        size_t x = ox * w->stride_w + kx * w->dilation_w;
        if (x < w->pad_left || x - w->pad_left >= a->in.w) continue;
        if (kx < t.x0) t.x0 = kx;
        t.x1 = kx + 1;
    }
    return t;
}

static const float *tap_at(const nr_window_args *a, size_t r, size_t oy, size_t ox,
                           size_t ky, size_t kx) {
    size_t y = oy * a->window.stride_h + ky * a->window.dilation_h - a->window.pad_top;
    size_t x = ox * a->window.stride_w + kx * a->window.dilation_w - a->window.pad_left;
    return a->x + ((r * a->in.h + y) * a->in.w + x) * a->in.c;
}

#define FOR_PIXELS(a)                                                                  \
    for (size_t r = 0; r < (a)->rows; r++)                                             \
        for (size_t oy = 0; oy < (a)->out.h; oy++)                                     \
            for (size_t ox = 0; ox < (a)->out.w; ox++)

NR_CLONES static void max_pool(const nr_window_args *a) {
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        taps t = taps_of(a, oy, ox);
        for (size_t i = 0; i < c; i++) y[i] = -INFINITY;
        for (size_t ky = t.y0; ky < t.y1; ky++)
            for (size_t kx = t.x0; kx < t.x1; kx++) {
                const float *restrict x = tap_at(a, r, oy, ox, ky, kx);
                for (size_t i = 0; i < c; i++) y[i] = x[i] > y[i] ? x[i] : y[i];
            }
    }
}

/* How many taps from the first one on lie inside image and padding. */
static size_t inside(size_t first, size_t step, size_t count, size_t limit) {
    size_t n = 0;
    while (n < count && first + n * step < limit) n++;
    return n;
}

NR_CLONES static void avg_pool(const nr_window_args *a) {
    const nr_window *w = &a->window;
    size_t c = a->in.c;
    FOR_PIXELS(a) {
        float *restrict y = a->y + ((r * a->out.h + oy) * a->out.w + ox) * c;
        taps t = taps_of(a, oy, ox);
        size_t count = (t.y1 - t.y0) * (t.x1 - t.x0);
        if (w->count_padding)
            count = inside(oy * w->stride_h, w->dilation_h, w->kernel_h,
                           a->in.h + w->pad_top + w->pad_bottom) *
                    inside(ox * w->stride_w, w->dilation_w, w->kernel_w,
                           a->in.w + w->pad_left + w->pad_right);
        float scale = 1 / (float)count;
        memset(y, 0, c * sizeof *y);
        for (size_t ky = t.y0; ky < t.y1; ky++)
            for (size_t kx = t.x0; kx < t.x1; kx++) {
                const float *restrict x = tap_at(a, r, oy, ox, ky, kx);
                for (size_t i = 0; i < c; i++) y[i] += x[i];
            }
        for (size_t i = 0; i < c; i++) y[i] *= scale;
    }
}

NR_CLONES static void global_avg_pool(const nr_window_args *a) {
    size_t c = a->in.c, pixels = (size_t)a->in.h * a->in.w;
    float scale = 1 / (float)pixels;
    for (size_t r = 0; r < a->rows; r++) {
        const float *restrict x = a->x + r * pixels * c;
        float *restrict y = a->y + r * c;
        memset(y, 0, c * sizeof *y);
        for (size_t p = 0; p < pixels; p++)
            for (size_t i = 0; i < c; i++) y[i] += x[p * c + i];
        for (size_t i = 0; i < c; i++) y[i] *= scale;
    }
}

NR_CLONES static void affine(size_t n, size_t c, const float *x, const float *scale,
                             const float *shift, float *y) {
    for (size_t i = 0; i < n; i++)
        if (shift)
            for (size_t k = 0; k < c; k++)
                y[i * c + k] = x[i * c + k] * scale[k] + shift[k];
        else
            for (size_t k = 0; k < c; k++) y[i * c + k] = x[i * c + k] * scale[k];
}

/* exp(x) for x <= 0, relative error below 2e-7: 2^n by the exponent's bits times a
 * polynomial on |r| <= ln 2 / 2. Underflow gives 0; x is at least -87 there. */
static inline float exp_negative(float x) {
    const float log2e = 1.44269504F, ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
    const float round = 12582912.0F; /* 1.5 * 2^23: adding it rounds to an integer */
    float floor = x > -87.0F ? x : -87.0F;
    float n = floor * log2e + round;
    union {
        float f;
        int32_t i;
    } bits = {.f = n}, power;
    n -= round;
    float r = (floor - n * ln2_high) - n * ln2_low;
    float p = 1.0F / 5040;
    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    power.i = (bits.i - 0x4B400000 + 127) * (1 << 23);
    float value = p * power.f;
    return x > -87.0F ? value : (x <= -87.0F ? 0.0F : x); /* NaN stays NaN */
}

NR_CLONES static void pointwise(nr_op op, float low, float high, size_t n,
                                const float *x, float *y) {
    switch (op) {
    case NR_OP_RELU:
        for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
        break;
    case NR_OP_LEAKY_RELU:
        for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? low * x[i] : x[i];
        break;
    case NR_OP_CLIP:
        for (size_t i = 0; i < n; i++) {
            float v = x[i] < low ? low : x[i];
            y[i] = v > high ? high : v;
        }
        break;
    default:
        for (size_t i = 0; i < n; i++) {
            float e = exp_negative(x[i] < 0 ? x[i] : -x[i]); /* of -|x| */
            float small = e / (1 + e);
            y[i] = x[i] < 0 ? small : 1 - small;
        }
    }
}

NR_CLONES static void log_likelihood(size_t rows, size_t classes, const float *logits,
                                     const uint32_t *labels, double *values) {
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * classes;
        float top = l[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = l[c] > top ? l[c] : top;
        for (size_t c = 0; c < classes; c++) sum += exp_negative(l[c] - top);
        values[r] = (double)l[labels[r]] - top - log((double)sum);
    }
}

const nr_kernels nr_kernels_fast = {
    .name = "fast",
    .conv_scratch = conv_scratch,
    .conv = conv,
    .dense = dense,
    .max_pool = max_pool,
    .avg_pool = avg_pool,
    .global_avg_pool = global_avg_pool,
    .affine = affine,
    .pointwise = pointwise,
    .conv_channels = conv_channels,
    .log_likelihood = log_likelihood,
};
