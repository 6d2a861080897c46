/* Gradients with respect to every tensor of networks that hold every operator equal
 * finite differences of the same network in double precision, for every kind of
 * kernels. (PyTorch's gradients: tests/cli/test_switch_matches_pytorch.py.)
 * TEST: timeout=120 */
#include "../support/nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/doubles.h"
#include "neurank/base/memory.h"
#include "neurank/nn/backward.h"

enum { ROWS = 3, KINDS = 4 };
static const double step = 1e-6;
static const char *const kinds[KINDS] = {"reference", "avx512", "avx2", "blas"};

/* ---- networks ---- */

static nr_label label_of(const char *name) {
    return (nr_label){.name = name, .output_name = name};
}

static uint32_t windowed(nr_graph *g, nr_op op, uint32_t input, nr_window window) {
    uint32_t out;
    assert_int_equal(
        nr_graph_add_window(g, label_of("window"), op, input, &window, 0.25F, &out),
        NR_OK);
    return out;
}

static uint32_t binary(nr_graph *g, nr_op op, uint32_t a, uint32_t b) {
    uint32_t out;
    assert_int_equal(nr_graph_add_binary(g, label_of("binary"), op, a, b, &out), NR_OK);
    return out;
}

static uint32_t conv(nr_graph *g, uint32_t input, uint32_t c_out, nr_window window) {
    size_t c_in = nr_graph_node(g, input)->shape.c / window.group;
    size_t n = (size_t)c_out * c_in * window.kernel_h * window.kernel_w;
    float *w = nr_new_floats(n);
    uint32_t out;
    test_fill(w, n, 300 + nr_graph_size(g));
    assert_int_equal(
        nr_graph_add_conv(g, label_of("conv"), input, &window, c_out, w, NULL, &out),
        NR_OK);
    free(w);
    return out;
}

static uint32_t classify(nr_graph *g, uint32_t input) {
    return test_dense(g, "logits", test_flatten(g, input), 5);
}

/* Winograd, strides, groups, depthwise, skip connections. */
static nr_graph *residual(void) {
    nr_graph *g = test_graph(3, 6, 5);
    uint32_t x = test_relu(g, test_conv(g, "a", 0, 16, 3, 1, 1, 1));
    uint32_t y = test_relu(g, test_batch_norm(g, test_conv(g, "b", x, 16, 3, 1, 1, 1)));
    y = test_conv(g, "c", y, 16, 3, 1, 1, 16);
    x = test_relu(g, binary(g, NR_OP_ADD, x, y));
    y = test_pointwise(g, NR_OP_CLIP, test_conv(g, "d", x, 12, 3, 2, 1, 4), -0.4F,
                       0.4F);
    x = binary(g, NR_OP_ADD, test_conv(g, "e", x, 12, 1, 2, 0, 1), y);
    test_finish(g, classify(g, test_pool(g, NR_OP_AVG_POOL, x, 2)));
    return g;
}

/* Squeeze and excite, a product with itself, an affine map that nobody can fold. */
static nr_graph *excited(void) {
    nr_graph *g = test_graph(2, 6, 6);
    uint32_t x = test_conv(g, "a", 0, 8, 3, 1, 0, 1);
    x = test_pointwise(g, NR_OP_LEAKY_RELU, x, 0.1F, 0);
    uint32_t gate = windowed(g, NR_OP_GLOBAL_AVG_POOL, x, (nr_window){.group = 1});
    gate = test_relu(g, test_conv(g, "b", gate, 3, 1, 1, 0, 1));
    gate =
        test_pointwise(g, NR_OP_SIGMOID, test_conv(g, "c", gate, 8, 1, 1, 0, 1), 0, 0);
    x = binary(g, NR_OP_MUL, x, gate);
    x = binary(g, NR_OP_ADD, binary(g, NR_OP_MUL, x, x), gate);
    test_finish(g, classify(g, test_batch_norm(g, test_relu(g, x))));
    return g;
}

/* Pools of all kinds, dilation, padding, concatenation. */
static nr_graph *branches(void) {
    nr_graph *g = test_graph(2, 9, 7);
    uint32_t parts[3],
        x = conv(g, 0, 6, (nr_window){3, 3, 1, 1, 2, 1, 2, 1, 2, 1, 1, 0, 0});
    parts[0] = windowed(g, NR_OP_MAX_POOL, x,
                        (nr_window){3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0});
    parts[1] = windowed(g, NR_OP_AVG_POOL, x,
                        (nr_window){3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0});
    parts[2] = windowed(g, NR_OP_AVG_POOL, test_relu(g, x),
                        (nr_window){3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0});
    assert_int_equal(nr_graph_add_concat(g, label_of("concat"), parts, 3, &x), NR_OK);
    x = windowed(g, NR_OP_PAD, test_relu(g, x),
                 (nr_window){1, 1, 1, 1, 1, 1, 1, 2, 0, 1, 1, 0, 0});
    x = windowed(g, NR_OP_MAX_POOL, x,
                 (nr_window){2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 0, 1});
    x = conv(g, x, 9, (nr_window){2, 1, 1, 2, 1, 1, 1, 0, 2, 1, 1, 0, 0});
    x = test_dense(g, "hidden", test_flatten(g, x), 7);
    test_finish(g, test_dense(g, "logits", test_relu(g, x), 5));
    return g;
}

