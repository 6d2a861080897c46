#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/version.h"
#include "neurank/estim/results.h"

/* ---- plan fields: text attributes with a prefix ---- */

static nr_status write_plan(nr_h5 *file, const char *object, const nr_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        char name[64];
        snprintf(name, sizeof name, "plan_%s", plan->names[i]);
        NR_TRY(nr_h5_write_text(file, object, name, plan->values[i]));
    }
    return NR_OK;
}

/* ---- results ---- */

typedef struct {
    const char *name, *long_name, *units;
    const double *values;
} column;

static nr_status write_column(nr_h5 *file, const char *layer, const char *name,
                              const char *long_name, const char *units, nr_h5_type type,
                              size_t n, const void *values) {
    char path[NR_LAYOUT_PATH], scale[NR_LAYOUT_PATH];
    nr_h5_dataset dataset = {.path = nr_layout_path(path, layer, name),
                             .type = type,
                             .rank = 1,
                             .dims = {n},
                             .scales = {nr_layout_path(scale, layer, "filter")},
                             .long_name = long_name,
                             .units = units};
    return nr_h5_make_dataset(file, &dataset, values);
}

static nr_status write_flag(nr_h5 *file, const char *layer, const char *name,
                            const char *long_name, const char *meanings, size_t n,
                            const uint8_t *values) {
    static const uint8_t flags[] = {0, 1};
    char path[NR_LAYOUT_PATH];
    NR_TRY(write_column(file, layer, name, long_name, NULL, NR_H5_U8, n, values));
    nr_layout_path(path, layer, name);
    NR_TRY(nr_h5_write_attribute(file, path, "flag_values", NR_H5_U8, 2, flags));
    return nr_h5_write_text(file, path, "flag_meanings", meanings);
}

static nr_status write_results(nr_h5 *file, const nr_store_layer *layer,
                               const nr_results *r) {
    bool loss = strcmp(nr_plan_get(&layer->plan, "metric"), "loss") == 0;
    const char *unit = loss ? "nat" : "1";
    const column columns[] = {
        {"shapley", "Shapley value", unit, r->shapley},
        {"std_error", "standard error for these images", unit, r->std_error},
        {"ci_low", "lower end of the interval for these images", unit, r->ci_low},
        {"ci_high", "upper end of the interval for these images", unit, r->ci_high},
        {"population_error", "standard error for the population of images", unit,
         r->population_error},
        {"population_low", "lower end of the interval for the population", unit,
         r->population_low},
        {"population_high", "upper end of the interval for the population", unit,
         r->population_high},
        {"freedom", "degrees of freedom of std_error", "1", r->freedom},
        {"antithetic_ratio", "variance of pairs over that of independent walks", "1",
         r->antithetic}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        NR_TRY(write_column(file, layer->name, columns[i].name, columns[i].long_name,
                            columns[i].units, NR_H5_F64, r->n, columns[i].values));
    NR_TRY(write_column(file, layer->name, "rank",
                        "place by Shapley value, 0 is the best", "1", NR_H5_U32, r->n,
                        r->rank));
    NR_TRY(write_flag(file, layer->name, "dead", "filter that never changed a value",
                      "live dead", r->n, r->dead));
    return write_flag(file, layer->name, "unreliable",
                      "interval that rests on too few events", "reliable unreliable",
                      r->n, r->unreliable);
}

static nr_status write_summary(nr_h5 *file, const nr_store_layer *layer,
                               const nr_results *r) {
    char path[NR_LAYOUT_PATH];
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"players", r->n},
                  {"sweeps", r->sweeps},
                  {"sweeps_planned", layer->sweeps_planned},
                  {"visits", r->visits},
                  {"walks", r->walks},
                  {"coalition_images", r->coalition_images}};
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"value_full", r->value_full},
                   {"value_empty", r->value_empty},
                   {"seconds", layer->seconds}};
    snprintf(path, sizeof path, "/%s", layer->name);
    NR_TRY(
        nr_h5_write_text(file, path, "status",
                         nr_store_layer_is_complete(layer) ? "complete" : "partial"));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        NR_TRY(nr_h5_write_attribute(file, path, counts[i].name, NR_H5_U64, 1,
                                     &counts[i].value));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        NR_TRY(nr_h5_write_attribute(file, path, numbers[i].name, NR_H5_F64, 1,
                                     &numbers[i].value));
    return write_plan(file, path, &layer->plan);
}

