/* Efficiency of idea 1 (a permutation per block) and of the stratified keys: variances
 * of estimators of Shapley values at equal evaluations, on the shipped networks.
 *
 *   efficiency DATA_FOLDER FASHION.h5 OUT.json [PREFIXES]
 *
 * About ten minutes on one core. FASHION.h5 is made by `neurank import` (jobs/demo.sh).
 * Each estimator has four walks an image and is compared with the product's, `keys`:
 *
 *   shared        4 permutations, each walked on all images; what libraries do
 *   shared pairs  2 permutations and their reverses, on all images
 *   T=32, T=8     2 antithetic pairs for each block of T images
 *   plain         4 independent walks an image
 *   pairs         2 antithetic pairs an image
 *   keys          the same with keys stratified as nr_units_plan plans it (`strata`)
 *   keys 64       the same with groups of 64 images whatever the plan says
 *   odd           least squares image by image (odd.h), PREFIXES (4) of a permutation
 *   unbiased      the same coalitions as `--estimator odd` uses them (unbiased.h)
 *
 * Variances are for exactly these images, averaged over the filters. Estimates but odd
 * are sums over parts of the images (all, a block, an image, a group of strata) with
 * independent permutations, so the parts' variances over repetitions add up, also where
 * parts share permutations in the experiment. +-: the jackknife's standard error.
 *
 * odd is biased, also as a mean over images. Its mean squared error is its variance
 * plus the mean over the filters of (mean of repetitions - reference)^2 less the
 * variance of that difference; reference: the mean of all walks with keys. c times the
 * budget is compared with c sweeps of keys, a c-th of their variance. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/base/quantum.h"
#include "neurank/base/text.h"
#include "neurank/game/cost.h"
#include "neurank/game/filter.h"
#include "neurank/nn/gemm.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "neurank/plan/units.h"
#include "neurank/sample/permutation.h"
#include "odd.h"
#include "pool.h"
#include "unbiased.h"

typedef struct {
    const char *model, *layer;
    size_t images;
    uint32_t shared; /* pairs of walks of permutations that all images share */
    uint32_t keys;   /* pairs an image with keys as planned; and in groups of 64 */
    uint32_t odd;    /* draws of odd with four times the budget */
} experiment;

static const experiment experiments[] = {
    {"lenet5", "conv1", 256, 24, 12, 3},
    {"lenet5", "conv2", 512, 48, 32, 8},
    {"lenet5", "fc1", 256, 48, 24, 3},
    {"vgg16s", "conv1_2", 64, 10, 6, 3},
    {"vgg16s", "conv3_3", 64, 10, 6, 3},
    {"vgg16s", "conv5_2", 256, 24, 12, 3},
    {"resnet20", "stage1.0.conv1", 64, 10, 6, 3},
    {"resnet20", "stage2.1.conv1", 64, 10, 6, 3},
    {"resnet20", "stage3.2.conv1", 256, 24, 12, 3},
};

static const char *const metrics[] = {"loss", "accuracy"}; /* by nr_metric */

enum { N_METRICS = 2, N_ROWS = N_METRICS * sizeof experiments / sizeof *experiments };

/* Three sets of walks; every estimator but odd is formed from one of them. */
typedef enum { SHARED, PLANNED, GROUPS_OF_64, N_SETS } walk_set;
enum { KEYS = 6, KEYS_64, ODD, BUDGETS = 3, N_POOLS = ODD + BUDGETS };
enum { ALL = 0, STRATA = -1, GROUP = 64 };
enum { PLAYERS = 512 }; /* at most */

static const struct {
    const char *name;
    walk_set set;
    int span;    /* images of a part */
    int samples; /* of a sweep: 4 walks or 2 pairs */
} estimators[ODD] = {{"shared", SHARED, ALL, 4},
                     {"shared pairs", SHARED, ALL, 2},
                     {"T=32", SHARED, 32, 2},
                     {"T=8", SHARED, 8, 2},
                     {"plain", PLANNED, 1, 4},
                     {"pairs", PLANNED, 1, 2},
                     [KEYS] = {"keys", PLANNED, STRATA, 2},
                     [KEYS_64] = {"keys 64", GROUPS_OF_64, GROUP, 2}};

typedef struct {
    const experiment *e;
    const char *metric;
    size_t players;
    uint32_t strata;
    double live, seconds; /* live: mean over images */
    figure variance[N_POOLS], bias2[BUDGETS];
    unbiased_ratio unbiased;
    double walk_us, values_us, odd_us[BUDGETS]; /* processor time of a coalition */
} outcome;

