/* Packed matrix products; a part of simd_*.c. */
#ifndef NEURANK_NN_SIMD_PRODUCT_H
#define NEURANK_NN_SIMD_PRODUCT_H

#include "simd.h"
#include "simd_vector.h"

enum { PANEL = 2 * LANES, K_BLOCK = 128 };

/* Width in floats of the panel that begins at column `first`. */
INLINE size_t panel_width(size_t n, size_t first) {
    return n - first <= LANES ? LANES : PANEL;
}

static size_t packed_size(size_t k, size_t n) {
    size_t floats = 0;
    for (size_t first = 0; first < n; first += PANEL)
        floats += k * panel_width(n, first);
    return floats;
}

static void pack(size_t k, size_t n, const float *w, float *packed) {
    for (size_t first = 0; first < n; first += PANEL) {
        size_t width = panel_width(n, first);
        size_t count = n - first < width ? n - first : width;
        for (size_t i = 0; i < k; i++, packed += width) {
            memcpy(packed, w + i * n + first, count * sizeof *packed);
            memset(packed + count, 0, (width - count) * sizeof *packed);
        }
    }
}

/* ROWS rows by VECTORS vectors; `last` columns of the last vector are stored. The
 * weights behind the panel's block are fetched meanwhile: the next block's. */
#define DEFINE_TILE(NAME, ROWS, VECTORS, FETCH)                                        \
    static void tile_##NAME(size_t k, const float *x, size_t ldx, const float *panel,  \
                            float *y, size_t ldy, size_t last, bool add) {             \
        vec sum[ROWS][VECTORS];                                                        \
        const float *next = panel + k * (VECTORS)*LANES;                               \
        _Pragma("GCC unroll 14") for (int r = 0; r < (ROWS); r++)                      \
            _Pragma("GCC unroll 4") for (int v = 0; v < (VECTORS); v++) sum[r][v] =    \
                (vec){0};                                                              \
        for (size_t i = 0; i < k; i++, panel += (VECTORS)*LANES) {                     \
            vec w[VECTORS];                                                            \
            _Pragma("GCC unroll 4") for (int v = 0; v < (VECTORS); v++) {              \
                w[v] = load(panel + v * LANES);                                        \
                if (FETCH)                                                             \
                    __builtin_prefetch(next + (i * (VECTORS) + (size_t)v) * LANES);    \
            }                                                                          \
            _Pragma("GCC unroll 14") for (int r = 0; r < (ROWS); r++)                  \
                _Pragma("GCC unroll 4") for (int v = 0; v < (VECTORS); v++)            \
                    sum[r][v] += x[(size_t)r * ldx + i] * w[v];                        \
        }                                                                              \
        _Pragma("GCC unroll 14") for (int r = 0; r < (ROWS); r++)                      \
            _Pragma("GCC unroll 4") for (int v = 0; v < (VECTORS); v++) {              \
            float *to = y + (size_t)r * ldy + v * LANES;                               \
            size_t n = v == (VECTORS)-1 ? last : LANES;                                \
            if (add) sum[r][v] += load_n(to, n);                                       \
            store_n(to, sum[r][v], n);                                                 \
        }                                                                              \
    }

#if defined(__AVX512F__)
DEFINE_TILE(14x2_fetch, 14, 2, 1)
DEFINE_TILE(14x2, 14, 2, 0)
DEFINE_TILE(14x1, 14, 1, 0)
DEFINE_TILE(8x2, 8, 2, 0)
DEFINE_TILE(8x1, 8, 1, 0)
#else
DEFINE_TILE(6x2_fetch, 6, 2, 1)
DEFINE_TILE(6x2, 6, 2, 0)
DEFINE_TILE(6x1, 6, 1, 0)
#endif
DEFINE_TILE(4x2, 4, 2, 0)
DEFINE_TILE(4x1, 4, 1, 0)
DEFINE_TILE(2x2, 2, 2, 0)
DEFINE_TILE(2x1, 2, 1, 0)
DEFINE_TILE(1x2, 1, 2, 0)
DEFINE_TILE(1x1, 1, 1, 0)

typedef void tile_kernel(size_t k, const float *x, size_t ldx, const float *panel,
                         float *y, size_t ldy, size_t last, bool add);

/* The highest tile of at most m rows. */
INLINE size_t choose_tile(size_t m, bool wide, bool fetch, tile_kernel **out) {
#if defined(__AVX512F__)
    if (m >= 14 && wide && fetch) return *out = tile_14x2_fetch, (size_t)14;
    if (m >= 14) return *out = wide ? tile_14x2 : tile_14x1, (size_t)14;
    if (m >= 8) return *out = wide ? tile_8x2 : tile_8x1, (size_t)8;
#else
    if (m >= 6 && wide && fetch) return *out = tile_6x2_fetch, (size_t)6;
    if (m >= 6) return *out = wide ? tile_6x2 : tile_6x1, (size_t)6;
#endif
    if (m >= 4) return *out = wide ? tile_4x2 : tile_4x1, (size_t)4;
    if (m >= 2) return *out = wide ? tile_2x2 : tile_2x1, (size_t)2;
    return *out = wide ? tile_1x2 : tile_1x1, (size_t)1;
}

static void product(size_t m, size_t n, size_t k, const float *x, size_t ldx,
                    const float *packed, float *y, size_t ldy) {
    for (size_t first = 0; first < n; first += PANEL) {
        size_t width = panel_width(n, first);
        size_t count = n - first < width ? n - first : width;
        size_t last = count - (width - LANES);
        for (size_t from = 0; from < k; from += K_BLOCK) {
            size_t depth = k - from < K_BLOCK ? k - from : K_BLOCK;
            for (size_t row = 0; row < m;) {
                tile_kernel *tile;
                size_t rows = choose_tile(m - row, width == PANEL, row == 0, &tile);
                tile(depth, x + row * ldx + from, ldx, packed + from * width,
                     y + row * ldy + first, ldy, last, from > 0);
                row += rows;
            }
        }
        packed += k * width;
    }
}

INLINE vec finish_vector(vec v, vec bias, const nr_post *post) {
    v += bias;
    if (!post->clamp) return v;
    return min_of(max_of(v, splat(post->low)), splat(post->high));
}

static void finish(size_t m, size_t n, float *y, const float *bias,
                   const nr_post *post) {
    for (size_t i = 0; i < n; i += LANES) {
        size_t count = n - i < LANES ? n - i : LANES;
        vec shift = bias ? load_n(bias + i, count) : (vec){0};
        for (size_t r = 0; r < m; r++)
            store_n(y + r * n + i,
                    finish_vector(load_n(y + r * n + i, count), shift, post), count);
    }
}

#endif