/* ---- state ---- */

/* Encodes a tally as its rows and its counts. */
static nr_status encode(const nr_tally *tally, uint64_t **out) {
    if (!NR_NEW(*out, nr_tally_words(nr_tally_players(tally)))) return NR_ERR_INTERNAL;
    nr_tally_encode(tally, *out);
    return NR_OK;
}

static nr_status write_state_scales(nr_h5 *file, const nr_store_layer *layer) {
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_h5_make_group(file, nr_layout_path(path, layer->name, "state")));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(path, layer->name, "state/word"),
                            "64-bit word of a player's exact sums", NULL,
                            NR_TALLY_WORDS));
    return nr_h5_make_scale(file, nr_layout_path(path, layer->name, "state/count"),
                            "word of the counts", NULL, NR_TALLY_COUNTS);
}

static nr_status write_complete(nr_h5 *file, const nr_store_layer *layer) {
    char path[NR_LAYOUT_PATH], word[NR_LAYOUT_PATH], filter[NR_LAYOUT_PATH],
        count[NR_LAYOUT_PATH];
    size_t n = layer->n_players;
    uint64_t *words;
    NR_TRY(encode(nr_fold_complete_tally(layer->fold), &words));
    nr_h5_dataset sums = {.path = nr_layout_path(path, layer->name, "state/complete"),
                          .type = NR_H5_U64,
                          .rank = 2,
                          .dims = {NR_TALLY_WORDS, n},
                          .scales = {nr_layout_path(word, layer->name, "state/word"),
                                     nr_layout_path(filter, layer->name, "filter")},
                          .long_name = "exact sums over the complete sweeps"};
    nr_status status = nr_h5_make_dataset(file, &sums, words);
    nr_h5_dataset counts = {
        .path = nr_layout_path(path, layer->name, "state/complete_counts"),
        .type = NR_H5_U64,
        .rank = 1,
        .dims = {NR_TALLY_COUNTS},
        .scales = {nr_layout_path(count, layer->name, "state/count")},
        .long_name = "counts over the complete sweeps"};
    if (status == NR_OK)
        status = nr_h5_make_dataset(file, &counts, words + (size_t)NR_TALLY_WORDS * n);
    free(words);
    return status;
}

static nr_status make_open_datasets(nr_h5 *file, const nr_store_layer *layer,
                                    const uint32_t *sweeps, size_t n_open) {
    char path[NR_LAYOUT_PATH], open[NR_LAYOUT_PATH], unit[NR_LAYOUT_PATH],
        word[NR_LAYOUT_PATH];
    char filter[NR_LAYOUT_PATH], count[NR_LAYOUT_PATH];
    size_t units = (size_t)nr_fold_units_per_sweep(layer->fold);
    nr_layout_path(open, layer->name, "state/open_sweep");
    nr_layout_path(unit, layer->name, "state/unit");
    NR_TRY(nr_h5_make_scale(file, open, "number of a sweep under way", sweeps, n_open));
    NR_TRY(nr_h5_make_scale(file, unit, "unit of a sweep", NULL, units));
    nr_h5_dataset datasets[] = {
        {.path = "state/open_done",
         .type = NR_H5_U8,
         .rank = 2,
         .dims = {n_open, units},
         .scales = {open, unit},
         .long_name = "1 for each finished unit"},
        {.path = "state/open",
         .type = NR_H5_U64,
         .rank = 3,
         .dims = {n_open, NR_TALLY_WORDS, layer->n_players},
         .scales = {open, nr_layout_path(word, layer->name, "state/word"),
                    nr_layout_path(filter, layer->name, "filter")},
         .long_name = "exact sums over the finished units"},
        {.path = "state/open_counts",
         .type = NR_H5_U64,
         .rank = 2,
         .dims = {n_open, NR_TALLY_COUNTS},
         .scales = {open, nr_layout_path(count, layer->name, "state/count")},
         .long_name = "counts over the finished units"}};
    for (size_t i = 0; i < 3; i++) {
        datasets[i].path = nr_layout_path(path, layer->name, datasets[i].path);
        NR_TRY(nr_h5_make_dataset(file, &datasets[i], NULL));
    }
    return NR_OK;
}

