/* Baselines of one layer: images in order, each once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/base/wide.h"
#include "neurank/game/baseline.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/filter_spec.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "rater.h"

/* Images of a step: sums of so many values fit in an integer. */
enum { STEP = 96 };

_Static_assert((int)NR_BASELINE_QUANTITIES == (int)NR_BASELINE_MEANS,
               "what the store has room for");

typedef struct {
    const nr_rated_layer *layer;
    size_t n, n_images;
    uint32_t *filters; /* [n] all */
    float *means;      /* [n] for the ablation `mean` */
    nr_baseline *baseline;
    double *values; /* [quantities, n] of an image */
} context;

/* ---- its rating ---- */

/* By the weights as the file has them: folding BatchNorm would change them. */
static nr_status fill_norms(const nr_rated_layer *layer, nr_rating *rating) {
    nr_graph *graph;
    uint32_t node;
    NR_TRY(nr_onnx_load_plain(layer->request->in.model, &graph));
    nr_status status = nr_layers_find(graph, layer->name, strlen(layer->name), &node);
    if (status == NR_OK && nr_graph_node(graph, node)->shape.c != layer->n)
        status = nr_fail(NR_ERR_INPUT, "%s: layer \"%s\" has %u filters, it had %zu",
                         layer->request->in.model, layer->name,
                         nr_graph_node(graph, node)->shape.c, layer->n);
    if (status == NR_OK)
        nr_filter_norms(graph, node, rating->arrays[NR_BASELINE_L1],
                        rating->arrays[NR_BASELINE_L2],
                        rating->arrays[NR_BASELINE_BN_SCALE]);
    nr_graph_free(graph);
    return status;
}

static void fill_random(const nr_rated_layer *layer, double *random) {
    nr_stream stream = nr_stream_make(layer->request->in.seed, "random", layer->node);
    for (size_t j = 0; j < layer->n; j++) {
        uint64_t bits[2];
        nr_stream_draw(stream, (uint32_t)j, 0, 0, 0, bits);
        random[j] = (double)(bits[0] >> 11) * 0x1p-53;
    }
}

nr_status nr_baseline_rating(const nr_rated_layer *layer, nr_rating *out) {
    nr_rating_plan plan = nr_rated_plan(layer);
    plan.of_baseline.metric = layer->of_baseline->metric;
    plan.of_baseline.ablation = layer->of_baseline->ablation;
    NR_TRY(nr_rating_make(NR_RATING_BASELINE, layer->name, &plan, layer->n, 0, out));
    fill_random(layer, out->arrays[NR_BASELINE_RANDOM]);
    nr_status status = fill_norms(layer, out);
    if (status != NR_OK) nr_rating_clear(out);
    return status;
}

/* ---- steps ---- */

static void tell(void *self, const nr_rating *rating, uint64_t *told) {
    (void)self;
    told[0] = rating->counts[NR_BASELINE_SEEN];
}

static nr_status add_values(const context *c, size_t image, int64_t *sums) {
    for (size_t i = 0; i < NR_BASELINE_QUANTITIES * c->n; i++) {
        size_t which = i / c->n, j = i % c->n;
        int64_t lanes[3];
        NR_REQUIRE(
            nr_image_mean_lanes(c->values[i], lanes), NR_ERR_UNIT,
            "layer \"%s\": %s of filter %zu on image %u is %g, a number below 2^16 "
            "is expected",
            c->layer->name, nr_baseline_means[which].name, j,
            nr_images_index(c->layer->inputs->images, image), c->values[i]);
        for (size_t k = 0; k < 3; k++) sums[(3 * which + k) * c->n + j] += lanes[k];
    }
    return NR_OK;
}

static nr_status work(void *self, const uint64_t *told, int rank, int size,
                      int64_t *sums) {
    context *c = self;
    size_t end = (size_t)told[0] + STEP;
    if (end > c->n_images) end = c->n_images;
    for (size_t i = (size_t)told[0] + (size_t)rank; i < end; i += (size_t)size) {
        NR_TRY(nr_baseline_image(c->baseline, i, c->values));
        NR_TRY(add_values(c, i, sums));
    }
    return NR_OK;
}

static nr_status take(void *self, nr_rating *rating, const uint64_t *told,
                      const int64_t *sums) {
    const context *c = self;
    uint64_t *words = rating->arrays[NR_BASELINE_SUMS], end = told[0] + STEP;
    for (size_t i = 0; i < NR_BASELINE_LANES * c->n; i++) {
        size_t lane = i / c->n, j = i % c->n;
        uint64_t *low = &words[2 * lane * c->n + j], *high = low + c->n;
        nr_wide sum = nr_wide_join(*low, *high);
        NR_ASSERT(nr_wide_add(&sum, sums[i]));
        *low = nr_wide_low(sum);
        *high = nr_wide_high(sum);
    }
    if (end > c->n_images) end = c->n_images;
    rating->counts[NR_BASELINE_SEEN] = end;
    rating->ended_by = end == c->n_images ? NR_RULE_IMAGES : NR_RULE_NONE;
    return NR_OK;
}

static double describe(void *self, const nr_rating *r, char line[NR_RATER_LINE]) {
    const context *c = self;
    double part = (double)r->counts[NR_BASELINE_SEEN] / (double)c->n_images;
    snprintf(line, NR_RATER_LINE, "%3.0f%% of %zu images", floor(100 * part),
             c->n_images);
    return part;
}

/* ---- making ---- */

static void free_context(void *self) {
    context *c = self;
    nr_baseline_free(c->baseline);
    free(c->filters);
    free(c->means);
    free(c->values);
    free(c);
}

static nr_status fill(const nr_rated_layer *layer, context *c) {
    c->layer = layer;
    c->n = layer->n;
    c->n_images = nr_images_count(layer->inputs->images);
    nr_filter_spec spec = {.graph = layer->inputs->graph,
                           .images = layer->inputs->images,
                           .kernels = layer->kernels,
                           .layer = layer->node,
                           .ablation = layer->of_baseline->ablation,
                           .n_players = c->n,
                           .metric = layer->of_baseline->metric,
                           .block_images = 1,
                           .group_blocks = 1,
                           .memory_bytes = (size_t)layer->request->memory_mib << 20};
    c->means = nr_new_floats(c->n);
    if (!c->means || !NR_NEW(c->filters, c->n) ||
        !NR_NEW(c->values, nr_size_mul(NR_BASELINE_QUANTITIES, c->n)))
        return NR_ERR_INTERNAL;
    for (uint32_t j = 0; j < c->n; j++) c->filters[j] = j;
    if (spec.ablation == NR_ABLATE_MEAN)
        NR_TRY(nr_channel_means_find(layer->inputs->graph, layer->inputs->images,
                                     layer->kernels, layer->node, c->means));
    spec.filters = c->filters;
    spec.channel_means = c->means;
    return nr_baseline_new(&spec, &c->baseline);
}

nr_status nr_baseline_rater_new(const nr_rated_layer *layer, nr_rater *out) {
    context *c;
    if (!NR_NEW(c, 1)) return NR_ERR_INTERNAL;
    nr_status status = fill(layer, c);
    if (status != NR_OK) {
        free_context(c);
        return status;
    }
    *out = (nr_rater){.self = c,
                      .n_told = 1,
                      .n_sums = NR_BASELINE_LANES * c->n,
                      .tell = tell,
                      .work = work,
                      .take = take,
                      .describe = describe,
                      .free = free_context};
    return NR_OK;
}
