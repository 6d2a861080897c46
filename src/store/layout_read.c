#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"
#include "neurank/plan/units.h"

enum { LAYERS_MAX = 4096, SWEEPS_MAX = 1000000000 };

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

/* ---- reading: every count is checked against the datasets that carry it ---- */

/* How the layer's work is cut, by its plan. */
static nr_status plan_units(const nr_h5 *file, const nr_store *store,
                            const nr_store_layer *layer, nr_units *out) {
    uint64_t images = strtoull(nr_plan_get(&store->plan, "images"), NULL, 10);
    uint64_t block = strtoull(nr_plan_get(&layer->plan, "block"), NULL, 10);
    uint64_t unit = strtoull(nr_plan_get(&layer->plan, "unit"), NULL, 10);
    uint64_t units = strtoull(nr_plan_get(&layer->plan, "units_per_sweep"), NULL, 10);
    bool good = images > 0 && images < UINT32_MAX && block > 0 && images % block == 0 &&
                unit > 0 && units == (images / block + unit - 1) / unit;
    NR_REQUIRE(
        good, NR_ERR_INPUT,
        "%s: layer \"%s\": a plan of %llu images in blocks of %llu, units of %llu "
        "and %llu units a sweep",
        nr_h5_path(file), layer->name, (unsigned long long)images,
        (unsigned long long)block, (unsigned long long)unit, (unsigned long long)units);
    *out = (nr_units){.n_blocks = images / block,
                      .blocks_per_unit = unit,
                      .units_per_sweep = units,
                      .group_blocks = 1};
    return NR_OK;
}

/* Sums that finished work cannot have. */
static nr_status check_tally(const nr_h5 *file, const nr_store_layer *layer,
                             const nr_tally *tally, uint64_t visits) {
    uint64_t block = strtoull(nr_plan_get(&layer->plan, "block"), NULL, 10);
    NR_REQUIRE(
        nr_tally_visits(tally) == visits && nr_tally_images(tally) == visits * block &&
            nr_tally_telescopes(tally),
        NR_ERR_INPUT,
        "%s: layer \"%s\" is damaged: its sums are not those of the %llu blocks it "
        "counts as done",
        nr_h5_path(file), layer->name, (unsigned long long)visits);
    return NR_OK;
}

static nr_status check_fold(const nr_h5 *file, const nr_store_layer *layer,
                            const nr_units *units) {
    const nr_fold *fold = layer->fold;
    NR_TRY(check_tally(file, layer, nr_fold_complete_tally(fold),
                       nr_fold_complete_sweeps(fold) * units->n_blocks));
    for (size_t k = 0; k < nr_fold_open_count(fold); k++) {
        uint64_t sweep, visits = 0;
        const uint8_t *done;
        const nr_tally *tally;
        nr_fold_open_get(fold, k, &sweep, &done, &tally);
        for (uint64_t u = 0; u < units->units_per_sweep; u++)
            if (done[u]) visits += nr_units_get(units, u).n_blocks;
        NR_TRY(check_tally(file, layer, tally, visits));
    }
    return NR_OK;
}

static nr_status read_complete(const nr_h5 *file, nr_store_layer *layer,
                               uint64_t sweeps) {
    char path[NR_LAYOUT_PATH];
    size_t n = layer->n_players;
    uint64_t *words;
    if (!NR_NEW(words, nr_tally_words(n))) return NR_ERR_INTERNAL;
    nr_status status =
        nr_h5_read(file, nr_layout_path(path, layer->name, "state/complete"), NR_H5_U64,
                   NR_TALLY_WORDS * n, words);
    if (status == NR_OK)
        status =
            nr_h5_read(file, nr_layout_path(path, layer->name, "state/complete_counts"),
                       NR_H5_U64, NR_TALLY_COUNTS, words + NR_TALLY_WORDS * n);
    if (status == NR_OK) status = nr_fold_restore_complete(layer->fold, sweeps, words);
    free(words);
    return status;
}

