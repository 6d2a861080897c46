/* The file and its layers, read. The numbers in it may be anybody's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"
#include "neurank/base/version.h"
#include "neurank/estim/goal_rows.h"

enum { LAYERS_MAX = 4096 };

/* A NaN or a negative number would never be reached. */
static nr_status read_number(const nr_h5 *file, const char *group, const char *name,
                             double *value) {
    NR_TRY(nr_h5_read_attribute(file, group, name, 1, value));
    NR_REQUIRE(*value >= 0 && isfinite(*value), NR_ERR_INPUT,
               "%s: %s of %s is %g, a number of at least 0 is expected",
               nr_h5_path(file), name, group, *value);
    return NR_OK;
}

/* What a command asked for. */
static nr_status read_goal(const nr_h5 *file, const char *group,
                           nr_store_layer *layer) {
    nr_goal *goal = &layer->goal;
    NR_TRY(read_number(file, group, "seconds", &layer->seconds));
    for (size_t k = 0; k < NR_GOAL_ROWS; k++) {
        const nr_goal_row *row = &nr_goal_rows[k];
        NR_TRY(row->whole ? nr_h5_read_attribute_u64(file, group, row->attribute,
                                                     nr_goal_whole(goal, row))
                          : read_number(file, group, row->attribute,
                                        nr_goal_number(goal, row)));
    }
    NR_TRY(read_number(file, group, "sequence_sweeps", &layer->sequence_sweeps));
    return nr_h5_read_attribute_u64(file, group, "batch_coalitions", &layer->batch);
}

/* Can this rule have ended a run of this plan and goal? */
static bool rule_fits(const nr_store_layer *layer, uint64_t sweeps) {
    const nr_goal_row *row = nr_goal_row_of(layer->ended_by);
    if (!nr_rule_is_end(layer->ended_by)) return true;
    if (sweeps == 0) return false;
    if (nr_store_is_exact(layer)) return layer->ended_by == NR_RULE_EXACT;
    if (!row) return false;
    return row->watches ? nr_goal_asks(&layer->goal, row)
                        : sweeps >= nr_store_goal(layer).sweeps;
}

static nr_status read_rule(const nr_h5 *file, const char *group, uint64_t sweeps,
                           nr_store_layer *layer) {
    char *text;
    NR_TRY(nr_h5_read_text(file, group, "ended_by", &text));
    layer->ended_by = nr_rule_find(text);
    bool good = layer->ended_by != NR_RULE_COUNT && rule_fits(layer, sweeps);
    nr_status status =
        good ? NR_OK
             : nr_fail(NR_ERR_INPUT, "%s: %s after %llu sweeps ended by \"%s\"",
                       nr_h5_path(file), group, (unsigned long long)sweeps, text);
    free(text);
    return status;
}

static nr_status read_progress(const nr_h5 *file, const char *group, uint64_t *sweeps,
                               nr_store_layer *layer) {
    NR_TRY(nr_h5_read_attribute_u64(file, group, "sweeps", sweeps));
    NR_TRY(read_goal(file, group, layer));
    NR_REQUIRE(*sweeps <= NR_STORE_SWEEPS_MAX &&
                   layer->goal.sweeps <= NR_STORE_SWEEPS_MAX,
               NR_ERR_INPUT, "%s: layer \"%s\": %llu of %llu sweeps", nr_h5_path(file),
               layer->name, (unsigned long long)*sweeps,
               (unsigned long long)layer->goal.sweeps);
    return read_rule(file, group, *sweeps, layer);
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
    return NR_OK;
}

static nr_status check_digest(const nr_h5 *file, const char *group,
                              const nr_store_layer *layer) {
    char now[NR_DIGEST_TEXT], *then;
    NR_TRY(nr_layout_digest(layer, now));
    NR_TRY(nr_h5_read_text(file, group, "digest", &then));
    bool same = strcmp(now, then) == 0;
    free(then);
    NR_REQUIRE(
        same, NR_ERR_INPUT,
        "%s: layer \"%s\" is damaged: its sums, finished units, plan or goal are "
        "not those that were written",
        nr_h5_path(file), layer->name);
    return NR_OK;
}

static nr_status read_layer(const nr_h5 *file, const char *name, const nr_store *store,
                            nr_store_layer *layer) {
    char group[NR_LAYOUT_PATH];
    uint64_t sweeps;
    snprintf(group, sizeof group, "/%s", name);
    if (!(layer->name = nr_strdup(name))) return NR_ERR_INTERNAL;
    NR_TRY(nr_layout_read_layer_plan(file, group, store->plan.in.images, layer));
    NR_TRY(read_progress(file, group, &sweeps, layer));
    NR_TRY(read_filters(file, layer));
    NR_TRY(nr_layout_read_state(file, layer, sweeps));
    NR_TRY(check_digest(file, group, layer));
    if (!layer->plan.per_image) return NR_OK;
    return nr_layout_read_images(file, layer, (size_t)layer->plan.units.n_blocks);
}

