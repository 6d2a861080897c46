/* Convolutions of 3 x 3 taps with fewer multiplications; a part of simd_*.c.
 *
 * F(4 x 4, 3 x 3): a tile of 4 x 4 outputs costs 36 products instead of 144 (Lavin and
 * Gray 2016). With the points 0, +-5/8, +-3/2 and infinity the error stays near that of
 * the direct form; 0, +-1, +-2 would be ten times worse. In one dimension, with
 * a = 5/8, b = 3/2 and N(p) the product of p's distances to the other points,
 *
 *   U = G w    1/N(p) (w0 + p w1 + p^2 w2) for each point, w2 for infinity
 *   V = B d    coefficients of prod (x - p') over the other points, times d
 *   y = A (U V)    y_i = sum_p p^i (U V)_p, and infinity into y_3
 *
 * Maps of 2 x 2 pixels: y0 = w1 (x0 + x1) + (w2 - w1) x1, y1 = w1 (x0 + x1) +
 * (w0 - w1) x0, three products a dimension, nine in two.
 *
 * Channels are the vector lanes; each of the 36 (or 9) planes is a matrix [tiles, c]
 * for the product kernel. */
#ifndef NEURANK_NN_SIMD_WINOGRAD_H
#define NEURANK_NN_SIMD_WINOGRAD_H

#include "simd_product.h"

enum { POINTS = 6, TILE = 4, PLANES_MAX = POINTS * POINTS };
/* Planes do not start at multiples of 4 KiB: their tiles would share cache sets. */
enum { PLANE_PAD = 48 };
/* Both kinds of planes of a batch of tiles fill about this many floats. */
enum { BATCH_FLOATS = 200000, BATCH_MIN = 56, BATCH_MAX = 112 };

#define PA 0.625F
#define PB 1.5F
#define PA2 (PA * PA)
#define PB2 (PB * PB)

typedef struct {
    bool small;                            /* 2 x 2 maps */
    size_t planes;                         /* 36 or 9 */
    size_t across, down, per_map;          /* tiles */
    size_t batch;                          /* tiles of a batch */
    size_t v_row, v_plane, m_row, m_plane; /* floats */
} winograd_plan;

INLINE size_t round_up(size_t n, size_t step) {
    return (n + step - 1) / step * step;
}

static winograd_plan plan_winograd(size_t h, size_t w, size_t c_in, size_t c_out) {
    winograd_plan p = {.small = h == 2 && w == 2};
    p.planes = p.small ? 9 : PLANES_MAX;
    p.across = p.small ? 1 : (w + TILE - 1) / TILE;
    p.down = p.small ? 1 : (h + TILE - 1) / TILE;
    p.per_map = p.across * p.down;
    p.v_row = round_up(c_in, LANES) + LANES;
    p.m_row = round_up(c_out, LANES) + LANES;
    size_t batch = BATCH_FLOATS / (p.planes * (p.v_row + p.m_row));
    batch = batch / TILE_ROWS * TILE_ROWS;
    p.batch = batch < BATCH_MIN ? BATCH_MIN : batch > BATCH_MAX ? BATCH_MAX : batch;
    p.v_plane = p.batch * p.v_row + PLANE_PAD;
    p.m_plane = p.batch * p.m_row + PLANE_PAD;
    return p;
}

static size_t winograd_scratch(size_t h, size_t w, size_t c_in, size_t c_out) {
    winograd_plan p = plan_winograd(h, w, c_in, c_out);
    return p.planes * (p.v_plane + p.m_plane);
}

/* ---- weights ---- */

static size_t winograd_packed_size(size_t h, size_t w, size_t c_in, size_t c_out) {
    return (h == 2 && w == 2 ? 9 : PLANES_MAX) * packed_size(c_in, c_out);
}

static void transform_weights_1d(bool small, const double w[3], double u[POINTS]) {
    const double a = 5.0 / 8, b = 3.0 / 2, a2 = a * a, b2 = b * b;
    const double na = 2 * a2 * (a2 - b2), nb = 2 * b2 * (b2 - a2);
    if (small) {
        u[0] = w[1];
        u[1] = w[2] - w[1];
        u[2] = w[0] - w[1];
        return;
    }
    u[0] = w[0] / (a2 * b2);
    u[1] = (w[0] + a * w[1] + a2 * w[2]) / na;
    u[2] = (w[0] - a * w[1] + a2 * w[2]) / na;
    u[3] = (w[0] + b * w[1] + b2 * w[2]) / nb;
    u[4] = (w[0] - b * w[1] + b2 * w[2]) / nb;
    u[5] = w[2];
}

/* All planes of one pair of channels. */
static void transform_weights(bool small, const float *w, size_t step, double *u) {
    size_t points = small ? 3 : POINTS;
    double rows[3][POINTS];
    for (size_t ky = 0; ky < 3; ky++) {
        double line[3];
        for (size_t kx = 0; kx < 3; kx++) line[kx] = w[(ky * 3 + kx) * step];
        transform_weights_1d(small, line, rows[ky]);
    }
    for (size_t px = 0; px < points; px++) {
        double column[POINTS];
        const double line[3] = {rows[0][px], rows[1][px], rows[2][px]};
        transform_weights_1d(small, line, column);
        for (size_t py = 0; py < points; py++) u[py * points + px] = column[py];
    }
}