static nr_status read_open_sweep(const nr_h5 *file, nr_store_layer *layer, size_t k,
                                 uint64_t sweep) {
    char path[NR_LAYOUT_PATH];
    size_t n = layer->n_players, units = (size_t)nr_fold_units_per_sweep(layer->fold);
    uint64_t *words;
    uint8_t *done = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (!NR_NEW(words, nr_tally_words(n)) || !NR_NEW(done, units)) goto err_free;
    NR_TRY_GOTO(nr_h5_read_rows(file,
                                nr_layout_path(path, layer->name, "state/open_done"),
                                NR_H5_U8, k, 1, done),
                err_free);
    NR_TRY_GOTO(nr_h5_read_rows(file, nr_layout_path(path, layer->name, "state/open"),
                                NR_H5_U64, k, 1, words),
                err_free);
    NR_TRY_GOTO(nr_h5_read_rows(file,
                                nr_layout_path(path, layer->name, "state/open_counts"),
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
    return nr_h5_require_stored(file, object);
}

static nr_status read_open(const nr_h5 *file, nr_store_layer *layer,
                           uint64_t complete) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    size_t units = (size_t)nr_fold_units_per_sweep(layer->fold);
    if (!nr_h5_has(file, nr_layout_path(path, layer->name, "state/open_sweep")))
        return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    size_t n = rank == 1 ? dims[0] : 0;
    NR_REQUIRE(n > 0, NR_ERR_INPUT, "%s: %s has no entries", nr_h5_path(file), path);
    NR_TRY(require_dims(file, nr_layout_path(path, layer->name, "state/open_done"), 2,
                        (size_t[]){n, units}));
    NR_TRY(require_dims(file, nr_layout_path(path, layer->name, "state/open"), 3,
                        (size_t[]){n, NR_TALLY_WORDS, layer->n_players}));
    NR_TRY(require_dims(file, nr_layout_path(path, layer->name, "state/open_counts"), 2,
                        (size_t[]){n, NR_TALLY_COUNTS}));
    uint64_t *sweeps;
    if (!NR_NEW(sweeps, n)) return NR_ERR_INTERNAL;
    nr_status status =
        nr_h5_read(file, nr_layout_path(path, layer->name, "state/open_sweep"),
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

static nr_status read_filters(const nr_h5 *file, nr_store_layer *layer) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    NR_TRY(nr_h5_dims(file, nr_layout_path(path, layer->name, "filter"), dims, &rank));
    NR_REQUIRE(rank == 1 && dims[0] > 0 && dims[0] <= 1 << 20, NR_ERR_INPUT,
               "%s: %s has %zu entries", nr_h5_path(file), path, rank ? dims[0] : 0);
    NR_TRY(nr_h5_require_stored(file, path));
    layer->n_players = dims[0];
    if (!NR_NEW(layer->filters, dims[0])) return NR_ERR_INTERNAL;
    NR_TRY(nr_h5_read(file, path, NR_H5_U32, dims[0], layer->filters));
    for (size_t i = 1; i < dims[0]; i++)
        NR_REQUIRE(layer->filters[i] > layer->filters[i - 1], NR_ERR_INPUT,
                   "%s: %s is not ascending", nr_h5_path(file), path);
    return require_dims(file, nr_layout_path(path, layer->name, "state/complete"), 2,
                        (size_t[]){NR_TALLY_WORDS, dims[0]});
}

static nr_status read_layer(const nr_h5 *file, const char *name, const nr_store *store,
                            nr_store_layer *layer) {
    char group[NR_LAYOUT_PATH];
    uint64_t sweeps;
    nr_units units;
    snprintf(group, sizeof group, "/%s", name);
    if (!(layer->name = nr_strdup(name))) return NR_ERR_INTERNAL;
    NR_TRY(read_plan(file, group, layer_fields,
                     sizeof layer_fields / sizeof *layer_fields, &layer->plan));
    NR_TRY(plan_units(file, store, layer, &units));
    NR_TRY(nr_h5_read_attribute_u64(file, group, "sweeps", &sweeps));
    NR_TRY(nr_h5_read_attribute_u64(file, group, "sweeps_planned",
                                    &layer->sweeps_planned));
    NR_REQUIRE(sweeps <= SWEEPS_MAX && layer->sweeps_planned <= SWEEPS_MAX,
               NR_ERR_INPUT, "%s: layer \"%s\": %llu of %llu sweeps", nr_h5_path(file),
               name, (unsigned long long)sweeps,
               (unsigned long long)layer->sweeps_planned);
    NR_TRY(nr_h5_read_attribute(file, group, "seconds", 1, &layer->seconds));
    NR_TRY(read_filters(file, layer));
    NR_TRY(nr_fold_new(layer->n_players, units.units_per_sweep, &layer->fold));
    NR_TRY(read_complete(file, layer, sweeps));
    NR_TRY(read_open(file, layer, sweeps));
    return check_fold(file, layer, &units);
}

static nr_status read_root(const nr_h5 *file, nr_store *store) {
    char *history;
    NR_TRY(nr_h5_read_attribute(file, "/", "confidence", 1, &store->confidence));
    NR_REQUIRE(store->confidence >= 0.5 && store->confidence <= 0.999999, NR_ERR_INPUT,
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
        if (status == NR_OK)
            status = read_layer(file, names[i], store, &store->layers[i]);
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
