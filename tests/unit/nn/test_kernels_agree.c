/* Fast kernels equal the reference ones up to rounding, on every kind of shape. */
#include "../support/nets.h"

#include <math.h>
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

typedef void window_kernel(const nr_window_args *args);

/* Runs both kernels on random input and compares. */
static void compare(window_kernel *quick, window_kernel *plain, nr_shape in,
                    uint32_t c_out, nr_window window, size_t rows) {
    nr_shape out = {c_out, 0, 0, 0};
    uint32_t span_h = (window.kernel_h - 1) * window.dilation_h + 1;
    uint32_t span_w = (window.kernel_w - 1) * window.dilation_w + 1;
    out.h = (in.h + window.pad_top + window.pad_bottom - span_h) / window.stride_h + 1;
    out.w = (in.w + window.pad_left + window.pad_right - span_w) / window.stride_w + 1;
    size_t taps = (size_t)window.kernel_h * window.kernel_w;
    size_t n_in = rows * nr_shape_size(in), n_out = rows * nr_shape_size(out);
    float *x = random_floats(n_in, 1), *bias = random_floats(c_out, 3);
    float *weight = random_floats(taps * in.c / window.group * c_out, 2);
    float *y[2] = {random_floats(n_out, 4), random_floats(n_out, 4)};
    float *scratch = nr_new_floats(fast->conv_scratch(in, out, &window));
    nr_window_args args = {.rows = rows,
                           .in = in,
                           .out = out,
                           .window = window,
                           .x = x,
                           .weight = weight,
                           .bias = bias,
                           .y = y[0],
                           .scratch = scratch};
    quick(&args);
    args.y = y[1];
    plain(&args);
    assert_near(y[0], y[1], n_out, 2e-4F);
    free(x);
    free(bias);
    free(weight);
    free(y[0]);
    free(y[1]);
    free(scratch);
}

static void all_channels_fast(const nr_window_args *args) {
    uint32_t channels[64];
    for (uint32_t i = 0; i < args->in.c; i++) channels[i] = i;
    for (size_t r = 0; r < args->rows; r++) {
        nr_window_args row = *args;
        row.rows = 1;
        row.x += r * nr_shape_size(args->in);
        row.y += r * nr_shape_size(args->out);
        size_t n = nr_shape_size(args->out);
        for (size_t i = 0; i < n; i++) row.y[i] = args->bias[i % args->out.c];
        /* in two parts: what channels give adds up */
        fast->conv_channels(&row, channels, 1);
        fast->conv_channels(&row, channels + 1, args->in.c - 1);
    }
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
        compare(fast->conv, reference->conv, in, 8, windows[i], 3);
        compare(fast->conv, reference->conv, in, 4, windows[i], 1);
        compare(all_channels_fast, reference->conv, in, 8, windows[i], 2);
    }
    nr_window large = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    compare(fast->conv, reference->conv, (nr_shape){64, 14, 14, 0}, 32, large, 5);
}

static void test_pools(void **state) {
    (void)state;
    const nr_window windows[] = {{2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0},
                                 {3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0},
                                 {3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0},
                                 {3, 2, 1, 1, 2, 3, 2, 1, 0, 1, 1, 0, 0}};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        nr_shape in = {5, 8, 9, 0};
        compare(fast->max_pool, reference->max_pool, in, 5, windows[i], 2);
        compare(fast->avg_pool, reference->avg_pool, in, 5, windows[i], 2);
    }
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
        fast->log_likelihood(ROWS, classes[k], logits, labels, values[0]);
        reference->log_likelihood(ROWS, classes[k], logits, labels, values[1]);
        for (size_t r = 0; r < ROWS; r++)
            assert_true(fabs(values[0][r] - values[1][r]) <=
                        2e-6 * (1 + fabs(values[1][r])));
        logits[3] = NAN;
        fast->log_likelihood(ROWS, classes[k], logits, labels, values[0]);
        assert_true(isnan(values[0][3 / classes[k]]));
        free(logits);
    }
}

int main(void) {
    fast = nr_kernels_find("fast");
    reference = nr_kernels_find("reference");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions), cmocka_unit_test(test_pools),
        cmocka_unit_test(test_elementwise), cmocka_unit_test(test_log_likelihood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