static nr_status write_open_sweep(nr_h5 *file, const nr_store_layer *layer, size_t k) {
    char path[NR_LAYOUT_PATH];
    uint64_t sweep, *words;
    const uint8_t *done;
    const nr_tally *tally;
    nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
    NR_TRY(encode(tally, &words));
    nr_status status =
        nr_h5_write_rows(file, nr_layout_path(path, layer->name, "state/open_done"),
                         NR_H5_U8, k, 1, done);
    if (status == NR_OK)
        status = nr_h5_write_rows(file, nr_layout_path(path, layer->name, "state/open"),
                                  NR_H5_U64, k, 1, words);
    if (status == NR_OK)
        status = nr_h5_write_rows(
            file, nr_layout_path(path, layer->name, "state/open_counts"), NR_H5_U64, k,
            1, words + (size_t)NR_TALLY_WORDS * layer->n_players);
    free(words);
    return status;
}

static nr_status write_open(nr_h5 *file, const nr_store_layer *layer) {
    size_t n = nr_fold_open_count(layer->fold);
    uint32_t *sweeps;
    if (n == 0) return NR_OK;
    if (!NR_NEW(sweeps, n)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < n; k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
        sweeps[k] = (uint32_t)sweep;
    }
    nr_status status = make_open_datasets(file, layer, sweeps, n);
    free(sweeps);
    for (size_t k = 0; k < n && status == NR_OK; k++)
        status = write_open_sweep(file, layer, k);
    return status;
}

/* ---- writing ---- */

static nr_status write_layer(nr_h5 *file, const nr_store_layer *layer,
                             double confidence) {
    char path[NR_LAYOUT_PATH];
    nr_results *results;
    snprintf(path, sizeof path, "/%s", layer->name);
    NR_TRY(nr_h5_make_group(file, path));
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(path, layer->name, "filter"),
                            "output channel of the layer", layer->filters,
                            layer->n_players));
    NR_TRY(nr_results_new(layer->fold, confidence, &results));
    nr_status status = write_summary(file, layer, results);
    if (status == NR_OK) status = write_results(file, layer, results);
    nr_results_free(results);
    NR_TRY(status);
    NR_TRY(write_state_scales(file, layer));
    NR_TRY(write_complete(file, layer));
    return write_open(file, layer);
}

nr_status nr_layout_write(nr_h5 *file, const nr_store *store) {
    uint64_t version = NR_STORE_VERSION;
    NR_TRY(nr_h5_write_text(file, "/", "title", "Shapley values of network filters"));
    NR_TRY(nr_h5_write_text(file, "/", "Conventions", "CF-1.10"));
    NR_TRY(nr_h5_write_text(file, "/", "history", store->history));
    NR_TRY(nr_h5_write_text(file, "/", "neurank_version", NR_VERSION));
    NR_TRY(nr_h5_write_text(file, "/", "build", NR_BUILD));
    NR_TRY(nr_h5_write_text(file, "/", "status",
                            nr_store_is_complete(store) ? "complete" : "partial"));
    NR_TRY(nr_h5_write_attribute(file, "/", "format_version", NR_H5_U64, 1, &version));
    NR_TRY(nr_h5_write_attribute(file, "/", "confidence", NR_H5_F64, 1,
                                 &store->confidence));
    NR_TRY(write_plan(file, "/", &store->plan));
    for (size_t i = 0; i < store->n_layers; i++)
        NR_TRY(write_layer(file, &store->layers[i], store->confidence));
    return NR_OK;
}
