/* Given coalitions and Gray-code enumeration of the filter game against whole forwards
 * with the filters masked: chains, skip connections, TWO tensors in the frontier,
 * blocks of several images, every metric and ablation; values do not depend on where an
 * enumeration is cut. */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/game/filter.h"
#include "neurank/game/masked.h"

enum { FILTERS = 9, CLASSES = 3, IMAGES = 4, COALITIONS = 1 << FILTERS };

static nr_graph *chain(void) {
    nr_graph *graph = test_graph(2, 8, 8);
    uint32_t x = test_relu(graph, test_conv(graph, "conv", 0, FILTERS, 3, 1, 1, 1));
    x = test_relu(graph,
                  test_conv(graph, "next", test_pool(graph, NR_OP_MAX_POOL, x, 2), 6, 3,
                            1, 1, 1));
    test_finish(graph, test_dense(graph, "head", test_flatten(graph, x), CLASSES));
    return graph;
}

/* The layer is added to its input and squashed: a TWO tensor that MIXED ones read. */
static nr_graph *residual(void) {
    nr_graph *graph = test_graph(2, 6, 6);
    uint32_t stem = test_relu(graph, test_conv(graph, "stem", 0, FILTERS, 3, 1, 1, 1));
    uint32_t x = test_conv(graph, "conv", stem, FILTERS, 3, 1, 1, 1), y;
    nr_label label = {"add", "add", NULL};
    assert_int_equal(nr_graph_add_binary(graph, label, NR_OP_ADD, x, stem, &x), NR_OK);
    x = test_relu(graph, x);
    y = test_conv(graph, "inner", x, FILTERS, 3, 1, 1, 1);
    label = (nr_label){"add2", "add2", NULL};
    assert_int_equal(
        nr_graph_add_binary(graph, label, NR_OP_ADD, test_relu(graph, y), x, &x),
        NR_OK);
    test_finish(graph, test_dense(graph, "head", test_flatten(graph, x), CLASSES));
    return graph;
}

/* The players feed the logits directly: there is no suffix. */
static nr_graph *last(void) {
    nr_graph *graph = test_graph(2, 6, 6);
    uint32_t x =
        test_relu(graph, test_dense(graph, "conv", test_flatten(graph, 0), FILTERS));
    test_finish(graph, test_dense(graph, "head", x, CLASSES));
    return graph;
}

static double mean_value(const nr_filter_spec *spec, nr_masked *masked, unsigned code,
                         size_t first, size_t count) {
    float logits[IMAGES * CLASSES];
    double values[IMAGES], sum = 0;
    bool kept[FILTERS];
    for (unsigned i = 0; i < FILTERS; i++) kept[i] = code >> i & 1;
    nr_masked_logits(masked, kept, first, count, logits);
    nr_score(spec->metric, nr_kernels_find("reference"), count, CLASSES, logits,
             nr_images_labels(spec->images) + first, values);
    for (size_t t = 0; t < count; t++) sum += values[t];
    return sum;
}

/* Gray numbers of the live players as coalitions of all. */
static unsigned expand(uint64_t number, const uint32_t *players, size_t n) {
    uint64_t code = number ^ number >> 1;
    unsigned all = 0;
    for (size_t b = 0; b < n; b++)
        if (code >> b & 1) all |= 1U << players[b];
    return all;
}

static void check_block(const nr_filter_spec *spec, nr_game *game, nr_masked *masked,
                        uint64_t block) {
    int64_t values[COALITIONS], gray[COALITIONS], again[COALITIONS];
    uint8_t *kept = nr_new((size_t)COALITIONS * FILTERS, 1);
    uint32_t players[FILTERS];
    size_t t = spec->block_images, first = (size_t)block * t;
    nr_block_ends ends;
    assert_int_equal(game->open(game->self, block, &ends), NR_OK);
    size_t n = nr_game_live(game, players), count = (size_t)1 << n;
    for (unsigned k = 0; k < COALITIONS; k++)
        for (unsigned i = 0; i < FILTERS; i++) kept[k * FILTERS + i] = k >> i & 1;
    assert_int_equal(game->values(game->self, COALITIONS, kept, values), NR_OK);
    assert_int_equal(game->gray(game->self, 0, count, gray), NR_OK);
    for (unsigned k = 0; k < COALITIONS; k++) {
        double wanted = mean_value(spec, masked, k, first, t);
        assert_true(fabs(ldexp((double)values[k], -NR_QUANTUM_BITS) - wanted) < 2e-5);
    }
    for (size_t k = 0; k < count; k++) {
        double wanted = mean_value(spec, masked, expand(k, players, n), first, t);
        assert_true(fabs(ldexp((double)gray[k], -NR_QUANTUM_BITS) - wanted) < 2e-5);
    }
    for (size_t from = 0; from < count; from += 256) {
        size_t rows = count - from < 256 ? count - from : 256;
        assert_int_equal(game->gray(game->self, from, rows, again + from), NR_OK);
    }
    /* batches differ, and with them a kernel's rounding; nothing else does */
    for (size_t k = 0; k < count; k++)
        assert_true(fabs(ldexp((double)(again[k] - gray[k]), -NR_QUANTUM_BITS)) < 2e-5);
    free(kept);
}

static void check(nr_graph *graph) {
    uint32_t filters[FILTERS];
    float means[FILTERS] = {0.1F, -0.2F, 0.3F};
    for (uint32_t i = 0; i < FILTERS; i++) filters[i] = i;
    nr_images *images = test_images(graph, IMAGES);
    for (int metric = 0; metric < 2; metric++)
        for (int ablation = 0; ablation < 3; ablation++)
            for (uint32_t t = 1; t <= 2; t++) {
                nr_filter_spec spec = {.graph = graph,
                                       .images = images,
                                       .kernels = nr_kernels_find("fast"),
                                       .layer = test_layer(graph, "conv"),
                                       .ablation = (nr_ablation)ablation,
                                       .channel_means = means,
                                       .filters = filters,
                                       .n_players = FILTERS,
                                       .metric =
                                           metric ? NR_METRIC_MARGIN : NR_METRIC_LOSS,
                                       .block_images = t,
                                       .group_blocks = 2,
                                       .enumerated = true};
                nr_game game;
                nr_masked *masked;
                assert_int_equal(nr_filter_game_new(&spec, &game), NR_OK);
                assert_int_equal(nr_masked_new(&spec, IMAGES, &masked), NR_OK);
                for (uint64_t b = 0; b < IMAGES / t; b++)
                    check_block(&spec, &game, masked, b);
                nr_masked_free(masked);
                nr_game_free(&game);
            }
    nr_images_free(images);
    nr_graph_free(graph);
}

static void test_chain(void **state) {
    (void)state;
    check(chain());
}
static void test_residual(void **state) {
    (void)state;
    check(residual());
}
static void test_last(void **state) {
    (void)state;
    check(last());
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain),
                                       cmocka_unit_test(test_residual),
                                       cmocka_unit_test(test_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
