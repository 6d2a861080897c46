/* On networks of every shape the importer allows (skip connections, squeeze-excite,
 * depthwise, concatenation, second linear layers, reshapes) the marginals of a walk
 * equal those of whole forwards, one coalition at a time. A filter that changes nothing
 * has marginals of exactly zero. TEST: timeout=120 */
#include "../support/nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/quantum.h"
#include "neurank/game/filter.h"
#include "neurank/game/masked.h"

enum { PLAYERS_MAX = 16, CLASSES = 3 };

static uint32_t binary(nr_graph *graph, nr_op op, uint32_t a, uint32_t b) {
    uint32_t out;
    nr_label label = {"binary", "binary_out", NULL};
    assert_int_equal(nr_graph_add_binary(graph, label, op, a, b, &out), NR_OK);
    return out;
}

static uint32_t head(nr_graph *graph, uint32_t x) {
    return test_dense(graph, "head", test_flatten(graph, x), CLASSES);
}

/* ---- the networks: each has a layer called "players" ---- */

static nr_graph *chain(void) {
    nr_graph *g = test_graph(2, 8, 8);
    uint32_t x = test_conv(g, "players", 0, 6, 3, 1, 1, 1);
    x = test_pool(g, NR_OP_MAX_POOL, test_relu(g, test_batch_norm(g, x)), 2);
    x = test_relu(g, test_conv(g, "next", x, 5, 3, 2, 1, 1));
    test_finish(g, head(g, x));
    return g;
}

/* The layer adds to a skip connection; players inside and at the end of the block. */
static nr_graph *residual(bool last) {
    nr_graph *g = test_graph(3, 6, 6);
    uint32_t skip = test_relu(g, test_conv(g, "stem", 0, 6, 3, 1, 1, 1));
    uint32_t x = test_conv(g, last ? "inner" : "players", skip, 6, 3, 1, 1, 1);
    x = test_relu(g, test_batch_norm(g, x));
    x = test_batch_norm(g, test_conv(g, last ? "players" : "outer", x, 6, 3, 1, 1, 1));
    x = test_relu(g, binary(g, NR_OP_ADD, x, skip));
    x = test_relu(g, binary(g, NR_OP_ADD, test_conv(g, "more", x, 6, 3, 1, 1, 1), x));
    test_finish(g,
                test_dense(g, "head",
                           test_flatten(g, test_pool(g, NR_OP_GLOBAL_AVG_POOL, x, 1)),
                           CLASSES));
    return g;
}
static nr_graph *residual_inner(void) {
    return residual(false);
}
static nr_graph *residual_last(void) {
    return residual(true);
}

/* The stem: read by a block and by its skip connection. */
static nr_graph *residual_stem(void) {
    nr_graph *g = test_graph(3, 6, 6);
    uint32_t x = test_relu(g, test_conv(g, "players", 0, 6, 3, 1, 1, 1));
    uint32_t y = test_relu(g, test_conv(g, "a", x, 6, 3, 1, 1, 1));
    y = test_conv(g, "b", y, 6, 3, 1, 1, 1);
    test_finish(g, head(g, test_relu(g, binary(g, NR_OP_ADD, x, y))));
    return g;
}

/* A linear bottleneck with a skip: Add of LINEAR and TWO, then a second linear layer.
 */
static nr_graph *linear_bottleneck(void) {
    nr_graph *g = test_graph(3, 6, 6);
    uint32_t x =
        test_pointwise(g, NR_OP_CLIP, test_conv(g, "players", 0, 6, 1, 1, 0, 1), 0, 6);
    uint32_t y = test_batch_norm(g, test_conv(g, "project", x, 6, 1, 1, 0, 1));
    y = binary(g, NR_OP_ADD, y, x);
    y = test_relu(g, test_conv(g, "narrow", y, 2, 1, 1, 0, 1));
    test_finish(g, head(g, y));
    return g;
}

static nr_graph *depthwise(void) {
    nr_graph *g = test_graph(3, 8, 8);
    uint32_t x = test_relu(g, test_conv(g, "players", 0, 6, 3, 1, 1, 1));
    x = test_pointwise(g, NR_OP_CLIP, test_conv(g, "depth", x, 12, 3, 2, 1, 6), 0, 6);
    x = test_relu(g, test_conv(g, "point", x, 4, 1, 1, 0, 1));
    test_finish(g, head(g, x));
    return g;
}

static nr_graph *grouped(void) {
    nr_graph *g = test_graph(4, 6, 6);
    uint32_t x = test_relu(g, test_conv(g, "players", 0, 8, 3, 1, 1, 2));
    x = test_relu(g, test_conv(g, "groups", x, 6, 3, 1, 1, 2));
    test_finish(g, head(g, x));
    return g;
}

