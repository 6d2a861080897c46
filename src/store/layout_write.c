/* The file and its layers: attributes, axes, and in what order the parts follow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/version.h"
#include "neurank/estim/goal_rows.h"

/* ---- a layer's attributes ---- */

static nr_status write_texts(nr_h5 *file, const char *group,
                             const nr_store_layer *layer) {
    bool complete = nr_store_layer_is_complete(layer);
    bool exact = nr_store_is_exact(layer);
    NR_TRY(nr_h5_write_text(file, group, "status", complete ? "complete" : "partial"));
    NR_TRY(nr_h5_write_text(file, group, "ended_by", nr_rule_name(layer->ended_by)));
    return nr_h5_write_text(file, group, "interval",
                            exact                        ? "exact"
                            : layer->sequence_sweeps > 0 ? "confidence sequence"
                                                         : "Student t");
}

/* The whole parts of a goal, or the others. */
static nr_status write_goal(nr_h5 *file, const char *group, const nr_store_layer *layer,
                            bool whole) {
    nr_goal goal = layer->goal;
    for (size_t k = 0; k < NR_GOAL_ROWS; k++) {
        const nr_goal_row *row = &nr_goal_rows[k];
        if (row->whole != whole) continue;
        const void *value = whole ? (const void *)nr_goal_whole(&goal, row)
                                  : (const void *)nr_goal_number(&goal, row);
        NR_TRY(nr_h5_write_attribute(file, group, row->attribute,
                                     whole ? NR_H5_U64 : NR_H5_F64, 1, value));
    }
    return NR_OK;
}

static nr_status write_counts(nr_h5 *file, const char *group,
                              const nr_store_layer *layer, const nr_results *r) {
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"players", r->n},
                  {"sweeps", r->sweeps},
                  {"visits", r->visits},
                  {"samples", r->samples},
                  {"walks", r->walks},
                  {"coalition_images", r->coalition_images},
                  {"batch_coalitions", layer->batch}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        NR_TRY(nr_h5_write_attribute(file, group, counts[i].name, NR_H5_U64, 1,
                                     &counts[i].value));
    return write_goal(file, group, layer, true);
}

static nr_status write_numbers(nr_h5 *file, const char *group,
                               const nr_store_layer *layer, const nr_results *r) {
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"value_full", r->value_full},
                   {"value_empty", r->value_empty},
                   {"seconds", layer->seconds}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        NR_TRY(nr_h5_write_attribute(file, group, numbers[i].name, NR_H5_F64, 1,
                                     &numbers[i].value));
    NR_TRY(write_goal(file, group, layer, false));
    return nr_h5_write_attribute(file, group, "sequence_sweeps", NR_H5_F64, 1,
                                 &layer->sequence_sweeps);
}

static nr_status write_summary(nr_h5 *file, const char *group,
                               const nr_store_layer *layer, const nr_results *r) {
    NR_TRY(write_texts(file, group, layer));
    NR_TRY(write_counts(file, group, layer, r));
    NR_TRY(write_numbers(file, group, layer, r));
    return nr_layout_write_plan(file, group, nr_store_layer_plan(layer));
}

static nr_status write_digest(nr_h5 *file, const char *group,
                              const nr_store_layer *layer) {
    char text[NR_DIGEST_TEXT];
    NR_TRY(nr_layout_digest(layer, text));
    return nr_h5_write_text(file, group, "digest", text);
}

nr_status nr_layout_write_layer(nr_h5 *file, const nr_store *store,
                                const nr_store_layer *layer) {
    nr_results *r;
    char group[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    snprintf(group, sizeof group, "/%s", layer->name);
    NR_TRY(nr_h5_make_group(file, group));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(path, layer->name, "filter"),
                            "output channel of the layer", layer->filters,
                            layer->n_players));
    NR_TRY(nr_store_results(store, layer, &r));
    nr_status status = write_summary(file, group, layer, r);
    if (status == NR_OK) status = nr_layout_write_results(file, layer, r);
    nr_results_free(r);
    NR_TRY(status);
    NR_TRY(nr_layout_write_state(file, layer));
    return write_digest(file, group, layer);
}

static nr_status write_layer(nr_h5 *file, const nr_store *store,
                             const nr_store_layer *layer) {
    NR_TRY(nr_layout_write_layer(file, store, layer));
    return layer->images ? nr_layout_write_images(file, store, layer) : NR_OK;
}

nr_status nr_layout_write(nr_h5 *file, const nr_store *store) {
    uint64_t version = NR_STORE_VERSION;
    NR_TRY(nr_h5_write_text(file, "/", "title", "importance of network filters"));
    NR_TRY(nr_h5_write_text(file, "/", "Conventions", "CF-1.10"));
    NR_TRY(nr_h5_write_text(file, "/", "history", store->history));
    NR_TRY(nr_h5_write_text(file, "/", "neurank_version", NR_VERSION));
    NR_TRY(nr_h5_write_text(file, "/", "build", NR_BUILD));
    NR_TRY(nr_h5_write_text(file, "/", "status",
                            nr_store_has_all(store) ? "complete" : "partial"));
    NR_TRY(nr_h5_write_attribute(file, "/", "format_version", NR_H5_U64, 1, &version));
    NR_TRY(nr_h5_write_attribute(file, "/", "generation", NR_H5_U64, 1,
                                 &store->generation));
    NR_TRY(nr_h5_write_text(file, "/", "writer", store->writer));
    NR_TRY(nr_h5_write_attribute(file, "/", "confidence", NR_H5_F64, 1,
                                 &store->confidence));
    if (store->n_layers > 0) /* ratings have plans of their own */
        NR_TRY(nr_layout_write_plan(file, "/", (nr_plan){&nr_run_form, &store->plan}));
    for (size_t i = 0; i < store->n_layers; i++)
        NR_TRY(write_layer(file, store, &store->layers[i]));
    for (size_t i = 0; i < store->n_ratings; i++)
        NR_TRY(nr_layout_write_rating(file, &store->ratings[i], store->confidence));
    return NR_OK;
}
