/* Fast kernels equal the reference ones up to rounding, on every kind of shape. */
#include "../support/nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/nn/kernels.h"

static const nr_kernels *fast, *reference;

static float *random_floats(size_t n, uint64_t family) {
    float *values = nr_new_floats(n);
    test_fill(values, n, family);
    return values;
}

static void assert_near(const float *a, const float *b, size_t n, float tolerance) {
    for (size_t i = 0; i < n; i++) assert_true(fabsf(a[i] - b[i]) <= tolerance);
}

/* ---- one operator on random input ---- */

typedef struct {
    nr_window_args args;
    float *x, *weight, *bias, *y, *wanted, *scratch, *packed;
    size_t n_out;
} window_case;

static nr_shape output_of(nr_shape in, uint32_t c_out, const nr_window *w) {
    uint32_t span_h = (w->kernel_h - 1) * w->dilation_h + 1;
    uint32_t span_w = (w->kernel_w - 1) * w->dilation_w + 1;
    return (nr_shape){
        c_out, (in.h + w->pad_top + w->pad_bottom - span_h) / w->stride_h + 1,
        (in.w + w->pad_left + w->pad_right - span_w) / w->stride_w + 1, 0};
}

/* Packed for the fast kernels, output to `y`. */
static window_case make_case(nr_shape in, uint32_t c_out, nr_window window,
                             size_t rows) {
    nr_shape out = output_of(in, c_out, &window);
    size_t taps = (size_t)window.kernel_h * window.kernel_w;
    size_t packed = fast->conv_packed(fast, in, out, &window);
    window_case c = {.n_out = rows * nr_shape_size(out),
                     .x = random_floats(rows * nr_shape_size(in), 1),
                     .weight = random_floats(taps * in.c / window.group * c_out, 2),
                     .bias = random_floats(c_out, 3),
                     .y = random_floats(rows * nr_shape_size(out), 4),
                     .wanted = random_floats(rows * nr_shape_size(out), 4),
                     .scratch =
                         nr_new_floats(fast->conv_scratch(fast, in, out, &window)),
                     .packed = nr_new_floats(packed)};
    c.args = (nr_window_args){.rows = rows,
                              .in = in,
                              .out = out,
                              .window = window,
                              .x = c.x,
                              .weight = c.weight,
                              .bias = c.bias,
                              .y = c.y,
                              .scratch = c.scratch};
    if (packed) {
        fast->conv_pack(fast, in, out, &window, c.weight, c.packed);
        c.args.packed = c.packed;
    }
    return c;
}

