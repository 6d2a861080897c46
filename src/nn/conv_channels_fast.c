/* What some channels of one image contribute to a product. */
#include "kernels_private.h"
#include "simd.h"

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

static void scatter(const nr_window_args *a, const uint32_t *channels,
                    size_t n_channels) {
    for (size_t iy = 0; iy < a->in.h; iy++)
        for (size_t ix = 0; ix < a->in.w; ix++)
            for (size_t i = 0; i < n_channels; i++) {
                float value = a->x[(iy * a->in.w + ix) * a->in.c + channels[i]];
                if (value != 0) scatter_pixel(a, iy, ix, channels[i], value);
            }
}

/* ---- the same, output pixel by output pixel: its sum stays in registers ---- */

enum { TERMS_MAX = 64 };

typedef struct {
    const nr_simd_set *simd;
    const nr_window_args *a;
    float *y; /* the output pixel */
    size_t count;
    float values[TERMS_MAX];
    const float *rows[TERMS_MAX];
} terms;

static void flush(terms *t) {
    if (t->count > 0) t->simd->combine(t->a->out.c, t->count, t->values, t->rows, t->y);
    t->count = 0;
}

/* What the channels of one input pixel give to the output pixel, through one tap. */
static void add_terms(terms *t, const float *pixel, const float *weight,
                      const uint32_t *channels, size_t n_channels) {
    for (size_t i = 0; i < n_channels; i++) {
        float value = pixel[channels[i]];
        if (t->count == TERMS_MAX) flush(t);
        /* Zeros come at random: no branch. The next term takes a zero's place. */
        t->values[t->count] = value;
        t->rows[t->count] = weight + channels[i] * t->a->out.c;
        t->count += value != 0;
    }
}

static void gather_pixel(terms *t, size_t oy, size_t ox, const uint32_t *channels,
                         size_t n_channels) {
    const nr_window_args *a = t->a;
    nr_taps rows = nr_taps_of_row(a, oy), columns = nr_taps_of_column(a, ox);
    FOR_TAPS_ON_IMAGE(rows, columns) {
        size_t tap = ky * a->window.kernel_w + kx;
        add_terms(t, nr_tap_at(a, 0, oy, ox, ky, kx),
                  a->weight + tap * a->in.c * a->out.c, channels, n_channels);
    }
}

void nr_fast_conv_channels(const nr_kernels *self, const nr_window_args *a,
                           const uint32_t *channels, size_t n_channels) {
    terms t = {.simd = self->simd, .a = a};
    if (!self->simd || a->window.group > 1) {
        scatter(a, channels, n_channels);
        return;
    }
    for (size_t oy = 0; oy < a->out.h; oy++)
        for (size_t ox = 0; ox < a->out.w; ox++) {
            t.y = a->y + (oy * a->out.w + ox) * a->out.c;
            gather_pixel(&t, oy, ox, channels, n_channels);
            flush(&t);
        }
}