/* Where weight (i, j) of a [k, n] matrix stands in its packed form. */
INLINE size_t packed_place(size_t k, size_t n, size_t i, size_t j) {
    size_t first = j / PANEL * PANEL;
    return first * k + i * panel_width(n, first) + (j - first);
}

static void winograd_pack(size_t h, size_t w, size_t c_in, size_t c_out,
                          const float *weight, float *packed) {
    bool small = h == 2 && w == 2;
    size_t planes = small ? 9 : PLANES_MAX, size = packed_size(c_in, c_out);
    double u[PLANES_MAX];
    memset(packed, 0, planes * size * sizeof *packed);
    for (size_t i = 0; i < c_in; i++)
        for (size_t j = 0; j < c_out; j++) {
            transform_weights(small, weight + i * c_out + j, c_in * c_out, u);
            for (size_t p = 0; p < planes; p++)
                packed[p * size + packed_place(c_in, c_out, i, j)] = (float)u[p];
        }
}

/* ---- one dimension ---- */

INLINE void input_1d(const vec d[POINTS], vec v[POINTS]) {
    vec even_a = d[4] - PB2 * d[2], odd_a = PA * (d[3] - PB2 * d[1]);
    vec even_b = d[4] - PA2 * d[2], odd_b = PB * (d[3] - PA2 * d[1]);
    v[0] = d[4] - (PA2 + PB2) * d[2] + (PA2 * PB2) * d[0];
    v[1] = even_a + odd_a;
    v[2] = even_a - odd_a;
    v[3] = even_b + odd_b;
    v[4] = even_b - odd_b;
    v[5] = d[5] - (PA2 + PB2) * d[3] + (PA2 * PB2) * d[1];
}

INLINE void output_1d(const vec m[POINTS], vec y[TILE]) {
    vec sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    vec sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    y[0] = m[0] + sum_a + sum_b;
    y[1] = PA * difference_a + PB * difference_b;
    y[2] = PA2 * sum_a + PB2 * sum_b;
    y[3] = m[5] + (PA2 * PA) * difference_a + (PB2 * PB) * difference_b;
}

/* ---- tiles ---- */

/* A vector of channels of a tile's 6 x 6 inputs, zero outside of the map. */
INLINE void load_tile(const nr_window_args *a, const float *image, ptrdiff_t top,
                      ptrdiff_t left, size_t channel, size_t n, bool inside,
                      vec d[POINTS][POINTS]) {
    const float *from = image + channel;
    for (ptrdiff_t y = 0; y < POINTS; y++)
        for (ptrdiff_t x = 0; x < POINTS; x++) {
            ptrdiff_t iy = top + y, ix = left + x;
            bool there = inside || (iy >= 0 && iy < (ptrdiff_t)a->in.h && ix >= 0 &&
                                    ix < (ptrdiff_t)a->in.w);
            d[y][x] =
                there
                    ? load_n(from + (iy * (ptrdiff_t)a->in.w + ix) * (ptrdiff_t)a->in.c,
                             n)
                    : (vec){0};
        }
}

static void input_tile(const nr_window_args *a, const winograd_plan *p,
                       const float *image, size_t ty, size_t tx, float *v) {
    ptrdiff_t top = (ptrdiff_t)(ty * TILE) - 1, left = (ptrdiff_t)(tx * TILE) - 1;
    bool inside = top >= 0 && left >= 0 && top + POINTS <= (ptrdiff_t)a->in.h &&
                  left + POINTS <= (ptrdiff_t)a->in.w;
    for (size_t c = 0; c < a->in.c; c += LANES) {
        size_t n = a->in.c - c < LANES ? a->in.c - c : LANES;
        vec d[POINTS][POINTS], half[POINTS][POINTS];
        if (inside && n == LANES) load_tile(a, image, top, left, c, LANES, true, d);
        else load_tile(a, image, top, left, c, n, false, d);
        for (int y = 0; y < POINTS; y++) input_1d(d[y], half[y]);
        for (int x = 0; x < POINTS; x++) {
            vec column[POINTS], out[POINTS];
            for (int y = 0; y < POINTS; y++) column[y] = half[y][x];
            input_1d(column, out);
            for (int y = 0; y < POINTS; y++)
                store(v + (size_t)(y * POINTS + x) * p->v_plane + c, out[y]);
        }
    }
}

static void input_small(const nr_window_args *a, const winograd_plan *p,
                        const float *image, float *v) {
    for (size_t c = 0; c < a->in.c; c += LANES) {
        size_t n = a->in.c - c < LANES ? a->in.c - c : LANES;
        vec d[4];
        for (size_t i = 0; i < 4; i++) d[i] = load_n(image + i * a->in.c + c, n);
        vec left = d[0] + d[2], right = d[1] + d[3];
        const vec out[9] = {left + right, right, left,  /* rows summed */
                            d[2] + d[3],  d[3],  d[2],  /* lower row */
                            d[0] + d[1],  d[1],  d[0]}; /* upper row */
        for (size_t i = 0; i < 9; i++) store(v + i * p->v_plane + c, out[i]);
    }
}