static void free_case(window_case *c) {
    float *all[] = {c->x, c->weight, c->bias, c->y, c->wanted, c->scratch, c->packed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* The reference's output, to `wanted`. */
static void want(window_case *c) {
    nr_window_args args = c->args;
    args.y = c->wanted;
    reference->conv(reference, &args);
}

static void compare_conv(nr_shape in, uint32_t c_out, nr_window window, size_t rows) {
    window_case c = make_case(in, c_out, window, rows);
    want(&c);
    fast->conv(fast, &c.args);
    assert_near(c.y, c.wanted, c.n_out, 2e-4F);
    free_case(&c);
}

static void compare_channels(nr_shape in, uint32_t c_out, nr_window window) {
    enum { ROWS = 2 };
    uint32_t channels[64];
    window_case c = make_case(in, c_out, window, ROWS);
    want(&c);
    for (uint32_t i = 0; i < in.c; i++) channels[i] = i;
    for (size_t r = 0; r < ROWS; r++) {
        size_t n = c.n_out / ROWS;
        nr_window_args row = c.args;
        row.rows = 1;
        row.x += r * nr_shape_size(in);
        row.y += r * n;
        for (size_t i = 0; i < n; i++) row.y[i] = c.bias[i % c_out];
        /* in two parts: what channels give adds up */
        fast->conv_channels(fast, &row, channels, 1);
        fast->conv_channels(fast, &row, channels + 1, in.c - 1);
    }
    assert_near(c.y, c.wanted, c.n_out, 2e-4F);
    free_case(&c);
}

typedef void pool_kernel(const nr_window_args *args);

static void compare_pool(pool_kernel *quick, pool_kernel *plain, nr_shape in,
                         nr_window window) {
    window_case c = make_case(in, in.c, window, 2);
    quick(&c.args);
    c.args.y = c.wanted;
    plain(&c.args);
    assert_near(c.y, c.wanted, c.n_out, 1e-6F);
    free_case(&c);
}

static void test_convolutions(void **state) {
    (void)state;
    const nr_window windows[] = {{3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0},
                                 {5, 5, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0},
                                 {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0},
                                 {1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0},
                                 {3, 2, 2, 1, 1, 1, 1, 0, 2, 1, 2, 0, 0},
                                 {3, 3, 1, 2, 2, 3, 2, 3, 1, 0, 1, 0, 0},
                                 {3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 4, 0, 0},
                                 {7, 7, 3, 3, 1, 1, 6, 6, 6, 6, 1, 0, 0}};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        nr_shape in = {4, 9, 8, 0};
        compare_conv(in, 8, windows[i], 3);
        compare_conv(in, 4, windows[i], 1);
        compare_channels(in, 8, windows[i]);
    }
    const nr_window depthwise[] = {{3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 37, 0, 0},
                                   {5, 3, 2, 1, 1, 2, 3, 1, 0, 4, 37, 0, 0}};
    for (size_t i = 0; i < 2; i++)
        compare_conv((nr_shape){37, 7, 9, 0}, 37, depthwise[i], 2);
    nr_window large = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    compare_conv((nr_shape){64, 14, 14, 0}, 32, large, 5);
}

/* 3 x 3 convolutions on maps that tiles divide and that they do not, with what is fused
 * behind them. */
static void compare_fused(nr_shape in, uint32_t c_out, bool clamp, bool pool) {
    enum { ROWS = 3 };
    const nr_window window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    const nr_window halves = {2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0};
    window_case c = make_case(in, c_out, window, ROWS);
    nr_window_args pooling = {.rows = ROWS,
                              .in = c.args.out,
                              .out = {c_out, in.h / 2, in.w / 2, 0},
                              .window = halves,
                              .x = c.wanted};
    size_t n = pool ? ROWS * nr_shape_size(pooling.out) : c.n_out;
    float *pooled = pooling.y = nr_new_floats(ROWS * nr_shape_size(pooling.out));
    want(&c);
    for (size_t i = 0; i < c.n_out && clamp; i++)
        c.wanted[i] = fminf(fmaxf(c.wanted[i], 0), 0.5F);
    if (pool) reference->max_pool(&pooling);
    c.args.post = (nr_post){.clamp = clamp, .low = 0, .high = 0.5F, .pool = pool};
    fast->conv(fast, &c.args);
    assert_near(c.y, pool ? pooled : c.wanted, n, 1e-5F * (float)in.c);
    c.x[0] = NAN;
    fast->conv(fast, &c.args);
    assert_true(isnan(c.y[0]));
    free(pooled);
    free_case(&c);
}

static void test_fused(void **state) {
    (void)state;
    static const uint32_t maps[][2] = {{2, 2},  {4, 4}, {7, 7},
                                       {14, 9}, {3, 2}, {28, 28}};
    const nr_window window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++)
        for (int k = 0; k < 4; k++) {
            uint32_t c_out = k % 2 ? 48 : 21;
            nr_shape in = {k % 2 ? 64 : 9, maps[m][0], maps[m][1], 0}, out = in;
            out.c = c_out;
            bool pools = fast->conv_pools(fast, in, out, &window);
            compare_fused(in, c_out, k > 1, pools && k > 0);
        }
}

