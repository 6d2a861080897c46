/* `neurank eval`: the network as it is, or with some filters ablated. One rank. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/command/command.h"
#include "neurank/game/channel_means.h"
#include "neurank/game/masked.h"
#include "neurank/h5/file.h"
#include "neurank/nn/gemm.h"
#include "neurank/nn/layers.h"
#include "neurank/onnx/import.h"
#include "neurank/plan/index_list.h"
#include "neurank/report/table.h"
#include "neurank/run/kernel_choice.h"
#include "neurank/run/network.h"

enum { BATCH = 32 };

typedef struct {
    const nr_eval_request *request;
    nr_graph *graph;
    nr_images *images;
    const nr_kernels *kernels;
    size_t classes;
    float *logits; /* [images, classes] */
    uint32_t *dropped;
    size_t n_dropped;
    double accuracy, loss;
} evaluation;

/* ---- logits ---- */

static nr_network network_of(const evaluation *e) {
    return (nr_network){.graph = e->graph, .kernels = e->kernels};
}

static nr_status whole_network(evaluation *e) {
    nr_network network = network_of(e);
    return nr_network_on_images(&network, e->images, e->logits);
}

/* Every filter is a player; those in --drop are not kept. */
static nr_status ablated_network(evaluation *e, uint32_t layer) {
    size_t n = nr_graph_node(e->graph, layer)->shape.c;
    size_t total = nr_images_count(e->images);
    uint32_t *filters = NULL;
    bool *kept = NULL;
    float *means = NULL;
    nr_masked *masked = NULL;
    nr_status status = NR_ERR_INTERNAL;
    means = nr_new_floats(n);
    if (!means || !NR_NEW(filters, n) || !NR_NEW(kept, n)) goto err_free;
    for (uint32_t i = 0; i < n; i++) {
        filters[i] = i;
        kept[i] = true;
    }
    for (size_t i = 0; i < e->n_dropped; i++) kept[e->dropped[i]] = false;
    nr_filter_spec spec = {.graph = e->graph,
                           .images = e->images,
                           .kernels = e->kernels,
                           .layer = layer,
                           .ablation = e->request->ablation,
                           .filters = filters,
                           .n_players = n};
    status = NR_OK;
    if (spec.ablation == NR_ABLATE_MEAN)
        status = nr_channel_means_find(e->graph, e->images, e->kernels, layer, means);
    spec.channel_means = means;
    if (status == NR_OK) status = nr_masked_new(&spec, BATCH, &masked);
    for (size_t first = 0; first < total && status == NR_OK; first += BATCH)
        nr_masked_logits(masked, kept, first,
                         total - first < BATCH ? total - first : BATCH,
                         e->logits + first * e->classes);
err_free:
    nr_masked_free(masked);
    free(means);
    free(kept);
    free(filters);
    return status;
}

static nr_status find_logits(evaluation *e) {
    uint32_t layer;
    if (!e->request->layer) return whole_network(e);
    NR_TRY(
        nr_layers_find(e->graph, e->request->layer, strlen(e->request->layer), &layer));
    if (e->request->drop)
        NR_TRY(nr_parse_index_list("--drop", e->request->drop,
                                   nr_graph_node(e->graph, layer)->shape.c, &e->dropped,
                                   &e->n_dropped));
    return e->n_dropped ? ablated_network(e, layer) : whole_network(e);
}

/* ---- output ---- */

static nr_status fill_logits_file(nr_h5 *file, const evaluation *e) {
    size_t n = nr_images_count(e->images);
    uint32_t *index;
    if (!NR_NEW(index, n)) return NR_ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) index[i] = nr_images_index(e->images, i);
    nr_h5_dataset dataset = {.path = "/logits",
                             .type = NR_H5_F32,
                             .rank = 2,
                             .dims = {n, e->classes},
                             .scales = {"/image", "/class"},
                             .long_name = "logits"};
    nr_status status =
        nr_h5_make_scale(file, "/image", "number of the image in its file", index, n);
    free(index);
    NR_TRY(status);
    NR_TRY(nr_h5_make_scale(file, "/class", "class", NULL, e->classes));
    return nr_h5_make_dataset(file, &dataset, e->logits);
}

