#include "neurank/store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layout.h"
#include "neurank/base/memory.h"
#include "neurank/base/publish.h"

nr_status nr_store_new(size_t n_layers, nr_store **out) {
    nr_store *store;
    if (!NR_NEW(store, 1)) return NR_ERR_INTERNAL;
    store->history = nr_strdup("");
    if (!store->history || !NR_NEW(store->layers, n_layers)) {
        nr_store_free(store);
        return NR_ERR_INTERNAL;
    }
    store->n_layers = n_layers;
    *out = store;
    return NR_OK;
}

void nr_store_free(nr_store *store) {
    if (!store) return;
    for (size_t i = 0; store->layers && i < store->n_layers; i++) {
        nr_store_layer *layer = &store->layers[i];
        free(layer->name);
        free(layer->filters);
        nr_plan_free(&layer->plan);
        nr_fold_free(layer->fold);
        nr_image_rows_free(layer->images);
    }
    free(store->layers);
    nr_plan_free(&store->plan);
    free(store->history);
    free(store);
}

bool nr_store_layer_is_complete(const nr_store_layer *layer) {
    return nr_rule_is_end(layer->ended_by);
}

bool nr_store_is_complete(const nr_store *store) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (!nr_store_layer_is_complete(&store->layers[i])) return false;
    return true;
}

nr_status nr_store_layer_make_fold(nr_store_layer *layer) {
    nr_fold_spec spec = {.n_players = layer->n_players,
                         .n_classes = nr_plan_get_u64(&layer->plan, "by_class"),
                         .units_per_sweep = layer->units.units_per_sweep,
                         .n_blocks = layer->units.n_blocks,
                         .pieces = layer->units.pieces,
                         .odd = strcmp(nr_plan_get(&layer->plan, "estimator"), "odd") ==
                                0};
    return nr_fold_new(&spec, &layer->fold);
}

nr_interval_spec nr_store_intervals(const nr_store *store,
                                    const nr_store_layer *layer) {
    bool bounded = strcmp(nr_plan_get(&layer->plan, "metric"), "accuracy") == 0;
    return (nr_interval_spec){.confidence = store->confidence,
                              .sequence_sweeps = layer->sequence_sweeps,
                              .marginal_limit = bounded ? 1 : INFINITY};
}

nr_status nr_store_results(const nr_store *store, const nr_store_layer *layer,
                           nr_results **out) {
    nr_interval_spec spec = nr_store_intervals(store, layer);
    return nr_results_new(layer->fold, &spec, out);
}

nr_status nr_store_add_history(nr_store *store, const char *line) {
    size_t bytes = strlen(store->history) + strlen(line) + 2;
    char *joined = nr_new(bytes, 1);
    if (!joined) return NR_ERR_INTERNAL;
    snprintf(joined, bytes, "%s%s%s", store->history, *store->history ? "\n" : "",
             line);
    free(store->history);
    store->history = joined;
    return NR_OK;
}

/* Remembers which file stands at path; all zero: none. */
static void identify(const char *path, nr_store *store) {
    struct stat info = {0};
    if (stat(path, &info) != 0) info = (struct stat){0};
    store->file_device = (uint64_t)info.st_dev;
    store->file_number = (uint64_t)info.st_ino;
    store->file_time_ns =
        (uint64_t)info.st_mtim.tv_sec * 1000000000 + (uint64_t)info.st_mtim.tv_nsec;
}

/* The file that is being replaced, if its values by image go on. */
static nr_status open_old(const char *path, const nr_store *store, nr_h5 **out) {
    bool wanted = false;
    nr_store now = {0};
    for (size_t i = 0; i < store->n_layers; i++)
        wanted |= store->layers[i].images != NULL;
    *out = NULL;
    if (!wanted) return NR_OK;
    identify(path, &now);
    NR_REQUIRE(now.file_device == store->file_device &&
                   now.file_number == store->file_number &&
                   now.file_time_ns == store->file_time_ns,
               NR_ERR_STORE,
               "%s: was replaced or removed while this run went on with its values by "
               "image; the same command goes on from what stands there now",
               path);
    return now.file_number ? nr_h5_open(path, out) : NR_OK;
}

static nr_status write_file(const char *path, const nr_h5 *old, const nr_store *store) {
    char *temporary;
    nr_h5 *file;
    NR_TRY(nr_publish_name(path, &temporary));
    nr_status status = nr_h5_create(temporary, &file);
    if (status == NR_OK) {
        status = nr_layout_write(file, old, store);
        nr_status closed = nr_h5_close(file);
        if (status == NR_OK) status = closed;
        if (status == NR_OK) status = nr_publish_commit(temporary, path);
        else nr_publish_abandon(temporary);
    }
    free(temporary);
    return status;
}

nr_status nr_store_write(const char *path, nr_store *store) {
    nr_h5 *old;
    NR_TRY(open_old(path, store, &old));
    nr_status status = write_file(path, old, store);
    nr_h5_close(old);
    if (status == NR_OK) identify(path, store);
    for (size_t i = 0; i < store->n_layers && status == NR_OK; i++)
        if (store->layers[i].images) nr_image_rows_written(store->layers[i].images);
    return status;
}

nr_status nr_store_detect(const char *path, bool *is_store) {
    nr_h5 *file;
    NR_TRY(nr_h5_open(path, &file));
    *is_store = nr_h5_has_attribute(file, "/", "format_version");
    nr_h5_close(file);
    return NR_OK;
}

nr_status nr_store_read(const char *path, nr_store **out) {
    nr_h5 *file;
    NR_TRY(nr_h5_open(path, &file));
    nr_status status = nr_layout_read(file, out);
    nr_h5_close(file);
    if (status == NR_OK) identify(path, *out);
    return status;
}