static void test_products(void **state) {
    (void)state;
    static const size_t sizes[][3] = {
        {1, 5, 1}, {33, 500, 10}, {15, 300, 77}, {64, 17, 64}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t rows = sizes[k][0], depth = sizes[k][1], n = sizes[k][2];
        float *x = random_floats(rows * depth, 1),
              *weight = random_floats(depth * n, 2);
        float *bias = random_floats(n, 3),
              *y[2] = {nr_new_floats(rows * n), nr_new_floats(rows * n)};
        size_t floats = fast->dense_packed(fast, depth, n);
        float *packed = nr_new_floats(floats);
        nr_dense_args args = {.rows = rows,
                              .k = depth,
                              .n = n,
                              .x = x,
                              .weight = weight,
                              .bias = bias,
                              .y = y[0]};
        reference->dense(reference, &args);
        if (floats) fast->dense_pack(fast, depth, n, weight, packed);
        args.packed = floats ? packed : NULL;
        args.post = (nr_post){.clamp = true, .low = 0, .high = INFINITY};
        args.y = y[1];
        fast->dense(fast, &args);
        for (size_t i = 0; i < rows * n; i++) y[0][i] = fmaxf(y[0][i], 0);
        assert_near(y[0], y[1], rows * n, 2e-5F * sqrtf((float)depth));
        free(x), free(weight), free(bias), free(y[0]), free(y[1]), free(packed);
    }
}

/* Steps of a walk against sums in double. */
static void compare_walk(size_t features, size_t classes, float high, size_t skip) {
    enum { STEPS = 7 };
    float *deltas = random_floats(STEPS * features, 1),
          *ends = random_floats(features, 2);
    float *weight = random_floats(features * classes, 3),
          *bias = random_floats(classes, 4);
    float *current = random_floats(features, 5), *start = random_floats(features, 5);
    float *packed = nr_new_floats(fast->walk_packed(fast, features, classes));
    float scales[STEPS], logits[2][STEPS * 16];
    const float *rows[STEPS];
    for (size_t s = 0; s < STEPS; s++) {
        scales[s] = 1.0F + (float)s;
        rows[s] = deltas + s * features;
    }
    fast->walk_pack(fast, features, classes, weight, packed);
    fast->walk(fast, &(nr_walk_args){.steps = STEPS,
                                     .features = features,
                                     .classes = classes,
                                     .deltas = rows,
                                     .scales = scales,
                                     .ends = ends,
                                     .current = current,
                                     .low = 0,
                                     .high = high,
                                     .packed = packed,
                                     .bias = bias,
                                     .prefix = logits[0],
                                     .complement = logits[1],
                                     .stride = 16,
                                     .skip = skip});
    for (size_t s = 0; s < STEPS; s++)
        for (size_t k = 0; k < classes; k++) {
            double wanted[2] = {bias[k], bias[k]};
            for (size_t i = 0; i < features; i++) {
                double z = start[i];
                for (size_t t = 0; t <= s; t++)
                    z += scales[t] * deltas[t * features + i];
                double sides[2] = {z, ends[i] - z};
                for (int side = 0; side < 2; side++)
                    wanted[side] +=
                        fmin(fmax(sides[side], 0), high) * weight[i * classes + k];
            }
            for (int side = 0; side < 2; side++)
                assert_true(
                    fabs(logits[side][s * 16 + k + (k >= skip)] - wanted[side]) < 2e-3);
        }
    free(deltas), free(ends), free(weight), free(bias), free(current), free(start);
    free(packed);
}

static void test_walk(void **state) {
    (void)state;
    static const size_t features[] = {3, 16, 84, 500};
    for (size_t k = 1; k <= 13; k++)
        for (size_t f = 0; f < 4; f++) {
            if (!fast->walk_packed(fast, features[f], k)) continue;
            compare_walk(features[f], k, INFINITY, k / 2);
            compare_walk(features[f], k, 1.5F, k);
        }
}

static void test_pools(void **state) {
    (void)state;
    const nr_window windows[] = {{2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0},
                                 {3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0},
                                 {3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0},
                                 {3, 2, 1, 1, 2, 3, 2, 1, 0, 1, 1, 0, 0}};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        nr_shape in = {5, 8, 9, 0};
        compare_pool(fast->max_pool, reference->max_pool, in, windows[i]);
        compare_pool(fast->avg_pool, reference->avg_pool, in, windows[i]);
    }
}

