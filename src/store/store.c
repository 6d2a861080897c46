#include "neurank/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    }
    free(store->layers);
    nr_plan_free(&store->plan);
    free(store->history);
    free(store);
}

bool nr_store_layer_is_complete(const nr_store_layer *layer) {
    return nr_fold_complete_sweeps(layer->fold) >= layer->sweeps_planned;
}

bool nr_store_is_complete(const nr_store *store) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (!nr_store_layer_is_complete(&store->layers[i])) return false;
    return true;
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

nr_status nr_store_write(const char *path, const nr_store *store) {
    char *temporary;
    nr_h5 *file;
    NR_TRY(nr_publish_name(path, &temporary));
    nr_status status = nr_h5_create(temporary, &file);
    if (status == NR_OK) {
        status = nr_layout_write(file, store);
        nr_status closed = nr_h5_close(file);
        if (status == NR_OK) status = closed;
        if (status == NR_OK) status = nr_publish_commit(temporary, path);
        else nr_publish_abandon(temporary);
    }
    free(temporary);
    return status;
}

nr_status nr_store_read(const char *path, nr_store **out) {
    nr_h5 *file;
    NR_TRY(nr_h5_open(path, &file));
    nr_status status = nr_layout_read(file, out);
    nr_h5_close(file);
    return status;
}
