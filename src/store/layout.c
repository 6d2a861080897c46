#include "layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/base/version.h"
#include "neurank/estim/results.h"

enum { PATH_BYTES = 320, LAYERS_MAX = 4096, UNITS_MAX = 1 << 28 };

static const char *join(char path[PATH_BYTES], const char *layer, const char *name) {
    snprintf(path, PATH_BYTES, "/%s/%s", layer, name);
    return path;
}

/* ---- plan fields: text attributes with a prefix ---- */

static nr_status write_plan(nr_h5 *file, const char *object, const nr_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        char name[64];
        snprintf(name, sizeof name, "plan_%s", plan->names[i]);
        NR_TRY(nr_h5_write_text(file, object, name, plan->values[i]));
    }
    return NR_OK;
}

static const char *const root_fields[] = {"model", "layers", "data", "images", "seed"};
static const char *const layer_fields[] = {
    "node",   "method", "metric",          "ablate",  "filters", "block",
    "strata", "unit",   "units_per_sweep", "kernels", "numbers"};

static nr_status read_plan(const nr_h5 *file, const char *object,
                           const char *const *fields, size_t n, nr_plan *plan) {
    for (size_t i = 0; i < n; i++) {
        char name[64], *value;
        snprintf(name, sizeof name, "plan_%s", fields[i]);
        NR_TRY(nr_h5_read_text(file, object, name, &value));
        nr_status status = nr_plan_set(plan, fields[i], value);
        free(value);
        NR_TRY(status);
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
    char path[PATH_BYTES], scale[PATH_BYTES];
    nr_h5_dataset dataset = {.path = join(path, layer, name),
                             .type = type,
                             .rank = 1,
                             .dims = {n},
                             .scales = {join(scale, layer, "filter")},
                             .long_name = long_name,
                             .units = units};
    return nr_h5_make_dataset(file, &dataset, values);
}

static nr_status write_flag(nr_h5 *file, const char *layer, const char *name,
                            const char *long_name, const char *meanings, size_t n,
                            const uint8_t *values) {
    static const uint8_t flags[] = {0, 1};
    char path[PATH_BYTES];
    NR_TRY(write_column(file, layer, name, long_name, NULL, NR_H5_U8, n, values));
    join(path, layer, name);
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
    char path[PATH_BYTES];
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
    char path[PATH_BYTES];
    NR_TRY(nr_h5_make_group(file, join(path, layer->name, "state")));
    NR_TRY(nr_h5_make_scale(file, join(path, layer->name, "state/word"),
                            "64-bit word of a player's exact sums", NULL,
                            NR_TALLY_WORDS));
    return nr_h5_make_scale(file, join(path, layer->name, "state/count"),
                            "word of the counts", NULL, NR_TALLY_COUNTS);
}

static nr_status write_complete(nr_h5 *file, const nr_store_layer *layer) {
    char path[PATH_BYTES], word[PATH_BYTES], filter[PATH_BYTES], count[PATH_BYTES];
    size_t n = layer->n_players;
    uint64_t *words;
    NR_TRY(encode(nr_fold_complete_tally(layer->fold), &words));
    nr_h5_dataset sums = {.path = join(path, layer->name, "state/complete"),
                          .type = NR_H5_U64,
                          .rank = 2,
                          .dims = {NR_TALLY_WORDS, n},
                          .scales = {join(word, layer->name, "state/word"),
                                     join(filter, layer->name, "filter")},
                          .long_name = "exact sums over the complete sweeps"};
    nr_status status = nr_h5_make_dataset(file, &sums, words);
    nr_h5_dataset counts = {.path = join(path, layer->name, "state/complete_counts"),
                            .type = NR_H5_U64,
                            .rank = 1,
                            .dims = {NR_TALLY_COUNTS},
                            .scales = {join(count, layer->name, "state/count")},
                            .long_name = "counts over the complete sweeps"};
    if (status == NR_OK)
        status = nr_h5_make_dataset(file, &counts, words + (size_t)NR_TALLY_WORDS * n);
    free(words);
    return status;
}

static nr_status make_open_datasets(nr_h5 *file, const nr_store_layer *layer,
                                    const uint32_t *sweeps, size_t n_open) {
    char path[PATH_BYTES], open[PATH_BYTES], unit[PATH_BYTES], word[PATH_BYTES];
    char filter[PATH_BYTES], count[PATH_BYTES];
    size_t units = (size_t)nr_fold_units_per_sweep(layer->fold);
    join(open, layer->name, "state/open_sweep");
    join(unit, layer->name, "state/unit");
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
         .scales = {open, join(word, layer->name, "state/word"),
                    join(filter, layer->name, "filter")},
         .long_name = "exact sums over the finished units"},
        {.path = "state/open_counts",
         .type = NR_H5_U64,
         .rank = 2,
         .dims = {n_open, NR_TALLY_COUNTS},
         .scales = {open, join(count, layer->name, "state/count")},
         .long_name = "counts over the finished units"}};
    for (size_t i = 0; i < 3; i++) {
        datasets[i].path = join(path, layer->name, datasets[i].path);
        NR_TRY(nr_h5_make_dataset(file, &datasets[i], NULL));
    }
    return NR_OK;
}