static nr_graph *squeeze_excite(void) {
    nr_graph *g = test_graph(3, 6, 6);
    uint32_t x = test_relu(g, test_conv(g, "players", 0, 6, 3, 1, 1, 1));
    uint32_t s = test_pool(g, NR_OP_GLOBAL_AVG_POOL, x, 1);
    s = test_relu(g, test_conv(g, "squeeze", s, 3, 1, 1, 0, 1));
    s = test_pointwise(g, NR_OP_SIGMOID, test_conv(g, "excite", s, 6, 1, 1, 0, 1), 0,
                       0);
    x = binary(g, NR_OP_MUL, x, s);
    test_finish(g, head(g, test_relu(g, test_conv(g, "last", x, 4, 3, 1, 1, 1))));
    return g;
}

/* DenseNet: features are concatenated, BatchNorm comes first. */
static nr_graph *dense_block(void) {
    nr_graph *g = test_graph(3, 6, 6);
    nr_label label = {"concat", "concat_out", NULL};
    uint32_t stem = test_relu(g, test_conv(g, "stem", 0, 4, 3, 1, 1, 1)), both;
    uint32_t x = test_conv(g, "players", stem, 5, 3, 1, 1, 1);
    assert_int_equal(nr_graph_add_concat(g, label, (uint32_t[]){stem, x}, 2, &both),
                     NR_OK);
    x = test_relu(g, test_batch_norm(g, both));
    x = test_relu(g, test_conv(g, "next", x, 5, 3, 1, 1, 1));
    test_finish(g, head(g, test_pool(g, NR_OP_AVG_POOL, x, 2)));
    return g;
}

/* The layer's channels reach the score through averages and one dense layer alone. */
static nr_graph *linear_end(void) {
    nr_graph *g = test_graph(3, 6, 6);
    uint32_t x = test_relu(g, test_conv(g, "players", 0, 6, 3, 1, 1, 1));
    x = test_pool(g, NR_OP_GLOBAL_AVG_POOL, x, 1);
    test_finish(g, test_dense(g, "head", test_flatten(g, x), CLASSES));
    return g;
}

/* Units of a dense layer, with a flatten whose order has to be kept. */
static nr_graph *dense_units(void) {
    nr_graph *g = test_graph(3, 4, 4);
    uint32_t x = test_flatten(g, test_relu(g, test_conv(g, "conv", 0, 4, 3, 1, 0, 1)));
    x = test_pointwise(g, NR_OP_LEAKY_RELU, test_dense(g, "players", x, 7), 0.1F, 0);
    test_finish(g, test_dense(g, "head", x, CLASSES));
    return g;
}

/* A flatten that a sigmoid reads: the permutation cannot go into weights. */
static nr_graph *flat_features(void) {
    nr_graph *g = test_graph(3, 4, 4);
    uint32_t x =
        test_flatten(g, test_relu(g, test_conv(g, "players", 0, 5, 3, 1, 0, 1)));
    x = test_pointwise(g, NR_OP_SIGMOID, x, 0, 0);
    test_finish(g, test_dense(g, "head", x, CLASSES));
    return g;
}

/* The players are the logits themselves. */
static nr_graph *logits(void) {
    nr_graph *g = test_graph(3, 4, 4);
    uint32_t x = test_flatten(g, test_relu(g, test_conv(g, "conv", 0, 4, 3, 1, 0, 1)));
    test_finish(g, test_dense(g, "players", x, CLASSES));
    return g;
}

/* ---- the comparison ---- */

typedef struct {
    nr_graph *graph;
    nr_images *images;
    nr_filter_spec spec;
    uint32_t filters[PLAYERS_MAX];
    float means[PLAYERS_MAX];
    bool dead; /* filter 1 changes nothing */
} setting;

/* Value of a coalition on one block, by whole forwards. */
static double whole_value(setting *s, nr_masked *masked, const bool *kept, size_t first,
                          size_t count) {
    float out[8 * CLASSES];
    double values[8], sum = 0;
    nr_masked_logits(masked, kept, first, count, out);
    nr_score(NR_METRIC_LOSS, s->spec.kernels, count, CLASSES, out,
             nr_images_labels(s->images) + first, values);
    for (size_t i = 0; i < count; i++) sum += values[i];
    return sum;
}

static void check_walk(setting *s, nr_masked *masked, nr_game *game, uint64_t block,
                       const uint32_t *order) {
    size_t n = s->spec.n_players, first = (size_t)block * s->spec.block_images;
    int64_t forward[PLAYERS_MAX], reverse[PLAYERS_MAX], sum[2] = {0};
    nr_block_ends ends;
    uint64_t evaluated = 0;
    assert_int_equal(game->open(game->self, block, &ends), NR_OK);
    assert_int_equal(game->pair(game->self, order, n, forward, reverse, &evaluated),
                     NR_OK);
    for (int turn = 0; turn < 2; turn++) {
        bool kept[PLAYERS_MAX] = {false};
        double before = whole_value(s, masked, kept, first, ends.images);
        assert_true(fabs(before - ldexp((double)ends.empty, -NR_QUANTUM_BITS)) < 2e-5);
        for (size_t k = 0; k < n; k++) {
            uint32_t player = order[turn ? n - 1 - k : k];
            kept[player] = true;
            double after = whole_value(s, masked, kept, first, ends.images);
            int64_t got = turn ? reverse[player] : forward[player];
            sum[turn] += got;
            assert_true(fabs(after - before - ldexp((double)got, -NR_QUANTUM_BITS)) <
                        2e-5);
            if (player == 1 && s->dead) assert_true(got == 0); /* made dead below */
            before = after;
        }
        assert_true(sum[turn] == ends.full - ends.empty);
    }
}