static nr_status write_logits(const evaluation *e) {
    char *temporary;
    nr_h5 *file;
    const char *const inputs[] = {e->request->in.model, e->request->in.data};
    NR_TRY(nr_publish_check(e->request->logits, inputs, 2));
    NR_TRY(nr_publish_name(e->request->logits, &temporary));
    nr_status status = nr_h5_create(temporary, &file);
    if (status == NR_OK) {
        status = fill_logits_file(file, e);
        nr_status closed = nr_h5_close(file);
        if (status == NR_OK) status = closed;
        if (status == NR_OK)
            status = nr_publish_commit(temporary, e->request->logits, NULL);
        else nr_publish_abandon(temporary);
    }
    free(temporary);
    return status;
}

enum { ACCURACY, LOSS, IMAGES, DROPPED };

static void get_fact(const nr_column *column, const void *self, size_t row,
                     nr_cell *cell) {
    const evaluation *e = self;
    (void)row;
    switch (column->key) {
    case ACCURACY: nr_cell_number(cell, e->accuracy); break;
    case LOSS: nr_cell_number(cell, e->loss); break;
    case IMAGES: nr_cell_count(cell, nr_images_count(e->images)); break;
    case DROPPED: nr_cell_count(cell, e->n_dropped); break;
    }
}

/* One row; text has a line a fact, and json names the filters themselves. */
static const nr_column facts[] = {
    {.csv = "accuracy",
     .json = "accuracy",
     .get = get_fact,
     .key = ACCURACY,
     .fixed_digits = true},
    {.csv = "loss", .json = "loss", .get = get_fact, .key = LOSS, .fixed_digits = true},
    {.csv = "images", .json = "images", .get = get_fact, .key = IMAGES},
    {.csv = "dropped", .get = get_fact, .key = DROPPED}};

static void print_json(const evaluation *e, const nr_table *table) {
    json_t *root = nr_table_json_row(table, 0), *dropped = json_array();
    for (size_t i = 0; i < e->n_dropped; i++)
        json_array_append_new(dropped, json_integer(e->dropped[i]));
    json_object_set_new(root, "dropped", dropped);
    if (e->request->layer)
        json_object_set_new(root, "layer", json_string(e->request->layer));
    json_object_set_new(root, "ablation",
                        json_string(nr_ablation_words[e->request->ablation]));
    json_dumpf(root, stdout, JSON_INDENT(1));
    fputc('\n', stdout);
    json_decref(root);
}

static void print(const evaluation *e) {
    const nr_table table = {.columns = facts,
                            .n_columns = sizeof facts / sizeof *facts,
                            .n_rows = 1,
                            .self = e};
    switch (e->request->format) {
    case NR_FORMAT_JSON: print_json(e, &table); break;
    case NR_FORMAT_CSV:
        nr_table_csv_head(&table, 1, stdout);
        nr_table_csv(&table, stdout);
        break;
    case NR_FORMAT_TEXT:
        printf("accuracy %.4f\nloss %.4f\n", e->accuracy, e->loss);
        break;
    }
}

static nr_status evaluate(evaluation *e) {
    char digest[NR_DIGEST_TEXT];
    const nr_input_request *in = &e->request->in;
    nr_selection selection = {.wanted = (size_t)in->images, .seed = in->seed};
    double value;
    NR_TRY(nr_require_kernels(in->kernels, &e->kernels));
    NR_TRY(nr_onnx_load(in->model, &e->graph, digest));
    NR_TRY(nr_images_load(in->data, e->graph, selection, &e->images));
    e->classes = nr_graph_node(e->graph, nr_graph_output(e->graph))->shape.c;
    e->logits = nr_new_floats(nr_size_mul(nr_images_count(e->images), e->classes));
    if (!e->logits) return NR_ERR_INTERNAL;
    NR_TRY(find_logits(e));
    nr_network network = network_of(e);
    NR_TRY(nr_network_score(&network, e->images, e->logits, NR_METRIC_ACCURACY,
                            &e->accuracy));
    NR_TRY(nr_network_score(&network, e->images, e->logits, NR_METRIC_LOSS, &value));
    e->loss = -value;
    if (e->request->logits) NR_TRY(write_logits(e));
    print(e);
    return NR_OK;
}

nr_status nr_run_eval(const nr_eval_request *request) {
    evaluation e = {.request = request};
    nr_gemm_single_thread();
    nr_status status = evaluate(&e);
    free(e.dropped);
    free(e.logits);
    nr_images_free(e.images);
    nr_graph_free(e.graph);
    return status;
}