static nr_status write_open_sweep(nr_h5 *file, const nr_store_layer *layer, size_t k) {
    char path[PATH_BYTES];
    uint64_t sweep, *words;
    const uint8_t *done;
    const nr_tally *tally;
    nr_fold_open_get(layer->fold, k, &sweep, &done, &tally);
    NR_TRY(encode(tally, &words));
    nr_status status = nr_h5_write_rows(
        file, join(path, layer->name, "state/open_done"), NR_H5_U8, k, 1, done);
    if (status == NR_OK)
        status = nr_h5_write_rows(file, join(path, layer->name, "state/open"),
                                  NR_H5_U64, k, 1, words);
    if (status == NR_OK)
        status = nr_h5_write_rows(file, join(path, layer->name, "state/open_counts"),
                                  NR_H5_U64, k, 1,
                                  words + (size_t)NR_TALLY_WORDS * layer->n_players);
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
    char path[PATH_BYTES];
    nr_results *results;
    snprintf(path, sizeof path, "/%s", layer->name);
    NR_TRY(nr_h5_make_group(file, path));
    NR_TRY(nr_h5_make_scale(file, join(path, layer->name, "filter"),
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

/* ---- reading: every count is checked against the datasets that carry it ---- */

static nr_status read_complete(const nr_h5 *file, nr_store_layer *layer,
                               uint64_t sweeps) {
    char path[PATH_BYTES];
    size_t n = layer->n_players;
    uint64_t *words;
    if (!NR_NEW(words, nr_tally_words(n))) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read(file, join(path, layer->name, "state/complete"),
                                  NR_H5_U64, NR_TALLY_WORDS * n, words);
    if (status == NR_OK)
        status = nr_h5_read(file, join(path, layer->name, "state/complete_counts"),
                            NR_H5_U64, NR_TALLY_COUNTS, words + NR_TALLY_WORDS * n);
    if (status == NR_OK) status = nr_fold_restore_complete(layer->fold, sweeps, words);
    free(words);
    return status;
}

static nr_status read_open_sweep(const nr_h5 *file, nr_store_layer *layer, size_t k,
                                 uint64_t sweep) {
    char path[PATH_BYTES];
    size_t n = layer->n_players, units = (size_t)nr_fold_units_per_sweep(layer->fold);
    uint64_t *words;
    uint8_t *done = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(words, nr_tally_words(n)) || !NR_NEW(done, units)) goto err_free;
    NR_TRY_GOTO(nr_h5_read_rows(file, join(path, layer->name, "state/open_done"),
                                NR_H5_U8, k, 1, done),
                err_free);
    NR_TRY_GOTO(nr_h5_read_rows(file, join(path, layer->name, "state/open"), NR_H5_U64,
                                k, 1, words),
                err_free);
    NR_TRY_GOTO(nr_h5_read_rows(file, join(path, layer->name, "state/open_counts"),
                                NR_H5_U64, k, 1, words + NR_TALLY_WORDS * n),
                err_free);
    status = nr_fold_restore_open(layer->fold, sweep, done, words);
err_free:
    free(done);
    free(words);
    return status;
}

static nr_status require_dims(const nr_h5 *file, const char *object, size_t rank,
                              const size_t *wanted) {
    size_t dims[NR_H5_RANK], stored;
    NR_TRY(nr_h5_dims(file, object, dims, &stored));
    bool fits = stored == rank;
    for (size_t d = 0; fits && d < rank; d++) fits = dims[d] == wanted[d];
    NR_REQUIRE(fits, NR_ERR_INPUT, "%s: %s does not have the shape of a store",
               nr_h5_path(file), object);
    return NR_OK;
}

static nr_status read_open(const nr_h5 *file, nr_store_layer *layer,
                           uint64_t complete) {
    char path[PATH_BYTES];
    size_t dims[NR_H5_RANK], rank;
    size_t units = (size_t)nr_fold_units_per_sweep(layer->fold);
    if (!nr_h5_has(file, join(path, layer->name, "state/open_sweep"))) return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    size_t n = rank == 1 ? dims[0] : 0;
    NR_REQUIRE(n > 0 && n <= 1 << 20, NR_ERR_INPUT, "%s: %s has %zu entries",
               nr_h5_path(file), path, n);
    NR_TRY(require_dims(file, join(path, layer->name, "state/open_done"), 2,
                        (size_t[]){n, units}));
    NR_TRY(require_dims(file, join(path, layer->name, "state/open"), 3,
                        (size_t[]){n, NR_TALLY_WORDS, layer->n_players}));
    NR_TRY(require_dims(file, join(path, layer->name, "state/open_counts"), 2,
                        (size_t[]){n, NR_TALLY_COUNTS}));
    uint64_t *sweeps;
    if (!NR_NEW(sweeps, n)) return NR_ERR_INTERNAL;
    nr_status status = nr_h5_read(file, join(path, layer->name, "state/open_sweep"),
                                  NR_H5_U64, n, sweeps);
    for (size_t k = 0; k < n && status == NR_OK; k++) {
        if (sweeps[k] < complete || (k > 0 && sweeps[k] <= sweeps[k - 1]))
            status =
                nr_fail(NR_ERR_INPUT, "%s: layer \"%s\": sweep %llu is out of order",
                        nr_h5_path(file), layer->name, (unsigned long long)sweeps[k]);
        else status = read_open_sweep(file, layer, k, sweeps[k]);
    }
    free(sweeps);
    return status;
}

static nr_status read_layer(const nr_h5 *file, const char *name,
                            nr_store_layer *layer) {
    char group[PATH_BYTES], path[PATH_BYTES];
    size_t dims[NR_H5_RANK], rank;
    uint64_t sweeps, units = 0;
    snprintf(group, sizeof group, "/%s", name);
    if (!(layer->name = nr_strdup(name))) return NR_ERR_INTERNAL;
    NR_TRY(read_plan(file, group, layer_fields,
                     sizeof layer_fields / sizeof *layer_fields, &layer->plan));
    NR_TRY(nr_h5_read_attribute_u64(file, group, "sweeps", &sweeps));
    NR_TRY(nr_h5_read_attribute_u64(file, group, "sweeps_planned",
                                    &layer->sweeps_planned));
    NR_TRY(nr_h5_read_attribute(file, group, "seconds", 1, &layer->seconds));
    NR_TRY(nr_h5_dims(file, join(path, name, "filter"), dims, &rank));
    NR_REQUIRE(rank == 1 && dims[0] > 0 && dims[0] <= 1 << 20, NR_ERR_INPUT,
               "%s: %s has %zu entries", nr_h5_path(file), path, rank ? dims[0] : 0);
    layer->n_players = dims[0];
    if (!NR_NEW(layer->filters, dims[0])) return NR_ERR_INTERNAL;
    NR_TRY(nr_h5_read(file, path, NR_H5_U32, dims[0], layer->filters));
    units = strtoull(nr_plan_get(&layer->plan, "units_per_sweep"), NULL, 10);
    NR_REQUIRE(units > 0 && units <= UNITS_MAX, NR_ERR_INPUT,
               "%s: layer \"%s\": %llu units a sweep", nr_h5_path(file), name,
               (unsigned long long)units);
    NR_TRY(nr_fold_new(layer->n_players, units, &layer->fold));
    NR_TRY(read_complete(file, layer, sweeps));
    return read_open(file, layer, sweeps);
}

static nr_status read_root(const nr_h5 *file, nr_store *store) {
    char *history;
    NR_TRY(nr_h5_read_attribute(file, "/", "confidence", 1, &store->confidence));
    NR_REQUIRE(store->confidence > 0 && store->confidence < 1, NR_ERR_INPUT,
               "%s: confidence %g", nr_h5_path(file), store->confidence);
    NR_TRY(nr_h5_read_text(file, "/", "history", &history));
    free(store->history);
    store->history = history;
    return read_plan(file, "/", root_fields, sizeof root_fields / sizeof *root_fields,
                     &store->plan);
}

static nr_status check_version(const nr_h5 *file) {
    uint64_t version;
    NR_REQUIRE(nr_h5_has_attribute(file, "/", "format_version"), NR_ERR_INPUT,
               "%s: an HDF5 file, but no neurank store", nr_h5_path(file));
    NR_TRY(nr_h5_read_attribute_u64(file, "/", "format_version", &version));
    NR_REQUIRE(version == NR_STORE_VERSION, NR_ERR_MISMATCH,
               "%s: store format %llu, this neurank reads %d", nr_h5_path(file),
               (unsigned long long)version, NR_STORE_VERSION);
    return NR_OK;
}

nr_status nr_layout_read(const nr_h5 *file, nr_store **out) {
    char **names = NULL;
    size_t n = 0;
    nr_store *store = NULL;
    NR_TRY(check_version(file));
    NR_TRY(nr_h5_groups(file, "/", &names, &n));
    nr_status status = NR_OK;
    if (n == 0 || n > LAYERS_MAX)
        status =
            nr_fail(NR_ERR_INPUT, "%s: a store of %zu layers", nr_h5_path(file), n);
    if (status == NR_OK) status = nr_store_new(n, &store);
    if (status == NR_OK) status = read_root(file, store);
    for (size_t i = 0; i < n; i++) {
        if (status == NR_OK) status = read_layer(file, names[i], &store->layers[i]);
        free(names[i]);
    }
    free(names);
    if (status != NR_OK) {
        nr_store_free(store);
        return status;
    }
    *out = store;
    return NR_OK;
}