typedef struct {
    const experiment *e;
    outcome *out;
    nr_graph *graph;
    nr_images *images;
    nr_game game;
    uint32_t filters[PLAYERS], permutation[PLAYERS];
    int64_t forward[PLAYERS], reverse[PLAYERS];
    pool pools[N_POOLS];
    double walk_s, solve_s[BUDGETS];
    uint64_t walk_coalitions;
} laboratory;

static nr_status make_game(laboratory *lab, nr_metric metric) {
    uint32_t layer;
    nr_cut *cut;
    NR_TRY(nr_layers_find(lab->graph, lab->e->layer, strlen(lab->e->layer), &layer));
    size_t n = lab->out->players = nr_graph_node(lab->graph, layer)->shape.c;
    NR_ASSERT(n <= PLAYERS);
    for (uint32_t i = 0; i < n; i++) lab->filters[i] = i;
    NR_TRY(nr_cut_new(lab->graph, layer, NR_ABLATE_REMOVE, lab->filters, n, &cut));
    nr_units units = nr_units_plan(lab->e->images, nr_filter_visit_macs(cut, 1),
                                   nr_filter_group_blocks(lab->graph, 1));
    nr_cut_free(cut);
    lab->out->strata = units.strata;
    nr_filter_spec spec = {.graph = lab->graph,
                           .images = lab->images,
                           .kernels = nr_kernels_find("fast"),
                           .layer = layer,
                           .ablation = NR_ABLATE_REMOVE,
                           .filters = lab->filters,
                           .n_players = n,
                           .metric = metric,
                           .block_images = 1,
                           .group_blocks = units.group_blocks};
    return nr_filter_game_new(&spec, &lab->game);
}

static nr_status make_pools(laboratory *lab) {
    for (int k = 0; k < ODD; k++) {
        const experiment *e = lab->e;
        size_t span = estimators[k].span == ALL      ? e->images
                      : estimators[k].span == STRATA ? lab->out->strata
                                                     : (size_t)estimators[k].span;
        NR_TRY(pool_new(&lab->pools[k], lab->out->players,
                        estimators[k].set == SHARED ? e->shared : e->keys, span));
    }
    for (int k = 0; k < BUDGETS; k++)
        NR_TRY(pool_new(&lab->pools[ODD + k], lab->out->players,
                        (size_t)lab->e->odd * 4 >> k, 1));
    return NR_OK;
}

static void add_walks(laboratory *lab, walk_set set, size_t repetition) {
    for (int k = 0; k < ODD; k++) {
        pool *p = &lab->pools[k];
        if (estimators[k].set != set) continue;
        for (size_t i = 0; i < p->n; i++) {
            double forward = (double)lab->forward[i], reverse = (double)lab->reverse[i];
            double sample =
                estimators[k].samples == 4 ? forward : (forward + reverse) / 2;
            p->part[repetition * p->n + i] += ldexp(sample, -NR_QUANTUM_BITS);
        }
    }
}

/* A pair of walks is one repetition. */
static nr_status walk_image(laboratory *lab, nr_sampler *sampler, walk_set set,
                            uint32_t image) {
    uint32_t repetitions = set == SHARED ? lab->e->shared : lab->e->keys;
    for (uint32_t k = 0; k < repetitions; k++) {
        nr_sampler_permutation(sampler, k / 2, set == SHARED ? 0 : image, k % 2,
                               lab->permutation);
        double start = nr_odd_clock_s();
        NR_TRY(lab->game.pair(lab->game.self, lab->permutation, lab->game.n_players,
                              lab->forward, lab->reverse, &lab->walk_coalitions));
        lab->walk_s += nr_odd_clock_s() - start;
        add_walks(lab, set, k);
    }
    for (int k = 0; k < ODD; k++)
        if (estimators[k].set == set)
            pool_end_image(&lab->pools[k], image, lab->e->images);
    return NR_OK;
}

/* One, two and four times the budget, from the same coalitions. */
static void solve_draw(laboratory *lab, nr_odd *odd, size_t draw) {
    for (int k = 0; k < BUDGETS; k++) {
        pool *p = &lab->pools[ODD + k];
        size_t slots = (size_t)1 << k, estimates = NR_ODD_SLOTS / slots;
        double start = nr_odd_clock_s();
        for (size_t j = 0; j < estimates; j++)
            nr_odd_solve(odd, j * slots, slots,
                         p->part + (draw * estimates + j) * p->n);
        lab->solve_s[k] += nr_odd_clock_s() - start;
    }
}

