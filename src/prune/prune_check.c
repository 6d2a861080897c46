/* What a network is worth before and after it is pruned, and that the smaller one
 * computes what the larger one does with those filters silent.
 *
 * The two come about on ways that share little: the smaller one is cut from the file's
 * messages and read like any model; the masked one is the folded graph, in which the
 * silent channels are set to zero in every tensor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/rng.h"
#include "neurank/nn/layers.h"
#include "prune_run.h"

/* Without images: rows of normal numbers. */
enum { RANDOM_ROWS = 64 };
/* Of the logits' range: rounding, in sums that are taken in another order. */
static const double tolerance = 1e-4;

/* ---- inputs ---- */

static void read_random(const void *context, size_t first, size_t count, float *input) {
    size_t each = nr_shape_size(nr_graph_node(context, 0)->shape);
    nr_stream stream = nr_stream_make(1, "prune", 0);
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < each; i++) {
            double u[2];
            nr_stream_uniforms(stream, (uint32_t)(first + r), (uint32_t)i, 0, 0, u);
            input[r * each + i] = (float)nr_normal(u);
        }
}

static nr_status logits_of(const nr_pruning *p, const nr_network *network,
                           float *logits) {
    if (p->images) return nr_network_on_images(network, p->images, logits);
    return nr_network_logits(network, read_random, network->graph, RANDOM_ROWS, logits);
}

static float *room_for_logits(const nr_pruning *p) {
    nr_network network = {.graph = p->graph};
    size_t rows = p->images ? nr_images_count(p->images) : RANDOM_ROWS;
    return nr_new_floats(nr_size_mul(rows, nr_network_classes(&network)));
}

/* ---- facts ---- */

static void sizes_of(const nr_graph *graph, nr_network_facts *facts) {
    facts->parameters = facts->flops = 0;
    for (uint32_t i = 0; i < nr_graph_size(graph); i++) {
        facts->parameters += nr_graph_node_parameters(graph, i);
        facts->flops += 2 * nr_graph_node_macs(graph, i);
    }
}

static nr_status scores_of(const nr_pruning *p, const nr_network *network,
                           const float *logits, nr_network_facts *facts) {
    facts->accuracy = facts->loss = NAN;
    if (!p->images) return NR_OK;
    NR_TRY(nr_network_score(network, p->images, logits, NR_METRIC_ACCURACY,
                            &facts->accuracy));
    NR_TRY(nr_network_score(network, p->images, logits, NR_METRIC_LOSS, &facts->loss));
    facts->loss = -facts->loss;
    return NR_OK;
}

nr_status nr_prune_measure(nr_pruning *p) {
    nr_network network = {.graph = p->graph, .kernels = p->kernels};
    float *logits = room_for_logits(p);
    if (!logits) return NR_ERR_INTERNAL;
    sizes_of(p->graph, &p->before);
    nr_status status = logits_of(p, &network, logits);
    if (status == NR_OK) status = scores_of(p, &network, logits, &p->before);
    free(logits);
    return status;
}

/* ---- masked ---- */

/* Silence in the graph that runs, from filters that are off in the plain one. */
static nr_status find_silent(const nr_pruning *p, bool **out) {
    nr_channels *channels;
    bool *off = NULL, *silent = NULL;
    NR_TRY(nr_channels_new(p->graph, &channels));
    size_t total = nr_channels_count(channels);
    nr_status status =
        NR_NEW(off, total) && NR_NEW(silent, total) ? NR_OK : NR_ERR_INTERNAL;
    for (size_t k = 0; k < p->ranks.n && status == NR_OK; k++) {
        const nr_ranked_layer *layer = &p->ranks.layers[k];
        size_t from = nr_channels_first(p->channels, layer->node);
        uint32_t node;
        status = nr_layers_find(p->graph, layer->name, strlen(layer->name), &node);
        if (status != NR_OK) break;
        NR_ASSERT(nr_channels_of(channels, node) ==
                  nr_channels_of(p->channels, layer->node));
        memcpy(off + nr_channels_first(channels, node), p->off + from,
               nr_channels_of(channels, node) * sizeof *off);
    }
    if (status == NR_OK) nr_channels_silent(channels, off, silent);
    free(off);
    nr_channels_free(channels);
    if (status == NR_OK) *out = silent;
    else free(silent);
    return status;
}

nr_status nr_prune_masked(nr_pruning *p, float *logits, nr_network_facts *scores) {
    bool *silent;
    NR_TRY(find_silent(p, &silent));
    nr_network masked = {p->graph, p->kernels, silent};
    nr_status status = logits_of(p, &masked, logits);
    if (status == NR_OK) status = scores_of(p, &masked, logits, scores);
    free(silent);
    return status;
}

/* ---- small ---- */

static void compare(nr_pruning *p, const float *masked, const float *small, size_t n) {
    double low = INFINITY, high = -INFINITY, worst = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)masked[i] - (double)small[i]);
        if (!(difference <= worst)) worst = difference; /* also where it is NAN */
        if (masked[i] < low) low = masked[i];
        if (masked[i] > high) high = masked[i];
    }
    p->worst = worst;
    p->range = high - low;
}

nr_status nr_prune_verify(nr_pruning *p) {
    nr_network small = {.graph = p->small, .kernels = p->kernels};
    float *wanted = room_for_logits(p), *got = room_for_logits(p);
    nr_network_facts masked;
    nr_status status = wanted && got ? NR_OK : NR_ERR_INTERNAL;
    if (status == NR_OK) status = nr_prune_masked(p, wanted, &masked);
    if (status == NR_OK) status = logits_of(p, &small, got);
    if (status == NR_OK) {
        sizes_of(p->small, &p->after);
        p->rows = p->images ? nr_images_count(p->images) : RANDOM_ROWS;
        compare(p, wanted, got, p->rows * nr_network_classes(&small));
        status = scores_of(p, &small, got, &p->after);
    }
    if (status == NR_OK && !(p->worst <= tolerance * p->range))
        status =
            nr_fail(NR_ERR_INTERNAL,
                    "%s: the smaller network's logits differ from the masked one's "
                    "by %g, their range is %g: nothing is written",
                    p->request->output, p->worst, p->range);
    free(wanted);
    free(got);
    return status;
}