/* A NaN is no number that a maximum could be larger than. */
static void test_pools_keep_nan(void **state) {
    (void)state;
    const nr_window halves = {2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0};
    for (uint32_t c = 1; c < 40; c += 18)
        for (size_t at = 0; at < 4; at++) {
            float x[4 * 40] = {0}, y[40];
            nr_window_args args = {.rows = 1,
                                   .in = {c, 2, 2, 0},
                                   .out = {c, 1, 1, 0},
                                   .window = halves,
                                   .x = x,
                                   .y = y};
            x[at * c + c - 1] = NAN;
            fast->max_pool(&args);
            assert_true(isnan(y[c - 1]) && (c == 1 || y[0] == 0));
            reference->max_pool(&args);
            assert_true(isnan(y[c - 1]) && (c == 1 || y[0] == 0));
        }
}

/* The mean of no pixel at all is no number. */
static void test_average_of_nothing(void **state) {
    (void)state;
    const nr_window window = {2, 2, 1, 1, 1, 1, 3, 0, 0, 0, 1, 0, 0};
    window_case c = make_case((nr_shape){3, 4, 4, 0}, 3, window, 1);
    fast->avg_pool(&c.args);
    assert_true(isnan(c.y[0]) && !isnan(c.y[c.n_out - 1]));
    reference->avg_pool(&c.args);
    assert_true(isnan(c.y[0]) && !isnan(c.y[c.n_out - 1]));
    free_case(&c);
}

static void test_elementwise(void **state) {
    (void)state;
    enum { N = 1003 };
    static const nr_op ops[] = {NR_OP_RELU, NR_OP_LEAKY_RELU, NR_OP_CLIP,
                                NR_OP_SIGMOID};
    float x[N], y[2][N];
    test_fill(x, N, 9);
    for (size_t i = 0; i < N; i++) x[i] *= i % 3 ? 3 : 60;
    x[0] = 1e6F;
    x[1] = -1e6F;
    for (size_t k = 0; k < 4; k++) {
        fast->pointwise(ops[k], k == 1 ? 0.1F : -0.5F, 0.7F, N, x, y[0]);
        reference->pointwise(ops[k], k == 1 ? 0.1F : -0.5F, 0.7F, N, x, y[1]);
        assert_near(y[0], y[1], N, 3e-7F);
    }
}

static void test_log_likelihood(void **state) {
    (void)state;
    enum { ROWS = 200 };
    static const size_t classes[] = {2, 10, 1000};
    for (size_t k = 0; k < 3; k++) {
        size_t n = ROWS * classes[k];
        float *logits = random_floats(n, 11);
        uint32_t labels[ROWS];
        double values[2][ROWS];
        for (size_t i = 0; i < n; i++) logits[i] *= i % 2 ? 5.0F : 100.0F;
        for (uint32_t r = 0; r < ROWS; r++) labels[r] = (uint32_t)(r % classes[k]);
        fast->log_likelihood(fast, ROWS, classes[k], logits, labels, values[0]);
        reference->log_likelihood(reference, ROWS, classes[k], logits, labels,
                                  values[1]);
        for (size_t r = 0; r < ROWS; r++)
            assert_true(fabs(values[0][r] - values[1][r]) <=
                        2e-6 * (1 + fabs(values[1][r])));
        logits[3] = NAN;
        fast->log_likelihood(fast, ROWS, classes[k], logits, labels, values[0]);
        assert_true(isnan(values[0][3 / classes[k]]));
        free(logits);
    }
}

/* Every kind that this processor has. */
int main(void) {
    static const char *const kinds[] = {"blas", "avx2", "avx512"};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convolutions),
                                       cmocka_unit_test(test_fused),
                                       cmocka_unit_test(test_products),
                                       cmocka_unit_test(test_pools),
                                       cmocka_unit_test(test_pools_keep_nan),
                                       cmocka_unit_test(test_average_of_nothing),
                                       cmocka_unit_test(test_elementwise),
                                       cmocka_unit_test(test_log_likelihood),
                                       cmocka_unit_test(test_walk)};
    int failed = 0;
    reference = nr_kernels_find("reference");
    for (size_t k = 0; k < 3; k++) {
        fast = nr_kernels_find(kinds[k]);
        if (fast) failed += cmocka_run_group_tests_name(kinds[k], tests, NULL, NULL);
        else printf("%s: not on this processor\n", kinds[k]);
    }
    return failed;
}
