/* `neurank info`: what a model is made of and what ranking its layers costs. */
#include <stdio.h>
#include <stdlib.h>

#include "neurank/base/clock.h"
#include "neurank/base/memory.h"
#include "neurank/base/text.h"
#include "neurank/command/command.h"
#include "neurank/game/cost.h"
#include "neurank/nn/gemm.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "neurank/shapley/forecast.h"

enum { SIDE = 256, IMAGES = 1000 };

/* Multiply-adds a second of one core on a square product, to turn work into time. */
static double measure_rate(void) {
    float *x = nr_new((size_t)3 * SIDE * SIDE, sizeof *x);
    double best = 0;
    if (!x) return 0;
    for (int i = 0; i < 8; i++) {
        double start = nr_clock_s();
        nr_gemm(SIDE, SIDE, SIDE, x, SIDE, x + SIDE * SIDE, SIDE, x + 2 * SIDE * SIDE,
                SIDE);
        double rate = (double)SIDE * SIDE * SIDE / (nr_clock_s() - start);
        if (rate > best) best = rate;
    }
    free(x);
    return best;
}

static nr_status visit_macs(const nr_graph *graph, uint32_t layer, double *out) {
    size_t n = nr_graph_node(graph, layer)->shape.c;
    uint32_t *filters;
    nr_cut *cut;
    if (!NR_NEW(filters, n)) return NR_ERR_INTERNAL;
    for (uint32_t i = 0; i < n; i++) filters[i] = i;
    nr_status status = nr_cut_new(graph, layer, NR_ABLATE_REMOVE, filters, n, &cut);
    free(filters);
    NR_TRY(status);
    *out = nr_filter_visit_macs(cut, 1);
    nr_cut_free(cut);
    return NR_OK;
}

static nr_status print_layer(const nr_graph *graph, uint32_t layer, double rate) {
    const nr_node *n = nr_graph_node(graph, layer);
    char shape[48], size[NR_NUMBER_TEXT], macs[NR_NUMBER_TEXT], work[NR_NUMBER_TEXT];
    char time[NR_NUMBER_TEXT];
    double visit;
    NR_TRY(visit_macs(graph, layer, &visit));
    snprintf(shape, sizeof shape, "%ux%ux%u", n->shape.c, n->shape.h, n->shape.w);
    printf("%-24s %-5s %7u %12s %9s %9s %9s %12s  %s\n",
           nr_graph_text(graph, n->short_name), n->op == NR_OP_CONV ? "conv" : "dense",
           n->shape.c, shape,
           nr_format_count(nr_graph_node_parameters(graph, layer), size),
           nr_format_count(2 * nr_graph_node_macs(graph, layer), macs),
           nr_format_count(2 * visit, work),
           nr_format_duration(IMAGES * visit / rate, time),
           nr_graph_text(graph, n->name));
    return NR_OK;
}

static nr_status print_graph(const nr_graph *graph, const char *digest) {
    uint32_t *layers;
    size_t n;
    char total[NR_NUMBER_TEXT];
    double macs = 0, rate = measure_rate();
    nr_shape in = nr_graph_node(graph, 0)->shape;
    for (uint32_t i = 0; i < nr_graph_size(graph); i++)
        macs += nr_graph_node_macs(graph, i);
    NR_TRY(nr_layers_list(graph, &layers, &n));
    printf("%s: input %u x %u x %u, %u classes, %s FLOP an image, digest %s\n",
           nr_graph_source(graph), in.c, in.h, in.w,
           nr_graph_node(graph, nr_graph_output(graph))->shape.c,
           nr_format_count(2 * macs, total), digest);
    printf("%-24s %-5s %7s %12s %9s %9s %9s %12s  %s\n", "layer", "kind", "players",
           "output", "weights", "FLOP", "to rank", "1000 images", "node");
    nr_status status = NR_OK;
    for (size_t i = 0; i < n && status == NR_OK; i++)
        status = print_layer(graph, layers[i], rate);
    free(layers);
    printf(
        "to rank: FLOP of one sweep (4 walks) an image; 1000 images: time of that on "
        "one "
        "core at the %.0f GFLOP/s of a large product; small layers reach a fraction\n",
        2e-9 * rate);
    return status;
}

/* Those of --layer all, for scripts, jobs/layers.sbatch among them. */
static nr_status list_layers(const nr_graph *graph) {
    uint32_t *layers;
    size_t n;
    NR_TRY(nr_layers_select(graph, "all", &layers, &n));
    printf("layer,kind,players,flop,node\n");
    for (size_t i = 0; i < n; i++) {
        const nr_node *node = nr_graph_node(graph, layers[i]);
        printf("%s,%s,%u,%.0f,%s\n", nr_graph_text(graph, node->short_name),
               node->op == NR_OP_CONV ? "conv" : "dense", node->shape.c,
               2 * nr_graph_node_macs(graph, layers[i]),
               nr_graph_text(graph, node->name));
    }
    free(layers);
    return NR_OK;
}

nr_status nr_run_info(const nr_info_request *request) {
    nr_graph *graph;
    char digest[NR_DIGEST_TEXT];
    nr_gemm_single_thread();
    const nr_input_request *in = &request->forecast.play.in;
    if (in->data) return nr_run_forecast(&request->forecast);
    NR_TRY(nr_onnx_load(in->model, &graph, digest));
    nr_status status = request->format == NR_FORMAT_CSV ? list_layers(graph)
                                                        : print_graph(graph, digest);
    nr_graph_free(graph);
    return status;
}