nr_status nr_layout_read_generation(const nr_h5 *file, uint64_t *generation,
                                    char writer[NR_STORE_WRITER]) {
    char *text;
    NR_TRY(nr_h5_read_attribute_u64(file, "/", "generation", generation));
    NR_TRY(nr_h5_read_text(file, "/", "writer", &text));
    snprintf(writer, NR_STORE_WRITER, "%s", text);
    free(text);
    return NR_OK;
}

static nr_status read_program(const nr_h5 *file, char **out) {
    char *version, *build;
    NR_TRY(nr_h5_read_text(file, "/", "neurank_version", &version));
    nr_status status = nr_h5_read_text(file, "/", "build", &build);
    if (status == NR_OK) {
        size_t bytes = strlen(version) + strlen(build) + sizeof "neurank  ()";
        if (!NR_NEW(*out, bytes)) status = NR_ERR_INTERNAL;
        else snprintf(*out, bytes, "neurank %s (%s)", version, build);
        free(build);
    }
    free(version);
    return status;
}

static nr_status read_root(const nr_h5 *file, nr_store *store) {
    char *history;
    NR_TRY(nr_layout_read_generation(file, &store->generation, store->writer));
    NR_TRY(nr_h5_read_attribute(file, "/", "confidence", 1, &store->confidence));
    NR_REQUIRE(store->confidence >= 0.5 && store->confidence <= 0.999999, NR_ERR_INPUT,
               "%s: confidence %g", nr_h5_path(file), store->confidence);
    NR_TRY(nr_h5_read_text(file, "/", "history", &history));
    free(store->history);
    store->history = history;
    NR_TRY(read_program(file, &store->program));
    if (store->n_layers == 0) return NR_OK; /* ratings have plans of their own */
    return nr_layout_read_plan(file, "/", &nr_run_form, &store->plan);
}

static nr_status check_version(const nr_h5 *file) {
    uint64_t version;
    NR_REQUIRE(nr_h5_has_attribute(file, "/", "format_version"), NR_ERR_INPUT,
               "%s: an HDF5 file, but no neurank store", nr_h5_path(file));
    NR_TRY(nr_h5_read_attribute_u64(file, "/", "format_version", &version));
    NR_REQUIRE(version >= NR_STORE_VERSION_OLDEST && version <= NR_STORE_VERSION,
               NR_ERR_MISMATCH,
               "%s: store format %llu, this neurank (%s) reads %d to %d",
               nr_h5_path(file), (unsigned long long)version, NR_VERSION,
               NR_STORE_VERSION_OLDEST, NR_STORE_VERSION);
    return NR_OK;
}

/* Which groups hold Shapley values, rather than ratings alone: asked once, and a file
 * that cannot be read is no answer. */
static nr_status find_values(const nr_h5 *file, char **names, size_t n, bool *has,
                             size_t *n_layers) {
    *n_layers = 0;
    for (size_t i = 0; i < n; i++) {
        char path[NR_LAYOUT_PATH];
        NR_TRY(nr_h5_find(file, nr_layout_path(path, names[i], "filter"), &has[i]));
        *n_layers += has[i];
    }
    return NR_OK;
}

static nr_status read_layers(const nr_h5 *file, char **names, size_t n, const bool *has,
                             nr_store *store) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (has[i]) NR_TRY(read_layer(file, names[i], store, &store->layers[at++]));
        NR_TRY(nr_layout_read_ratings(file, names[i], store));
    }
    NR_REQUIRE(store->n_layers + store->n_ratings > 0, NR_ERR_INPUT,
               "%s: a store of no layer's values", nr_h5_path(file));
    return NR_OK;
}

static nr_status read_groups(const nr_h5 *file, char **names, size_t n, bool *has,
                             nr_store **out) {
    nr_store *store;
    size_t n_layers;
    NR_TRY(find_values(file, names, n, has, &n_layers));
    NR_TRY(nr_store_new(n_layers, &store));
    nr_status status = read_root(file, store);
    if (status == NR_OK) status = read_layers(file, names, n, has, store);
    if (status != NR_OK) {
        nr_store_free(store);
        return status;
    }
    *out = store;
    return NR_OK;
}

nr_status nr_layout_read(const nr_h5 *file, nr_store **out) {
    char **names = NULL;
    size_t n = 0;
    bool *has = NULL;
    NR_TRY(check_version(file));
    NR_TRY(nr_h5_groups(file, "/", &names, &n));
    nr_status status = NR_OK;
    if (n == 0 || n > LAYERS_MAX)
        status =
            nr_fail(NR_ERR_INPUT, "%s: a store of %zu layers", nr_h5_path(file), n);
    if (status == NR_OK && !NR_NEW(has, n)) status = NR_ERR_INTERNAL;
    if (status == NR_OK) status = read_groups(file, names, n, has, out);
    for (size_t i = 0; i < n; i++) free(names[i]);
    free(names);
    free(has);
    return status;
}
