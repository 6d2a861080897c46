#include "neurank/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"
#include "store_private.h"

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
        nr_plan_clear(&nr_layer_form, &layer->plan);
        nr_fold_free(layer->fold);
        nr_image_rows_free(layer->images);
    }
    for (size_t i = 0; i < store->n_ratings; i++) nr_rating_clear(&store->ratings[i]);
    free(store->ratings);
    free(store->layers);
    nr_store_forget_files(store);
    nr_plan_clear(&nr_run_form, &store->plan);
    free(store->history);
    free(store->program);
    free(store);
}

bool nr_store_is_exact(const nr_store_layer *layer) {
    return nr_estimator_is_exact(layer->plan.estimator);
}

bool nr_store_layer_is_complete(const nr_store_layer *layer) {
    return nr_rule_is_end(layer->ended_by);
}

bool nr_store_is_complete(const nr_store *store) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (!nr_store_layer_is_complete(&store->layers[i])) return false;
    return true;
}

bool nr_store_has_all(const nr_store *store) {
    for (size_t i = 0; i < store->n_ratings; i++)
        if (!nr_rating_is_complete(&store->ratings[i])) return false;
    return nr_store_is_complete(store);
}

const nr_plan_inputs *nr_store_inputs(const nr_store *store) {
    return store->n_layers > 0    ? &store->plan.in
           : store->n_ratings > 0 ? &store->ratings[0].plan.in
                                  : NULL;
}

bool nr_store_has_data(const nr_store *store, const char *digest) {
    if (store->n_layers > 0 && strcmp(store->plan.in.data, digest) == 0) return true;
    for (size_t i = 0; i < store->n_ratings; i++)
        if (strcmp(store->ratings[i].plan.in.data, digest) == 0) return true;
    return false;
}

nr_plan nr_store_layer_plan(const nr_store_layer *layer) {
    return (nr_plan){&nr_layer_form, &layer->plan};
}

nr_store_layer *nr_store_find_layer(const nr_store *store, const char *name) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (strcmp(store->layers[i].name, name) == 0) return &store->layers[i];
    return NULL;
}

nr_rating *nr_store_rating(const nr_store *store, const char *layer,
                           nr_rating_kind kind) {
    for (size_t i = 0; i < store->n_ratings; i++)
        if (store->ratings[i].kind == kind &&
            strcmp(store->ratings[i].layer, layer) == 0)
            return &store->ratings[i];
    return NULL;
}

nr_status nr_store_add_rating(nr_store *store, nr_rating *rating) {
    size_t capacity = store->n_ratings;
    NR_TRY(nr_grow((void **)&store->ratings, &capacity, store->n_ratings + 1,
                   sizeof *store->ratings));
    store->ratings[store->n_ratings++] = *rating;
    return NR_OK;
}

nr_status nr_store_take_ratings(nr_store *from, nr_store *to) {
    while (from->n_ratings > 0) {
        NR_TRY(nr_store_add_rating(to, &from->ratings[0]));
        from->n_ratings--;
        memmove(from->ratings, from->ratings + 1,
                from->n_ratings * sizeof *from->ratings);
    }
    return NR_OK;
}

static nr_fold_spec fold_spec(const nr_store_layer *layer) {
    const nr_shard *shard = &layer->plan.shard;
    return (nr_fold_spec){.n_players = layer->n_players,
                          .n_classes = layer->plan.n_classes,
                          .units_per_sweep = layer->plan.units.units_per_sweep,
                          .n_blocks = layer->plan.units.n_blocks,
                          .estimator = layer->plan.estimator,
                          .pieces = layer->plan.units.pieces,
                          .lanes = shard->count,
                          .lane = shard->count ? shard->number - 1 : 0};
}

nr_status nr_store_layer_make_fold(nr_store_layer *layer) {
    nr_fold_spec spec = fold_spec(layer);
    return nr_fold_new(&spec, &layer->fold);
}

nr_goal nr_store_goal(const nr_store_layer *layer) {
    nr_fold_spec spec = fold_spec(layer);
    nr_goal goal = layer->goal;
    goal.sweeps = nr_fold_share(&spec, goal.sweeps);
    return goal;
}

nr_interval_spec nr_store_intervals(const nr_store *store,
                                    const nr_store_layer *layer) {
    return (nr_interval_spec){.confidence = store->confidence,
                              .sequence_sweeps = layer->sequence_sweeps,
                              .marginal_limit =
                                  nr_metric_rows[layer->plan.metric].marginal_limit};
}

nr_status nr_store_results(const nr_store *store, const nr_store_layer *layer,
                           nr_results **out) {
    nr_interval_spec spec = nr_store_intervals(store, layer);
    return nr_results_new(layer->fold, &spec, out);
}

static nr_status add_point(const nr_fold *fold, const nr_interval_spec *spec,
                           nr_trace *trace) {
    nr_results *r;
    NR_TRY(nr_results_new(fold, spec, &r));
    trace->sweeps[trace->n] = r->sweeps;
    trace->half_width[trace->n++] = nr_results_widest(r);
    nr_results_free(r);
    return NR_OK;
}

nr_status nr_store_trace(const nr_store *store, const nr_store_layer *layer,
                         nr_trace *out) {
    nr_interval_spec spec = nr_store_intervals(store, layer);
    uint64_t complete = nr_fold_complete_sweeps(layer->fold);
    *out = (nr_trace){0};
    if (nr_store_is_exact(layer) || complete == 0) return NR_OK;
    for (size_t k = 0; k < nr_fold_stages(layer->fold); k++) {
        nr_fold *then;
        NR_TRY(nr_fold_at_stage(layer->fold, k, &then));
        uint64_t sweeps = then ? nr_fold_complete_sweeps(then) : 0;
        bool known =
            sweeps > (out->n ? out->sweeps[out->n - 1] : 0) && sweeps < complete;
        nr_status status = known ? add_point(then, &spec, out) : NR_OK;
        nr_fold_free(then);
        NR_TRY(status);
    }
    return add_point(layer->fold, &spec, out);
}

nr_status nr_history_add(char **history, const char *line) {
    const char *old = *history ? *history : "";
    size_t bytes = strlen(old) + strlen(line) + 2;
    char *joined = nr_new(bytes, 1);
    if (!joined) return NR_ERR_INTERNAL;
    snprintf(joined, bytes, "%s%s%s", old, *old ? "\n" : "", line);
    free(*history);
    *history = joined;
    return NR_OK;
}

nr_status nr_store_add_history(nr_store *store, const char *line) {
    return nr_history_add(&store->history, line);
}

void nr_store_forget_files(nr_store *store) {
    for (size_t k = 0; k < store->n_files; k++) nr_h5_close(store->files[k]);
    free(store->files);
    store->files = NULL;
    store->n_files = 0;
}

nr_status nr_store_add_file(nr_store *store, nr_h5 *file) {
    size_t n = store->n_files, capacity = n;
    if (nr_grow((void **)&store->files, &capacity, n + 1, sizeof(nr_h5 *)) != NR_OK) {
        nr_h5_close(file);
        return NR_ERR_INTERNAL;
    }
    store->files[store->n_files++] = file;
    return NR_OK;
}

bool nr_store_has_images(const nr_store *store) {
    for (size_t i = 0; i < store->n_layers; i++)
        if (store->layers[i].images) return true;
    return false;
}
