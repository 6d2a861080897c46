/* The filter game equals full enumeration by a forward written here in plain loops and
 * doubles, which shares nothing with the program: all permutations of five players give
 * the exact Shapley values, for every metric and ablation.
 * TEST: timeout=60 */
#include "../support/nets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/quantum.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/filter.h"

enum { C = 2, SIDE = 8, FILTERS = 5, MID = 3, CLASSES = 4, IMAGES = 3 };
enum { MAP1 = SIDE - 2, MAP2 = MAP1 / 2, MAP3 = MAP2 - 1 };

/* conv 3x3 (players) - BatchNorm - ReLU - max pool 2 - conv 2x2 - ReLU - dense */
typedef struct {
    float conv1[FILTERS][C][3][3], bias1[FILTERS];
    float scale[FILTERS], shift[FILTERS];
    float conv2[MID][FILTERS][2][2], bias2[MID];
    float dense[CLASSES][MID * MAP3 * MAP3], bias3[CLASSES];
} net;

static net the_net;

static void make_net(void) {
    test_fill(&the_net.conv1[0][0][0][0], sizeof the_net / sizeof(float), 42);
    for (int f = 0; f < FILTERS; f++) the_net.scale[f] += 1.5F;
}

static nr_graph *make_graph(void) {
    nr_graph *graph = test_graph(C, SIDE, SIDE);
    uint32_t x = 0;
    nr_window three = {3, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0};
    nr_window two = {2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0};
    nr_label conv1 = {"conv1", "a", NULL}, bn = {"bn", "b", NULL};
    nr_label conv2 = {"conv2", "c", NULL}, dense = {"dense", "d", NULL};
    assert_int_equal(nr_graph_add_conv(graph, conv1, x, &three, FILTERS,
                                       &the_net.conv1[0][0][0][0], the_net.bias1, &x),
                     NR_OK);
    assert_int_equal(
        nr_graph_add_affine(graph, bn, x, the_net.scale, the_net.shift, &x), NR_OK);
    x = test_pool(graph, NR_OP_MAX_POOL, test_relu(graph, x), 2);
    assert_int_equal(nr_graph_add_conv(graph, conv2, x, &two, MID,
                                       &the_net.conv2[0][0][0][0], the_net.bias2, &x),
                     NR_OK);
    x = test_flatten(graph, test_relu(graph, x));
    assert_int_equal(nr_graph_add_dense(graph, dense, x, CLASSES, &the_net.dense[0][0],
                                        the_net.bias3, &x),
                     NR_OK);
    test_finish(graph, x);
    return graph;
}

static double relu(double x) {
    return x > 0 ? x : 0;
}

static void conv1(const float *image, double out[FILTERS][MAP1][MAP1]) {
    for (int f = 0; f < FILTERS; f++)
        for (int y = 0; y < MAP1; y++)
            for (int x = 0; x < MAP1; x++) {
                double sum = the_net.bias1[f];
                for (int c = 0; c < C; c++)
                    for (int ky = 0; ky < 3; ky++)
                        for (int kx = 0; kx < 3; kx++)
                            sum += (double)the_net.conv1[f][c][ky][kx] *
                                   image[((y + ky) * SIDE + x + kx) * C + c];
                out[f][y][x] = sum;
            }
}

/* What the next layer reads of filter f when it is kept or ablated. */
static void read_filter(int f, bool kept, nr_ablation ablation, double mean,
                        double conv[MAP1][MAP1], double out[MAP2][MAP2]) {
    for (int y = 0; y < MAP2; y++)
        for (int x = 0; x < MAP2; x++) {
            double best = -INFINITY;
            for (int k = 0; k < 4; k++) {
                double v = conv[2 * y + k / 2][2 * x + k % 2];
                if (!kept) v = ablation == NR_ABLATE_MEAN ? mean : 0;
                v = relu(v * the_net.scale[f] + the_net.shift[f]);
                best = v > best ? v : best;
            }
            out[y][x] = !kept && ablation == NR_ABLATE_REMOVE ? 0 : best;
        }
}