/* ---- both ways ---- */

static double log_likelihood(const test_doubles *d, uint32_t label) {
    uint32_t output = nr_graph_output(d->graph);
    size_t classes = nr_graph_node(d->graph, output)->shape.c;
    double sum = 0;
    for (size_t c = 0; c < classes; c++) sum += exp(d->outputs[output][c]);
    return d->outputs[output][label] - log(sum);
}

/* Nodes that do not depend on `from` are external: they are bound, too. */
static void bind_all(nr_backward *b, const nr_graph *g, uint32_t from, float **values) {
    for (uint32_t i = 0; i < nr_graph_size(g); i++)
        if (i == from || nr_backward_reads(b, i))
            nr_backward_bind(b, i, values[i], ROWS);
}

/* Finite differences of one row; smooth: there is a derivative. */
static void differences(test_doubles *d, uint32_t from, uint32_t label, double *wanted,
                        bool *smooth) {
    size_t n = nr_shape_size(nr_graph_node(d->graph, from)->shape);
    double middle = log_likelihood(d, label);
    for (size_t i = 0; i < n; i++) {
        double before = d->outputs[from][i], side[2];
        for (int k = 0; k < 2; k++) {
            d->outputs[from][i] = before + (k ? step : -step);
            test_doubles_run(d, from);
            side[k] = log_likelihood(d, label);
        }
        d->outputs[from][i] = before;
        wanted[i] = (side[1] - side[0]) / (2 * step);
        /* not at a tie of a pool or the 0 of a ReLU */
        smooth[i] = fabs(side[1] + side[0] - 2 * middle) < 1e-5 * step;
    }
    test_doubles_run(d, from);
}

static double largest_of(const double *values, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(values[i]));
    return largest;
}

static const uint32_t labels[ROWS] = {0, 3, 4};

static void check_kind(const nr_graph *g, const nr_kernels *kernels, uint32_t from,
                       float **values, const double *wanted, const bool *smooth) {
    size_t classes = nr_graph_node(g, nr_graph_output(g))->shape.c;
    size_t n = ROWS * nr_shape_size(nr_graph_node(g, from)->shape);
    double largest = largest_of(wanted, n);
    float d_output[ROWS * 8];
    nr_backward *b;
    assert_int_equal(nr_backward_new(g, kernels, from, ROWS, &b), NR_OK);
    bind_all(b, g, from, values);
    const float *logits = nr_backward_forward(b, ROWS);
    nr_log_likelihood_gradient(ROWS, classes, logits, labels, d_output);
    const float *got = nr_backward_run(b, ROWS, d_output);
    for (size_t i = 0; i < n; i++)
        if (smooth[i] && fabs(got[i] - wanted[i]) > 2e-5 * largest + 1e-7)
            fail_msg("%s: node %u (%s), element %zu: %g, finite difference %g",
                     kernels->name, from, nr_op_name(nr_graph_node(g, from)->op), i,
                     (double)got[i], wanted[i]);
    nr_backward_free(b);
}

static void check_node(const nr_graph *g, uint32_t from, test_doubles rows[ROWS],
                       float **values, size_t *compared) {
    size_t n = nr_shape_size(nr_graph_node(g, from)->shape);
    double *wanted = nr_new(ROWS * n, sizeof *wanted);
    bool *smooth = nr_new(ROWS * n, sizeof *smooth);
    for (size_t r = 0; r < ROWS; r++)
        differences(&rows[r], from, labels[r], wanted + r * n, smooth + r * n);
    for (size_t i = 0; i < ROWS * n; i++) *compared += smooth[i];
    for (size_t k = 0; k < KINDS; k++) {
        const nr_kernels *kernels = nr_kernels_find(kinds[k]);
        if (kernels) check_kind(g, kernels, from, values, wanted, smooth);
    }
    free(smooth);
    free(wanted);
}

static void check(nr_graph *g) {
    size_t size = nr_graph_size(g), compared = 0;
    test_doubles rows[ROWS];
    float **values = nr_new(size, sizeof(float *));
    for (size_t r = 0; r < ROWS; r++) {
        rows[r] = test_doubles_new(g);
        for (size_t i = 0; i < nr_shape_size(nr_graph_node(g, 0)->shape); i++)
            rows[r].outputs[0][i] = test_random(50 + r, i);
        test_doubles_run(&rows[r], 0);
    }
    for (uint32_t i = 0; i < size; i++) {
        size_t n = nr_shape_size(nr_graph_node(g, i)->shape);
        values[i] = nr_new_floats(ROWS * n);
        for (size_t k = 0; k < ROWS * n; k++)
            values[i][k] = (float)rows[k / n].outputs[i][k % n];
    }
    for (uint32_t from = 0; from < nr_graph_output(g); from++)
        check_node(g, from, rows, values, &compared);
    assert_true(compared > 1500);
    for (size_t i = 0; i < size; i++) free(values[i]);
    for (size_t r = 0; r < ROWS; r++) test_doubles_free(&rows[r]);
    free(values);
    nr_graph_free(g);
}

static void test_residual(void **state) {
    (void)state;
    check(residual());
}
static void test_excited(void **state) {
    (void)state;
    check(excited());
}
static void test_branches(void **state) {
    (void)state;
    check(branches());
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_residual),
                                       cmocka_unit_test(test_excited),
                                       cmocka_unit_test(test_branches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