/* Four walks of the m live players evaluate 4 (m - 1) coalitions besides both ends. */
static nr_status odd_image(laboratory *lab, nr_odd *odd, uint32_t image,
                           const nr_block_ends *ends) {
    for (uint32_t draw = 0; draw < lab->e->odd; draw++) {
        size_t live = nr_odd_begin(odd, image, ends);
        for (uint32_t slot = 0; slot < NR_ODD_SLOTS; slot++)
            NR_TRY(nr_odd_sample(odd, slot, NR_ODD_SLOTS * draw + slot,
                                 live ? 2 * (live - 1) : 0));
        solve_draw(lab, odd, draw);
    }
    for (int k = 0; k < BUDGETS; k++)
        pool_end_image(&lab->pools[ODD + k], image, lab->e->images);
    return NR_OK;
}

static nr_status play(laboratory *lab, nr_sampler **samplers, nr_odd *odd) {
    nr_block_ends ends;
    for (uint32_t image = 0; image < lab->e->images; image++) {
        NR_TRY(lab->game.open(lab->game.self, image, &ends));
        for (int set = 0; set < N_SETS; set++)
            NR_TRY(walk_image(lab, samplers[set], (walk_set)set, image));
        lab->out->live +=
            (double)nr_game_live(&lab->game, lab->permutation) / (double)lab->e->images;
        NR_TRY(odd_image(lab, odd, image, &ends));
    }
    return NR_OK;
}

/* Mean square of odd's bias over the players; error: by all three pools' repetitions.
 */
static figure square_bias(const laboratory *lab, const pool *odd) {
    const pool *pools[3] = {odd, &lab->pools[KEYS], &lab->pools[KEYS_64]};
    static const double factor[3] = {1, -0.5, -0.5};
    double scale = 1 / (double)odd->n / pow((double)lab->e->images, 2);
    double value = 0, error2 = 0, without[3][POOL_REPETITIONS_MAX] = {{0}};
    for (size_t i = 0; i < odd->n; i++) {
        double mean[3], difference = 0;
        for (int p = 0; p < 3; p++) {
            mean[p] = pool_mean(pools[p], pools[p]->whole, i);
            difference += factor[p] * mean[p];
            value -= pow(factor[p], 2) * pools[p]->variance[i] /
                     (double)pools[p]->repetitions;
        }
        value += pow(difference, 2);
        for (int p = 0; p < 3; p++)
            for (size_t k = 0, r = pools[p]->repetitions; k < r; k++) {
                double one = mean[p] - pools[p]->whole[k * odd->n + i];
                without[p][k] += pow(difference + factor[p] * one / (double)(r - 1), 2);
            }
    }
    for (int p = 0; p < 3; p++) error2 += jackknife(without[p], pools[p]->repetitions);
    return (figure){value * scale, sqrt(error2) * scale};
}

static void conclude(laboratory *lab, nr_odd_cost cost) {
    outcome *out = lab->out;
    double images = (double)lab->e->images, coalitions = (double)cost.coalitions;
    for (int k = 0; k < N_POOLS; k++) {
        double samples = k < ODD ? estimators[k].samples : 1;
        out->variance[k] = pool_variance(&lab->pools[k], 1 / samples / images / images);
    }
    out->walk_us = 1e6 * lab->walk_s / (double)lab->walk_coalitions;
    out->values_us = 1e6 * cost.values_s / coalitions;
    for (int k = 0; k < BUDGETS; k++) {
        out->bias2[k] = square_bias(lab, &lab->pools[ODD + k]);
        out->odd_us[k] =
            out->values_us + 1e6 * (cost.sums_s + lab->solve_s[k]) / coalitions;
    }
}

static nr_status measure(laboratory *lab, nr_metric metric, size_t prefixes) {
    nr_sampler *samplers[N_SETS] = {NULL};
    nr_odd *odd = NULL;
    nr_status status = make_game(lab, metric);
    if (status == NR_OK) status = make_pools(lab);
    const uint32_t strata[N_SETS] = {1, lab->out->strata, GROUP};
    for (uint32_t set = 0; set < N_SETS && status == NR_OK; set++)
        status = nr_sampler_new(1 + set, 0, lab->game.n_players, strata[set],
                                &samplers[set]);
    if (status == NR_OK) status = nr_odd_new(&lab->game, 1, prefixes, &odd);
    if (status == NR_OK) status = play(lab, samplers, odd);
    if (status == NR_OK) conclude(lab, nr_odd_get_cost(odd));
    if (status == NR_OK) status = unbiased_compare(&lab->game, &lab->out->unbiased);
    nr_odd_free(odd);
    for (int set = 0; set < N_SETS; set++) nr_sampler_free(samplers[set]);
    return status;
}

