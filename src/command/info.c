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
#include "neurank/report/table.h"
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

/* ---- a row a layer ---- */

typedef struct {
    const nr_graph *graph;
    uint32_t *layers;
    size_t n;
    double *visits; /* multiply-adds of one sweep on an image */
    double rate;    /* a second */
} layer_list;

enum { NAME, KIND, PLAYERS, OUTPUT, WEIGHTS, FLOP, FLOP_SHOWN, TO_RANK, TIME, NODE };

static void get_layer(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    const layer_list *list = self;
    const nr_graph *graph = list->graph;
    const nr_node *n = nr_graph_node(graph, list->layers[row]);
    double flop = 2 * nr_graph_node_macs(graph, list->layers[row]);
    char text[NR_NUMBER_TEXT];
    switch (column->key) {
    case NAME: nr_cell_text(cell, nr_graph_text(graph, n->short_name)); break;
    case KIND: nr_cell_text(cell, n->op == NR_OP_CONV ? "conv" : "dense"); break;
    case PLAYERS: nr_cell_count(cell, n->shape.c); break;
    case OUTPUT:
        nr_cell_say(cell, "%ux%ux%u", n->shape.c, n->shape.h, n->shape.w);
        break;
    case WEIGHTS:
        nr_cell_say(
            cell, "%s",
            nr_format_count(nr_graph_node_parameters(graph, list->layers[row]), text));
        break;
    case FLOP: nr_cell_count(cell, (uint64_t)flop); break;
    case FLOP_SHOWN: nr_cell_say(cell, "%s", nr_format_count(flop, text)); break;
    case TO_RANK:
        nr_cell_say(cell, "%s", nr_format_count(2 * list->visits[row], text));
        break;
    case TIME:
        nr_cell_say(cell, "%s",
                    nr_format_duration(IMAGES * list->visits[row] / list->rate, text));
        break;
    case NODE: nr_cell_text(cell, nr_graph_text(graph, n->name)); break;
    }
}

#define COLUMN(KEY, TITLE, CSV, WIDTH, BEFORE)                                         \
    {                                                                                  \
        .title = (TITLE), .csv = (CSV), .get = get_layer, .key = (KEY),                \
        .width = (WIDTH), .before = (BEFORE)                                           \
    }
static const nr_column columns[] = {COLUMN(NAME, "layer", "layer", -24, ""),
                                    COLUMN(KIND, "kind", "kind", -5, " "),
                                    COLUMN(PLAYERS, "players", "players", 7, " "),
                                    COLUMN(OUTPUT, "output", NULL, 12, " "),
                                    COLUMN(WEIGHTS, "weights", NULL, 9, " "),
                                    COLUMN(FLOP, NULL, "flop", 0, NULL),
                                    COLUMN(FLOP_SHOWN, "FLOP", NULL, 9, " "),
                                    COLUMN(TO_RANK, "to rank", NULL, 9, " "),
                                    COLUMN(TIME, "1000 images", NULL, 12, " "),
                                    COLUMN(NODE, "node", "node", 0, "  ")};

static nr_table table_of(const layer_list *list) {
    return (nr_table){.columns = columns,
                      .n_columns = sizeof columns / sizeof *columns,
                      .n_rows = list->n,
                      .self = list};
}

static nr_status fill_visits(layer_list *list) {
    if (!NR_NEW(list->visits, list->n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < list->n; i++)
        NR_TRY(visit_macs(list->graph, list->layers[i], &list->visits[i]));
    return NR_OK;
}

/* All layers, and what the network is. */
static nr_status print_graph(const nr_graph *graph, const char *digest) {
    layer_list list = {.graph = graph, .rate = measure_rate()};
    char total[NR_NUMBER_TEXT];
    double macs = 0;
    nr_shape in = nr_graph_node(graph, 0)->shape;
    for (uint32_t i = 0; i < nr_graph_size(graph); i++)
        macs += nr_graph_node_macs(graph, i);
    NR_TRY(nr_layers_list(graph, &list.layers, &list.n));
    nr_status status = fill_visits(&list);
    if (status == NR_OK) {
        nr_table table = table_of(&list);
        printf("%s: input %u x %u x %u, %u classes, %s FLOP an image, digest %s\n",
               nr_graph_source(graph), in.c, in.h, in.w,
               nr_graph_node(graph, nr_graph_output(graph))->shape.c,
               nr_format_count(2 * macs, total), digest);
        nr_table_text(&table, stdout);
        printf("to rank: FLOP of one sweep (4 walks) an image; 1000 images: time of "
               "that on one core at the %.0f GFLOP/s of a large product; small layers "
               "reach a fraction\n",
               2e-9 * list.rate);
    }
    free(list.visits);
    free(list.layers);
    return status;
}

/* Those of --layer all, for scripts, jobs/layers.sbatch among them. */
static nr_status list_layers(const nr_graph *graph) {
    layer_list list = {.graph = graph};
    NR_TRY(nr_layers_select(graph, "all", &list.layers, &list.n));
    nr_table table = table_of(&list);
    nr_table_csv_head(&table, 1, stdout);
    nr_table_csv(&table, stdout);
    free(list.layers);
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
