/* What the switch maximises: at the posterior's mean its gradient is that of its own
 * likelihoods; draws of a posterior that is all but a point give the mean's; draws
 * belong to step and block; the likelihoods are those of whole forwards; and neither
 * the memory for kept outputs nor the order of blocks leaves a trace.
 * TEST: timeout=60 */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/quantum.h"
#include "neurank/nn/exec.h"
#include "neurank/switch/objective.h"

enum { FILTERS = 6, CLASSES = 4, IMAGES = 14, BLOCK = 4, BLOCKS = 4 };

/* With BatchNorm behind the layer the gate has a constant part; without, it moves
 * behind ReLU and pool. A skip connection is an output beside the gate. */
static nr_graph *make_graph(bool batch_norm, bool skip) {
    nr_graph *g = test_graph(2, 6, 6);
    uint32_t before = test_relu(g, test_conv(g, "before", 0, FILTERS, 3, 1, 1, 1));
    uint32_t x = test_conv(g, "layer", before, FILTERS, 3, 1, 1, 1);
    if (batch_norm) x = test_batch_norm(g, x);
    if (skip)
        assert_int_equal(
            nr_graph_add_binary(g, (nr_label){.name = "add", .output_name = "add"},
                                NR_OP_ADD, x, before, &x),
            NR_OK);
    x = test_pool(g, NR_OP_MAX_POOL, test_relu(g, x), 2);
    test_finish(g, test_dense(g, "logits", test_flatten(g, x), CLASSES));
    return g;
}

typedef struct {
    nr_graph *graph;
    nr_images *images;
} fixture;

static nr_objective *make(const fixture *f, size_t draws, bool scaled, size_t memory) {
    nr_objective *o;
    nr_objective_spec spec = {.graph = f->graph,
                              .images = f->images,
                              .kernels = nr_kernels_find("reference"),
                              .layer = test_layer(f->graph, "layer"),
                              .block_images = BLOCK,
                              .draws = draws,
                              .scaled = scaled,
                              .seed = 5,
                              .memory_bytes = memory};
    assert_int_equal(nr_objective_new(&spec, &o), NR_OK);
    return o;
}

typedef struct {
    int64_t gradient[FILTERS], likelihoods[BLOCKS * BLOCK];
} found;

static double total(const found *x) {
    double sum = 0;
    for (size_t i = 0; i < IMAGES; i++) sum += (double)x->likelihoods[i];
    return ldexp(sum, -NR_QUANTUM_BITS);
}

/* All blocks, in this direction. */
static found play(nr_objective *o, const double *phi, uint32_t step, bool backwards) {
    found x = {{0}, {0}};
    for (size_t k = 0; k < BLOCKS; k++) {
        size_t block = backwards ? BLOCKS - 1 - k : k;
        assert_int_equal(nr_objective_images(o, block), block < 3 ? 4 : 2);
        assert_int_equal(nr_objective_block(o, phi, step, block, 1, x.gradient,
                                            x.likelihoods + block * BLOCK),
                         NR_OK);
    }
    return x;
}

static const double ln_phi[FILTERS] = {0.3, -0.7, 1.1, 0.2, -0.1, 0.9};

static void set_phi(double *phi, double add, size_t which, double by) {
    for (size_t j = 0; j < FILTERS; j++)
        phi[j] = exp(ln_phi[j] + add + (j == which ? by : 0));
}

static void near(double got, double wanted, double relative, double absolute) {
    if (!(fabs(got - wanted) <= relative * fabs(wanted) + absolute))
        fail_msg("%.9g instead of %.9g", got, wanted);
}