static double score(const double logits[CLASSES], uint32_t label, nr_metric metric) {
    double sum = 0, other = -INFINITY;
    int best = 0;
    for (int c = 0; c < CLASSES; c++) {
        sum += exp(logits[c]);
        if (logits[c] > logits[best]) best = c;
        if (c != (int)label && logits[c] > other) other = logits[c];
    }
    if (metric == NR_METRIC_LOSS) return logits[label] - log(sum);
    if (metric == NR_METRIC_ACCURACY) return best == (int)label;
    return logits[label] - other;
}

static double forward(const float *image, unsigned kept, nr_ablation ablation,
                      const double *means, uint32_t label, nr_metric metric) {
    double first[FILTERS][MAP1][MAP1], pooled[FILTERS][MAP2][MAP2];
    double flat[MID * MAP3 * MAP3], logits[CLASSES];
    conv1(image, first);
    for (int f = 0; f < FILTERS; f++)
        read_filter(f, kept >> f & 1, ablation, means[f], first[f], pooled[f]);
    for (int m = 0; m < MID; m++)
        for (int y = 0; y < MAP3; y++)
            for (int x = 0; x < MAP3; x++) {
                double sum = the_net.bias2[m];
                for (int f = 0; f < FILTERS; f++)
                    for (int k = 0; k < 4; k++)
                        sum += (double)the_net.conv2[m][f][k / 2][k % 2] *
                               pooled[f][y + k / 2][x + k % 2];
                flat[(m * MAP3 + y) * MAP3 + x] = relu(sum);
            }
    for (int c = 0; c < CLASSES; c++) {
        logits[c] = the_net.bias3[c];
        for (int i = 0; i < MID * MAP3 * MAP3; i++)
            logits[c] += (double)the_net.dense[c][i] * flat[i];
    }
    return score(logits, label, metric);
}

/* Exact Shapley values of the mean over images, by the definition. */
static void enumerate(const nr_images *images, nr_ablation ablation,
                      const double *means, nr_metric metric, double phi[FILTERS],
                      double values[1 << FILTERS]) {
    float pixels[IMAGES * C * SIDE * SIDE];
    nr_images_read(images, 0, IMAGES, pixels);
    for (unsigned s = 0; s < 1 << FILTERS; s++) {
        values[s] = 0;
        for (int i = 0; i < IMAGES; i++)
            values[s] += forward(pixels + i * C * SIDE * SIDE, s, ablation, means,
                                 nr_images_labels(images)[i], metric) /
                         IMAGES;
    }
    for (int f = 0; f < FILTERS; f++) {
        phi[f] = 0;
        for (unsigned s = 0; s < 1 << FILTERS; s++) {
            if (s >> f & 1) continue;
            int size = __builtin_popcount(s);
            double weight =
                tgamma(size + 1) * tgamma(FILTERS - size) / tgamma(FILTERS + 1);
            phi[f] += weight * (values[s | 1U << f] - values[s]);
        }
    }
}

/* Means of the convolution's output channels. */
static void channel_means(const nr_images *images, double means[FILTERS]) {
    float pixels[IMAGES * C * SIDE * SIDE];
    double first[FILTERS][MAP1][MAP1];
    nr_images_read(images, 0, IMAGES, pixels);
    memset(means, 0, FILTERS * sizeof *means);
    for (int i = 0; i < IMAGES; i++) {
        conv1(pixels + i * C * SIDE * SIDE, first);
        for (int f = 0; f < FILTERS; f++)
            for (int p = 0; p < MAP1 * MAP1; p++)
                means[f] += first[f][p / MAP1][p % MAP1] / (IMAGES * MAP1 * MAP1);
    }
}

static bool next_permutation(uint32_t *p) {
    int i = FILTERS - 2, j = FILTERS - 1;
    while (i >= 0 && p[i] > p[i + 1]) i--;
    if (i < 0) return false;
    while (p[j] < p[i]) j--;
    uint32_t swap = p[i];
    p[i] = p[j];
    p[j] = swap;
    for (int a = i + 1, b = FILTERS - 1; a < b; a++, b--) {
        swap = p[a];
        p[a] = p[b];
        p[b] = swap;
    }
    return true;
}