static nr_status run(size_t row, char **argv, size_t prefixes, outcome *out) {
    laboratory lab = {.e = &experiments[row / N_METRICS], .out = out};
    char path[4096], digest[NR_DIGEST_TEXT];
    nr_selection selection = {.wanted = lab.e->images, .seed = 1, .shuffled = true};
    double start = nr_clock_s();
    out->e = lab.e;
    out->metric = metrics[row % N_METRICS];
    snprintf(path, sizeof path, "%s/%s.onnx", argv[1], lab.e->model);
    nr_status status = nr_onnx_load(path, &lab.graph, digest);
    if (status == NR_OK)
        status = nr_images_load(argv[2], lab.graph, selection, &lab.images);
    if (status == NR_OK) status = measure(&lab, (nr_metric)(row % N_METRICS), prefixes);
    out->seconds = nr_clock_s() - start;
    for (int k = 0; k < N_POOLS; k++) pool_free(&lab.pools[k]);
    nr_game_free(&lab.game);
    nr_images_free(lab.images);
    nr_graph_free(lab.graph);
    return status;
}

static figure ratio(figure a, figure b) {
    double value = a.value / b.value;
    return (figure){value, fabs(value) * hypot(a.error / a.value, b.error / b.value)};
}

/* Relative to the variance of keys with the same budget. */
static figure odd_relative(const outcome *o, int k, figure odd) {
    double budget = 1 << k;
    figure keys = {o->variance[KEYS].value / budget, o->variance[KEYS].error / budget};
    return ratio(odd, keys);
}

static void print_walks(const outcome *outcomes) {
    printf("\nvariance at equal evaluations (4 walks an image), keys = 1\n%-9s%-15s%-9s"
           "%6s%9s%7s",
           "network", "layer", "metric", "images", "live", "strata");
    for (int k = 0; k < ODD; k++)
        if (k != KEYS) printf("%15s", estimators[k].name);
    for (const outcome *o = outcomes; o < outcomes + N_ROWS; o++) {
        printf("\n%-9s%-15s%-9s%6zu%5.0f/%-3zu%7u", o->e->model, o->e->layer, o->metric,
               o->e->images, o->live, o->players, o->strata);
        for (int k = 0; k < ODD; k++) {
            figure r = ratio(o->variance[k], o->variance[KEYS]);
            if (k != KEYS) printf("%9.2f+-%-4.2f", r.value, r.error);
        }
    }
    printf("\n");
}

/* MSE: variance + bias^2; with n times the images the bias counts n times as much.
 * time: processor time of a coalition over that of a walk's step. */
static void print_odd(const outcome *outcomes, size_t prefixes) {
    printf(
        "\nodd, %zu prefixes of a permutation; keys with the same budget = 1\n%-9s%-15s"
        "%-9s%7s%14s%14s%8s%10s%18s\n",
        prefixes, "network", "layer", "metric", "budget", "variance", "bias^2", "MSE",
        "time", "MSE, equal time");
    for (const outcome *o = outcomes; o < outcomes + N_ROWS; o++)
        for (int k = 0; k < BUDGETS; k++) {
            figure variance = odd_relative(o, k, o->variance[ODD + k]);
            figure bias2 = odd_relative(o, k, o->bias2[k]);
            double mse = variance.value + bias2.value, time = o->odd_us[k] / o->walk_us;
            printf("%-9s%-15s%-9s%6dx%8.2f+-%-4.2f%8.3f+-%-5.3f%7.2f%10.2f%18.2f\n",
                   o->e->model, o->e->layer, o->metric, 1 << k, variance.value,
                   variance.error, bias2.value, bias2.error, mse, time, mse * time);
        }
}