/* Filter 1 becomes silent: no weights, no bias, no constant of a BatchNorm. That is
 * what `weights` and a mean of zero make of it anyway, so it is dead; `remove` differs
 * from it where an operator behind the layer makes something of a zero. */
static void kill_filter(nr_graph *graph, uint32_t layer) {
    const nr_node *node = nr_graph_node(graph, layer);
    size_t c = node->shape.c;
    nr_shape in = nr_graph_node(graph, nr_graph_input_of(graph, layer, 0))->shape;
    size_t k = node->op == NR_OP_DENSE
                   ? in.c
                   : (size_t)node->window.kernel_h * node->window.kernel_w * in.c /
                         node->window.group;
    float *weight = (float *)(uintptr_t)nr_graph_weight(graph, node->weight);
    float *bias = (float *)(uintptr_t)nr_graph_weight(graph, node->bias);
    float *silent = (float *)(uintptr_t)nr_graph_weight(graph, node->silent);
    for (size_t i = 0; i < k; i++) weight[i * c + 1] = 0;
    bias[1] = 0;
    if (silent) silent[1] = 0;
}

static void check(nr_graph *graph, nr_ablation ablation, uint32_t block,
                  size_t n_players, bool zero_stays_zero) {
    setting s = {.graph = graph};
    s.dead = ablation != NR_ABLATE_REMOVE || zero_stays_zero;
    uint32_t layer = test_layer(graph, "players");
    size_t channels = nr_graph_node(graph, layer)->shape.c;
    nr_masked *masked;
    nr_game game;
    kill_filter(graph, layer);
    s.images = test_images(graph, 5);
    for (uint32_t i = 0; i < channels; i++) {
        s.filters[i] = i;
        s.means[i] = i == 1 ? 0 : 0.3F * test_random(5, i);
    }
    s.spec = (nr_filter_spec){.graph = graph,
                              .images = s.images,
                              .kernels = nr_kernels_find("fast"),
                              .layer = layer,
                              .ablation = ablation,
                              .channel_means = s.means,
                              .filters = s.filters,
                              .n_players = n_players ? n_players : channels,
                              .metric = NR_METRIC_LOSS,
                              .block_images = block,
                              .group_blocks = 2};
    assert_int_equal(nr_filter_game_new(&s.spec, &game), NR_OK);
    assert_int_equal(nr_masked_new(&s.spec, 8, &masked), NR_OK);
    uint32_t order[PLAYERS_MAX];
    for (uint64_t b = 0; b < game.n_blocks; b++) {
        for (uint32_t i = 0; i < s.spec.n_players; i++)
            order[i] = (uint32_t)((i * 5 + b + 1) % s.spec.n_players);
        if (s.spec.n_players % 5 == 0)
            for (uint32_t i = 0; i < s.spec.n_players; i++)
                order[i] = (uint32_t)((i + b) % s.spec.n_players);
        check_walk(&s, masked, &game, b, order);
    }
    nr_masked_free(masked);
    nr_game_free(&game);
    nr_images_free(s.images);
    nr_graph_free(graph);
}

static void check_all(nr_graph *(*make)(void), bool zero_stays_zero) {
    for (int ablation = NR_ABLATE_REMOVE; ablation <= NR_ABLATE_MEAN; ablation++) {
        check(make(), (nr_ablation)ablation, 1, 0, zero_stays_zero);
        check(make(), (nr_ablation)ablation, 2, 0, zero_stays_zero);
        /* the other channels are always kept */
        check(make(), (nr_ablation)ablation, 1, 2, zero_stays_zero);
    }
}

#define NET(make, zero_stays_zero)                                                     \
    static void test_##make(void **state) {                                            \
        (void)state;                                                                   \
        check_all(make, zero_stays_zero);                                              \
    }
NET(chain, true)
NET(residual_inner, true)
NET(residual_last, true)
NET(residual_stem, true)
NET(linear_bottleneck, true)
NET(depthwise, false)
NET(grouped, true)
NET(squeeze_excite, true)
NET(dense_block, false)
NET(linear_end, true)
NET(dense_units, true)
NET(flat_features, false)
NET(logits, true)

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain),
                                       cmocka_unit_test(test_residual_inner),
                                       cmocka_unit_test(test_residual_last),
                                       cmocka_unit_test(test_residual_stem),
                                       cmocka_unit_test(test_linear_bottleneck),
                                       cmocka_unit_test(test_depthwise),
                                       cmocka_unit_test(test_grouped),
                                       cmocka_unit_test(test_squeeze_excite),
                                       cmocka_unit_test(test_dense_block),
                                       cmocka_unit_test(test_linear_end),
                                       cmocka_unit_test(test_dense_units),
                                       cmocka_unit_test(test_flat_features),
                                       cmocka_unit_test(test_logits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