/* The mean marginal over all permutations and images, by the game. */
static void play_all(nr_game *game, double phi[FILTERS]) {
    uint64_t evaluated = 0;
    double count = 0;
    memset(phi, 0, FILTERS * sizeof *phi);
    for (uint64_t b = 0; b < game->n_blocks; b++) {
        uint32_t p[FILTERS] = {0, 1, 2, 3, 4};
        nr_block_ends ends;
        assert_int_equal(game->open(game->self, b, &ends), NR_OK);
        do {
            int64_t f[FILTERS], r[FILTERS], sum = 0;
            assert_int_equal(game->pair(game->self, p, FILTERS, f, r, &evaluated),
                             NR_OK);
            for (int i = 0; i < FILTERS; i++) {
                phi[i] += 0.5 * (double)(f[i] + r[i]);
                sum += f[i] + r[i];
            }
            assert_true(sum == 2 * (ends.full - ends.empty)); /* to the last bit */
            count += ends.images;
        } while (next_permutation(p));
    }
    for (int i = 0; i < FILTERS; i++) phi[i] *= ldexp(1, -NR_QUANTUM_BITS) / count;
}

static void check(const nr_graph *graph, const nr_images *images, nr_ablation ablation,
                  nr_metric metric, uint32_t block, const char *kernels) {
    static const uint32_t filters[FILTERS] = {0, 1, 2, 3, 4};
    double means[FILTERS], exact[FILTERS], values[1 << FILTERS], played[FILTERS];
    float folded_means[FILTERS];
    nr_game game;
    channel_means(images, means);
    enumerate(images, ablation, means, metric, exact, values);
    /* The program's channel is the convolution with its BatchNorm folded in. */
    for (int f = 0; f < FILTERS; f++)
        folded_means[f] = (float)(means[f] * the_net.scale[f] + the_net.shift[f]);
    nr_filter_spec spec = {.graph = graph,
                           .images = images,
                           .kernels = nr_kernels_find(kernels),
                           .layer = test_layer(graph, "conv1"),
                           .ablation = ablation,
                           .channel_means = folded_means,
                           .filters = filters,
                           .n_players = FILTERS,
                           .metric = metric,
                           .block_images = block,
                           .group_blocks = 2};
    assert_int_equal(nr_filter_game_new(&spec, &game), NR_OK);
    play_all(&game, played);
    nr_game_free(&game);
    for (int f = 0; f < FILTERS; f++)
        assert_true(fabs(played[f] - exact[f]) < 1e-5); /* float32 forwards */
}

static void test_all_permutations_give_the_exact_values(void **state) {
    (void)state;
    make_net();
    nr_graph *graph = make_graph();
    nr_images *images = test_images(graph, IMAGES);
    for (int ablation = NR_ABLATE_REMOVE; ablation <= NR_ABLATE_MEAN; ablation++)
        for (int metric = NR_METRIC_LOSS; metric <= NR_METRIC_MARGIN; metric++) {
            check(graph, images, (nr_ablation)ablation, (nr_metric)metric, 1, "fast");
            check(graph, images, (nr_ablation)ablation, (nr_metric)metric, 3,
                  "reference");
        }
    nr_images_free(images);
    nr_graph_free(graph);
}

/* The program's own channel means agree with those of the test. */
static void test_channel_means(void **state) {
    (void)state;
    make_net();
    nr_graph *graph = make_graph();
    nr_images *images = test_images(graph, IMAGES);
    uint64_t sums[2 * FILTERS] = {0};
    double means[FILTERS];
    float got[FILTERS];
    channel_means(images, means);
    assert_int_equal(nr_channel_sums(graph, images, nr_kernels_find("fast"),
                                     test_layer(graph, "conv1"), 0, IMAGES, sums),
                     NR_OK);
    nr_channel_means(sums, FILTERS, IMAGES, got);
    for (int f = 0; f < FILTERS; f++)
        assert_true(fabs(got[f] - (means[f] * the_net.scale[f] + the_net.shift[f])) <
                    1e-5);
    nr_images_free(images);
    nr_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_permutations_give_the_exact_values),
        cmocka_unit_test(test_channel_means)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