/* Narrow enough to pass few kinks of ReLU and pool. */
static void check_mean(const fixture *f, bool scaled) {
    static const double by = 0.002;
    double phi[FILTERS];
    nr_objective *o = make(f, 0, scaled, 1 << 20);
    set_phi(phi, 0, 0, 0);
    found here = play(o, phi, 0, false);
    for (size_t j = 0; j < FILTERS; j++) {
        set_phi(phi, 0, j, by);
        found up = play(o, phi, 0, false);
        set_phi(phi, 0, j, -by);
        found down = play(o, phi, 0, false);
        near(ldexp((double)here.gradient[j], -NR_QUANTUM_BITS),
             (total(&up) - total(&down)) / (2 * by), 0.02, 2e-3);
    }
    nr_objective_free(o);
}

static void check_draws(const fixture *f, bool scaled) {
    double phi[FILTERS];
    nr_objective *mean = make(f, 0, scaled, 1 << 20), *draws = make(f, 7, scaled, 0);
    nr_objective *kept = make(f, 7, scaled, 1 << 20);
    set_phi(phi, 16, 0, 0); /* a spread of 1e-3.5 */
    found a = play(mean, phi, 3, false), b = play(draws, phi, 3, false);
    near(total(&b), total(&a), 0, 1e-3 * IMAGES);
    for (size_t j = 0; j < FILTERS; j++)
        near(ldexp((double)b.gradient[j], -NR_QUANTUM_BITS),
             ldexp((double)a.gradient[j], -NR_QUANTUM_BITS), 0.02, 0.01);
    set_phi(phi, 0, 0, 0);
    found once = play(draws, phi, 3, false), again = play(kept, phi, 3, true);
    assert_memory_equal(&once, &again, sizeof once);
    again = play(kept, phi, 3, false); /* from what was kept */
    assert_memory_equal(&once, &again, sizeof once);
    found other = play(kept, phi, 4, false);
    for (size_t i = 0; i < IMAGES; i++)
        assert_int_not_equal(once.likelihoods[i], other.likelihoods[i]);
    nr_objective_free(mean);
    nr_objective_free(draws);
    nr_objective_free(kept);
}

/* A uniform mean times n is no switch at all: the network's own likelihood. */
static void check_whole(const fixture *f) {
    double phi[FILTERS];
    float input[2 * 6 * 6];
    uint32_t nodes[32], n = (uint32_t)nr_graph_size(f->graph), last = n - 1;
    nr_exec *exec;
    nr_objective *o = make(f, 0, true, 1 << 20);
    for (size_t j = 0; j < FILTERS; j++) phi[j] = 3;
    found x = play(o, phi, 0, false);
    for (uint32_t i = 1; i < n; i++) nodes[i - 1] = i;
    nr_exec_spec spec = {.graph = f->graph,
                         .kernels = nr_kernels_find("reference"),
                         .nodes = nodes,
                         .n_nodes = n - 1,
                         .keep = &last,
                         .n_keep = 1,
                         .rows_max = 1};
    assert_int_equal(last, nr_graph_output(f->graph));
    assert_int_equal(nr_exec_new(&spec, &exec), NR_OK);
    nr_exec_bind(exec, 0, input, 1);
    for (size_t i = 0; i < IMAGES; i++) {
        double sum = 0;
        nr_images_read(f->images, i, 1, input);
        nr_exec_run(exec, 1);
        const float *logits = nr_exec_output(exec, last);
        for (int c = 0; c < CLASSES; c++) sum += exp(logits[c]);
        near(ldexp((double)x.likelihoods[i], -NR_QUANTUM_BITS),
             logits[nr_images_labels(f->images)[i]] - log(sum), 1e-5, 1e-6);
    }
    nr_exec_free(exec);
    nr_objective_free(o);
}

static void test_objective(void **state) {
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        fixture f = {.graph = make_graph(kind & 1, kind & 2)};
        f.images = test_images(f.graph, IMAGES);
        for (int scaled = 0; scaled < 2; scaled++) {
            check_mean(&f, scaled);
            check_draws(&f, scaled);
        }
        check_whole(&f);
        nr_images_free(f.images);
        nr_graph_free(f.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_objective)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
