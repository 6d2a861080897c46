#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/publish.h"
#include "neurank/base/text.h"
#include "neurank/nn/layers.h"
#include "neurank/report/table.h"
#include "neurank/run/export.h"
#include "prune_run.h"

typedef struct {
    const nr_pruning *pruning;
    uint32_t *nodes; /* convolutions and dense layers */
    size_t n;
} layers;

static const char *name_of(const layers *l, size_t k) {
    const nr_graph *graph = l->pruning->plain;
    return nr_graph_text(graph, nr_graph_node(graph, l->nodes[k])->short_name);
}

/* ---- a row a layer: text, and json, which adds the filters themselves ---- */

enum { NAME, FILTERS, KEPT };

static size_t count_kept(const layers *l, size_t k) {
    const nr_pruning *p = l->pruning;
    const bool *cut = p->cut + nr_channels_first(p->channels, l->nodes[k]);
    size_t n = nr_channels_of(p->channels, l->nodes[k]), kept = 0;
    for (size_t c = 0; c < n; c++) kept += !cut[c];
    return kept;
}

static void get_layer(const nr_column *column, const void *self, size_t row,
                      nr_cell *cell) {
    const layers *l = self;
    switch (column->key) {
    case NAME: nr_cell_text(cell, name_of(l, row)); break;
    case FILTERS:
        nr_cell_count(cell, nr_channels_of(l->pruning->channels, l->nodes[row]));
        break;
    case KEPT: nr_cell_count(cell, count_kept(l, row)); break;
    }
}

static const nr_column of_layer[] = {
    {.title = "layer", .json = "name", .get = get_layer, .key = NAME, .width = -24},
    {.title = "filters",
     .json = "filters",
     .get = get_layer,
     .key = FILTERS,
     .before = " ",
     .width = 8},
    {.title = "kept", .get = get_layer, .key = KEPT, .before = " ", .width = 8}};

static nr_table layers_of(const layers *l) {
    return (nr_table){.columns = of_layer,
                      .n_columns = sizeof of_layer / sizeof *of_layer,
                      .n_rows = l->n,
                      .self = l};
}

/* ---- text ---- */

static void print_fact(const char *name, double before, double after,
                       const char *form) {
    char a[NR_NUMBER_TEXT], b[NR_NUMBER_TEXT];
    snprintf(a, sizeof a, form, before);
    snprintf(b, sizeof b, form, after);
    printf("%-16s %12s %12s", name, a, b);
}

static void print_text(const layers *l) {
    const nr_pruning *p = l->pruning;
    const nr_table table = layers_of(l);
    char images[48];
    nr_table_text(&table, stdout);
    printf("\n%-16s %12s %12s\n", "", "before", "after");
    print_fact("parameters", p->before.parameters, p->after.parameters, "%.0f");
    printf("  %5.1f%%\n", 100 * p->after.parameters / p->before.parameters);
    print_fact("FLOP an image", p->before.flops, p->after.flops, "%.0f");
    printf("  %5.1f%%\n", 100 * p->after.flops / p->before.flops);
    if (p->images) {
        print_fact("loss", p->before.loss, p->after.loss, "%.4f");
        printf("\n");
        print_fact("accuracy", p->before.accuracy, p->after.accuracy, "%.4f");
        printf("\n");
    }
    snprintf(images, sizeof images, "%zu %s", p->rows,
             p->images ? "images" : "random inputs");
    printf("\n%s: logits of the masked network, but for %.1e of their range (%s)\n",
           p->request->output, p->range > 0 ? p->worst / p->range : 0, images);
}

/* ---- for programs ---- */

static nr_status print_csv(const layers *l, FILE *stream) {
    const nr_pruning *p = l->pruning;
    fprintf(stream, "layer,filter,kept\n");
    for (size_t k = 0; k < l->n; k++) {
        const bool *cut = p->cut + nr_channels_first(p->channels, l->nodes[k]);
        for (uint32_t c = 0; c < nr_channels_of(p->channels, l->nodes[k]); c++)
            fprintf(stream, "%s,%u,%d\n", name_of(l, k), c, !cut[c]);
    }
    return NR_OK;
}