/* The product's two estimators. */
static void print_unbiased(const outcome *outcomes) {
    printf("\nodd, unbiased (--estimator odd); pairs = 1, of a sweep\n%-9s%-15s%-9s%14s"
           "%13s%7s%17s%13s\n",
           "network", "layer", "metric", "variance", "evaluations", "time",
           "at equal evals", "equal time");
    for (const outcome *o = outcomes; o < outcomes + N_ROWS; o++) {
        const unbiased_ratio *u = &o->unbiased;
        printf("%-9s%-15s%-9s%8.2f+-%-4.2f%13.2f%7.2f%17.2f%13.2f\n", o->e->model,
               o->e->layer, o->metric, u->variance, u->error, u->evaluations, u->time,
               u->variance * u->evaluations, u->variance * u->time);
    }
}

static void write_figure(FILE *file, const char *name, figure f) {
    fprintf(file, "\"%s\": [%.5g, %.2g], ", name, f.value, f.error);
}

static void write_row(FILE *file, const outcome *o) {
    fprintf(file,
            "  {\"model\": \"%s\", \"layer\": \"%s\", \"metric\": \"%s\", \"images\": "
            "%zu, \"players\": %zu, \"live\": %.4g, \"strata\": %u, \"seconds\": %.3g,"
            " \"walk_us\": %.5g, \"values_us\": %.5g,\n   \"variance\": {",
            o->e->model, o->e->layer, o->metric, o->e->images, o->players, o->live,
            o->strata, o->seconds, o->walk_us, o->values_us);
    for (int k = 0; k < ODD; k++)
        write_figure(file, estimators[k].name, o->variance[k]);
    const unbiased_ratio *u = &o->unbiased;
    fprintf(file,
            "\"unit\": \"score^2\"},\n   \"unbiased\": {\"variance\": [%.4g, %.2g], "
            "\"evaluations\": %.4g, \"time\": %.4g},\n   \"odd\": [",
            u->variance, u->error, u->evaluations, u->time);
    for (int k = 0; k < BUDGETS; k++) {
        fprintf(file, "%s{", k ? ",\n           " : "");
        write_figure(file, "variance", o->variance[ODD + k]);
        write_figure(file, "square_bias", o->bias2[k]);
        fprintf(file, "\"budget\": %d, \"us\": %.5g}", 1 << k, o->odd_us[k]);
    }
    fprintf(file, "]}");
}

/* A number and its standard error are a pair. */
static void write_json(FILE *file, const char *machine, const char *date,
                       size_t prefixes, const outcome *outcomes) {
    fprintf(file, "{\"machine\": \"%s\", \"date\": \"%s\", \"prefixes\": %zu,\n",
            machine, date, prefixes);
    for (size_t k = 0; k < N_ROWS; k++) {
        fprintf(file, k ? ",\n" : " \"rows\": [\n");
        write_row(file, &outcomes[k]);
    }
    fprintf(file, "\n]}\n");
}

static nr_status run_all(char **argv, size_t prefixes, FILE *file) {
    static outcome outcomes[N_ROWS];
    char machine[128], date[NR_TIME_TEXT];
    double start = nr_clock_s();
    machine_name(machine);
    nr_clock_text(date);
    NR_TRY(nr_odd_self_check(prefixes));
    for (size_t k = 0; k < N_ROWS; k++) {
        NR_TRY(run(k, argv, prefixes, &outcomes[k]));
        fprintf(stderr, "%s %s %s: %.0f s\n", outcomes[k].e->model,
                outcomes[k].e->layer, outcomes[k].metric, outcomes[k].seconds);
    }
    printf("%s, %s, one core, %.0f s\n", machine, date, nr_clock_s() - start);
    print_walks(outcomes);
    print_odd(outcomes, prefixes);
    print_unbiased(outcomes);
    write_json(file, machine, date, prefixes, outcomes);
    return NR_OK;
}

int main(int argc, char **argv) {
    uint64_t prefixes = 4;
    bool good = argc == 4 || (argc == 5 && nr_parse_u64(argv[4], &prefixes));
    if (!good || prefixes == 0) {
        fprintf(stderr,
                "usage: efficiency DATA_FOLDER FASHION.h5 OUT.json [PREFIXES]\n");
        return nr_status_exit_code(NR_ERR_USAGE);
    }
    nr_gemm_single_thread();
    FILE *file = fopen(argv[3], "w");
    nr_status status = file ? run_all(argv, prefixes, file) : NR_ERR_STORE;
    bool failed = !file || ferror(file) != 0;
    if (file && fclose(file) != 0) failed = true;
    if (failed) status = nr_fail(NR_ERR_STORE, "%s: cannot be written", argv[3]);
    return nr_status_exit_code(status);
}