/* Stores a tile's outputs that are on the map, or the maxima of their quarters. */
INLINE void store_tile(const nr_window_args *a, float *image, size_t top, size_t left,
                       size_t channel, size_t n, vec y[TILE][TILE]) {
    size_t step = a->post.pool ? 2 : 1, h = a->in.h / step, w = a->in.w / step;
    top /= step;
    left /= step;
    for (size_t i = 0; i < TILE / step && top + i < h; i++)
        for (size_t k = 0; k < TILE / step && left + k < w; k++) {
            vec v = y[i * step][k * step];
            if (a->post.pool) {
                v = max_of_both(v, y[2 * i][2 * k + 1]);
                v = max_of_both(v, y[2 * i + 1][2 * k]);
                v = max_of_both(v, y[2 * i + 1][2 * k + 1]);
            }
            store_n(image + ((top + i) * w + left + k) * a->out.c + channel, v, n);
        }
}

static void output_tile(const nr_window_args *a, const winograd_plan *p, const float *m,
                        size_t ty, size_t tx, float *image) {
    for (size_t c = 0; c < a->out.c; c += LANES) {
        size_t n = a->out.c - c < LANES ? a->out.c - c : LANES;
        vec bias = a->bias ? load_n(a->bias + c, n) : (vec){0};
        vec half[TILE][POINTS], y[TILE][TILE];
        for (int x = 0; x < POINTS; x++) {
            vec column[POINTS], out[TILE];
            for (int i = 0; i < POINTS; i++)
                column[i] = load(m + (size_t)(i * POINTS + x) * p->m_plane + c);
            output_1d(column, out);
            for (int i = 0; i < TILE; i++) half[i][x] = out[i];
        }
        for (int i = 0; i < TILE; i++) {
            output_1d(half[i], y[i]);
            for (int k = 0; k < TILE; k++)
                y[i][k] = finish_vector(y[i][k], bias, &a->post);
        }
        store_tile(a, image, ty * TILE, tx * TILE, c, n, y);
    }
}

static void output_small(const nr_window_args *a, const winograd_plan *p,
                         const float *m, float *image) {
    for (size_t c = 0; c < a->out.c; c += LANES) {
        size_t n = a->out.c - c < LANES ? a->out.c - c : LANES;
        vec bias = a->bias ? load_n(a->bias + c, n) : (vec){0};
        vec q[9], y[4];
        for (size_t i = 0; i < 9; i++) q[i] = load(m + i * p->m_plane + c);
        for (size_t i = 0; i < 3; i++) { /* over columns: left and right output */
            q[i * 3 + 1] = q[i * 3] + q[i * 3 + 1];
            q[i * 3 + 2] = q[i * 3] + q[i * 3 + 2];
        }
        for (size_t k = 0; k < 2; k++) {
            y[k] = finish_vector(q[1 + k] + q[4 + k], bias, &a->post);
            y[2 + k] = finish_vector(q[1 + k] + q[7 + k], bias, &a->post);
        }
        if (a->post.pool) {
            store_n(image + c,
                    max_of_both(max_of_both(y[0], y[1]), max_of_both(y[2], y[3])), n);
            continue;
        }
        for (size_t i = 0; i < 4; i++) store_n(image + i * a->out.c + c, y[i], n);
    }
}

static void winograd(const nr_window_args *a) {
    winograd_plan p = plan_winograd(a->in.h, a->in.w, a->in.c, a->out.c);
    size_t in = nr_shape_size(a->in), size = packed_size(a->in.c, a->out.c);
    size_t step = a->post.pool ? 2 : 1;
    size_t out = (a->in.h / step) * (a->in.w / step) * (size_t)a->out.c;
    float *v = a->scratch, *m = a->scratch + p.planes * p.v_plane;
    size_t tiles = a->rows * p.per_map;
    for (size_t first = 0; first < tiles; first += p.batch) {
        size_t count = tiles - first < p.batch ? tiles - first : p.batch;
        for (size_t t = 0; t < count; t++) {
            size_t row = (first + t) / p.per_map, at = (first + t) % p.per_map;
            if (p.small) input_small(a, &p, a->x + row * in, v + t * p.v_row);
            else
                input_tile(a, &p, a->x + row * in, at / p.across, at % p.across,
                           v + t * p.v_row);
        }
        for (size_t i = 0; i < p.planes; i++)
            product(count, a->out.c, a->in.c, v + i * p.v_plane, p.v_row,
                    a->packed + i * size, m + i * p.m_plane, p.m_row);
        for (size_t t = 0; t < count; t++) {
            size_t row = (first + t) / p.per_map, at = (first + t) % p.per_map;
            if (p.small) output_small(a, &p, m + t * p.m_row, a->y + row * out);
            else
                output_tile(a, &p, m + t * p.m_row, at / p.across, at % p.across,
                            a->y + row * out);
        }
    }
}

#endif