static json_t *facts_json(const nr_network_facts *f) {
    json_t *o = json_object();
    json_object_set_new(o, "parameters", json_real(f->parameters));
    json_object_set_new(o, "flops", json_real(f->flops));
    json_object_set_new(o, "loss", isnan(f->loss) ? json_null() : json_real(f->loss));
    json_object_set_new(o, "accuracy",
                        isnan(f->accuracy) ? json_null() : json_real(f->accuracy));
    return o;
}

static nr_status print_json(const layers *l, FILE *stream) {
    const nr_pruning *p = l->pruning;
    json_t *root = json_object(), *list = json_array();
    const nr_table table = layers_of(l);
    nr_status status = NR_OK;
    for (size_t k = 0; k < l->n && status == NR_OK; k++) {
        size_t n;
        uint32_t *kept = nr_prune_kept(p, l->nodes[k], &n);
        json_t *layer = nr_table_json_row(&table, k), *numbers = json_array();
        if (!kept) status = NR_ERR_INTERNAL;
        for (size_t i = 0; kept && i < n; i++)
            json_array_append_new(numbers, json_integer(kept[i]));
        json_object_set_new(layer, "kept", numbers);
        json_array_append_new(list, layer);
        free(kept);
    }
    json_object_set_new(root, "model", json_string(p->request->output));
    json_object_set_new(root, "method", json_string(p->request->by));
    json_object_set_new(root, "layers", list);
    json_object_set_new(root, "before", facts_json(&p->before));
    json_object_set_new(root, "after", facts_json(&p->after));
    json_object_set_new(root, "compared", json_integer((json_int_t)p->rows));
    json_object_set_new(root, "largest_difference", json_real(p->worst));
    json_object_set_new(root, "logit_range", json_real(p->range));
    if (status == NR_OK) json_dumpf(root, stream, JSON_INDENT(1));
    fputc('\n', stream);
    json_decref(root);
    return status;
}

nr_status nr_prune_print(const nr_pruning *pruning) {
    layers l = {.pruning = pruning};
    NR_TRY(nr_layers_list(pruning->plain, &l.nodes, &l.n));
    nr_status status = NR_OK;
    switch (pruning->request->format) {
    case NR_FORMAT_TEXT: print_text(&l); break;
    case NR_FORMAT_CSV: status = print_csv(&l, stdout); break;
    case NR_FORMAT_JSON: status = print_json(&l, stdout); break;
    }
    free(l.nodes);
    return status;
}

/* ---- masks ---- */

static nr_status write_csv(const void *context, FILE *stream) {
    return print_csv(context, stream);
}

static nr_status write_json(const void *context, FILE *stream) {
    return print_json(context, stream);
}

static nr_status write_arrays(const layers *l, const char *path) {
    const nr_pruning *p = l->pruning;
    for (size_t k = 0; k < l->n; k++) {
        size_t n = nr_channels_of(p->channels, l->nodes[k]);
        const bool *cut = p->cut + nr_channels_first(p->channels, l->nodes[k]);
        bool *kept;
        char *file;
        if (!NR_NEW(kept, n)) return NR_ERR_INTERNAL;
        for (size_t c = 0; c < n; c++) kept[c] = !cut[c];
        nr_npy_array array = {NR_NPY_BOOL, n, kept};
        nr_status status = nr_npy_name(path, name_of(l, k), &file);
        if (status == NR_OK) {
            status = nr_npy_write(file, &array);
            free(file);
        }
        free(kept);
        NR_TRY(status);
    }
    return NR_OK;
}

nr_status nr_prune_masks(const nr_pruning *pruning) {
    const char *path = pruning->request->masks;
    layers l = {.pruning = pruning};
    if (!path) return NR_OK;
    NR_TRY(nr_layers_list(pruning->plain, &l.nodes, &l.n));
    nr_status status = NR_OK;
    switch (nr_export_kind_of(path)) {
    case NR_EXPORT_CSV: status = nr_publish_stream(path, write_csv, &l); break;
    case NR_EXPORT_JSON: status = nr_publish_stream(path, write_json, &l); break;
    case NR_EXPORT_NPY: status = write_arrays(&l, path); break;
    case NR_EXPORT_UNKNOWN: status = NR_ERR_INTERNAL; break; /* checked before */
    }
    free(l.nodes);
    return status;
}
