/* What a resume needs, read back and checked. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

/* ---- sums that finished work cannot have ---- */

/* Rounding of an exact run's shares: half a fine unit for each player and piece. */
static uint64_t slack_of(const nr_store_layer *layer) {
    if (!nr_store_is_exact(layer)) return 0;
    return layer->n_players * layer->plan.units.units_per_sweep *
           layer->plan.units.blocks_per_unit;
}

/* whole: no piece of a block is missing. */
static nr_status check_tally(const nr_h5 *file, const nr_store_layer *layer,
                             const nr_tally *tally, uint64_t visits, bool whole) {
    const nr_class_sums *classes = nr_tally_classes(tally);
    bool good = nr_tally_visits(tally) == visits && nr_tally_groups(tally) <= visits &&
                nr_tally_images(tally) == visits * layer->plan.block_images &&
                (!whole || nr_tally_telescopes(tally, slack_of(layer))) &&
                (!classes || nr_class_sums_match(classes, nr_tally_sum(tally),
                                                 nr_tally_images(tally)));
    NR_REQUIRE(
        good, NR_ERR_INPUT,
        "%s: layer \"%s\" is damaged: its sums are not those of the %llu blocks it "
        "counts as done",
        nr_h5_path(file), layer->name, (unsigned long long)visits);
    return NR_OK;
}

static nr_status check_open(const nr_h5 *file, const nr_store_layer *layer,
                            const uint8_t *done, const nr_tally *tally) {
    uint64_t visits = 0;
    for (uint64_t u = 0; u < layer->plan.units.units_per_sweep; u++) {
        nr_unit unit = nr_units_get(&layer->plan.units, u);
        if (done[u] && unit.piece == 0) visits += unit.n_blocks;
    }
    return check_tally(file, layer, tally, visits, layer->plan.units.pieces < 2);
}

/* ---- tallies ---- */

/* Row k of an open dataset, or all `rows` of a complete one. */
static nr_status get(const nr_h5 *file, const nr_store_layer *layer, bool open,
                     const char *complete_name, const char *open_name, size_t k,
                     size_t rows, uint64_t *data) {
    char path[NR_LAYOUT_PATH];
    nr_layout_path(path, layer->name, open ? open_name : complete_name);
    return nr_h5_read_rows(file, path, NR_H5_U64, open ? k : 0, open ? 1 : rows, data);
}

static nr_status get_classes(const nr_h5 *file, const nr_store_layer *layer, bool open,
                             size_t k, size_t classes, uint64_t *words) {
    size_t row = NR_CLASS_WORDS * layer->n_players;
    uint64_t *sums, *images = NULL;
    nr_status status = NR_ERR_INTERNAL;
    if (NR_NEW(sums, nr_size_mul(classes, row)) && NR_NEW(images, classes))
        status = get(file, layer, open, "state/complete_classes", "state/open_classes",
                     k, classes, sums);
    if (status == NR_OK)
        status = get(file, layer, open, "state/complete_class_images",
                     "state/open_class_images", k, classes, images);
    words[0] = classes;
    for (size_t c = 0; c < classes && status == NR_OK; c++) {
        uint64_t *to = words + 1 + c * (row + 2);
        to[0] = c;
        to[1] = images[c];
        memcpy(to + 2, sums + c * row, row * sizeof *sums);
    }
    free(images);
    free(sums);
    return status;
}

/* An encoded tally with every class in it; *words owned by the caller. */
static nr_status get_tally(const nr_h5 *file, const nr_store_layer *layer, bool open,
                           size_t k, uint64_t **words, size_t *n_words) {
    size_t n = layer->n_players, classes = nr_fold_get_spec(layer->fold)->n_classes;
    size_t plain = nr_tally_words(n, 0, 0);
    uint64_t *w;
    *n_words = nr_tally_words(n, classes, classes);
    if (!NR_NEW(w, *n_words)) return NR_ERR_INTERNAL;
    nr_status status =
        get(file, layer, open, "state/complete", "state/open", k, NR_TALLY_WORDS, w);
    if (status == NR_OK)
        status = get(file, layer, open, "state/complete_counts", "state/open_counts", k,
                     NR_TALLY_COUNTS, w + (size_t)NR_TALLY_WORDS * n);
    if (status == NR_OK && classes > 0)
        status = get_classes(file, layer, open, k, classes, w + plain);
    if (status != NR_OK) {
        free(w);
        return status;
    }
    *words = w;
    return NR_OK;
}

/* n_open 0: the datasets of the complete sweeps. */
static nr_status require_tallies(const nr_h5 *file, const nr_store_layer *layer,
                                 size_t n_open) {
    char path[NR_LAYOUT_PATH];
    size_t n = layer->n_players, classes = nr_fold_get_spec(layer->fold)->n_classes;
    size_t skip = n_open == 0, sums[] = {n_open, NR_TALLY_WORDS, n};
    size_t counts[] = {n_open, NR_TALLY_COUNTS};
    size_t by_class[] = {n_open, classes, NR_CLASS_WORDS, n},
           seen[] = {n_open, classes};
    const struct {
        const char *complete, *open;
        size_t rank;
        const size_t *dims;
    } all[] = {{"state/complete", "state/open", 3, sums},
               {"state/complete_counts", "state/open_counts", 2, counts},
               {"state/complete_classes", "state/open_classes", 4, by_class},
               {"state/complete_class_images", "state/open_class_images", 2, seen}};
    for (size_t i = 0; i < (classes ? 4 : 2); i++)
        NR_TRY(nr_layout_require_dims(
            file,
            nr_layout_path(path, layer->name, skip ? all[i].complete : all[i].open),
            all[i].rank - skip, all[i].dims + skip));
    return NR_OK;
}

static nr_status damaged(const nr_h5 *file, const nr_store_layer *layer) {
    return nr_fail(NR_ERR_INPUT, "%s: layer \"%s\" is damaged: its sums are not sums",
                   nr_h5_path(file), layer->name);
}

/* Complete sweeps of each lane, [*lanes]; *out owned by the caller. */
static nr_status read_lanes(const nr_h5 *file, const nr_store_layer *layer,
                            uint64_t sweeps, uint64_t **out, size_t *lanes) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank = 1;
    uint64_t *list, sum = 0;
    bool stored =
        nr_h5_has(file, nr_layout_path(path, layer->name, "state/lane_sweeps"));
    *lanes = 1;
    if (stored) {
        NR_TRY(nr_h5_dims(file, path, dims, &rank));
        *lanes = dims[0];
    }
    NR_REQUIRE(rank == 1 && *lanes > 0 && *lanes <= NR_SHARDS_MAX, NR_ERR_INPUT,
               "%s: %s has %zu entries", nr_h5_path(file), path, *lanes);
    if (!NR_NEW(list, *lanes)) return NR_ERR_INTERNAL;
    list[0] = sweeps;
    nr_status status = stored ? nr_h5_read(file, path, NR_H5_U64, *lanes, list) : NR_OK;
    for (size_t l = 0; l < *lanes && status == NR_OK; l++) {
        sum += list[l];
        if (list[l] > NR_STORE_SWEEPS_MAX || sum > sweeps)
            status = nr_fail(NR_ERR_INPUT, "%s: %s: lane %zu has %llu sweeps of %llu",
                             nr_h5_path(file), path, l, (unsigned long long)list[l],
                             (unsigned long long)sweeps);
    }
    if (status == NR_OK && sum != sweeps)
        status =
            nr_fail(NR_ERR_INPUT, "%s: %s: %llu sweeps in all lanes, %llu complete",
                    nr_h5_path(file), path, (unsigned long long)sum,
                    (unsigned long long)sweeps);
    if (status != NR_OK) {
        free(list);
        return status;
    }
    *out = list;
    return NR_OK;
}

static nr_status read_complete(const nr_h5 *file, nr_store_layer *layer,
                               uint64_t sweeps) {
    uint64_t *words, *lane_sweeps;
    size_t n, lanes;
    NR_TRY(require_tallies(file, layer, 0));
    NR_TRY(read_lanes(file, layer, sweeps, &lane_sweeps, &lanes));
    nr_status status = get_tally(file, layer, false, 0, &words, &n);
    if (status == NR_OK) {
        status = nr_fold_restore_complete(layer->fold, lane_sweeps, lanes, words, n);
        free(words);
        if (status == NR_ERR_INPUT) status = damaged(file, layer);
    }
    free(lane_sweeps);
    NR_TRY(status);
    return check_tally(file, layer, nr_fold_complete_tally(layer->fold),
                       sweeps * layer->plan.units.n_blocks, true);
}

/* ---- open sweeps ---- */

static nr_status read_open_sweep(const nr_h5 *file, nr_store_layer *layer, size_t k,
                                 uint64_t sweep) {
    char path[NR_LAYOUT_PATH];
    uint64_t *words = NULL;
    uint8_t *done;
    size_t n;
    nr_tally *tally;
    if (!NR_NEW(done, (size_t)layer->plan.units.units_per_sweep))
        return NR_ERR_INTERNAL;
    nr_status status =
        nr_h5_read_rows(file, nr_layout_path(path, layer->name, "state/open_done"),
                        NR_H5_U8, k, 1, done);
    if (status == NR_OK) status = get_tally(file, layer, true, k, &words, &n);
    if (status == NR_OK)
        status = nr_fold_restore_open(layer->fold, sweep, done, &tally);
    if (status == NR_OK && nr_tally_decode(tally, words, n) != n)
        status = damaged(file, layer);
    if (status == NR_OK) status = check_open(file, layer, done, tally);
    free(words);
    free(done);
    return status;
}

/* May a unit of this sweep be open in this ledger? */
static bool may_be_open(const nr_store_layer *layer, uint64_t sweep) {
    const nr_fold_spec *spec = nr_fold_get_spec(layer->fold);
    return sweep < NR_STORE_SWEEPS_MAX &&
           !nr_fold_sweep_is_complete(layer->fold, sweep) &&
           (spec->lanes == 0 || sweep % spec->lanes == spec->lane) &&
           (!nr_estimator_is_exact(spec->estimator) || sweep == 0);
}

static nr_status read_open_sweeps(const nr_h5 *file, nr_store_layer *layer, size_t n,
                                  uint64_t *sweeps) {
    char path[NR_LAYOUT_PATH];
    NR_TRY(nr_h5_read(file, nr_layout_path(path, layer->name, "state/open_sweep"),
                      NR_H5_U64, n, sweeps));
    for (size_t k = 0; k < n; k++) {
        NR_REQUIRE(may_be_open(layer, sweeps[k]) &&
                       (k == 0 || sweeps[k] > sweeps[k - 1]),
                   NR_ERR_INPUT, "%s: layer \"%s\": sweep %llu is out of order",
                   nr_h5_path(file), layer->name, (unsigned long long)sweeps[k]);
        NR_TRY(read_open_sweep(file, layer, k, sweeps[k]));
    }
    return NR_OK;
}

static nr_status read_open(const nr_h5 *file, nr_store_layer *layer) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    size_t units = (size_t)layer->plan.units.units_per_sweep;
    if (!nr_h5_has(file, nr_layout_path(path, layer->name, "state/open_sweep")))
        return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    size_t n = rank == 1 ? dims[0] : 0;
    NR_REQUIRE(n > 0, NR_ERR_INPUT, "%s: %s has no entries", nr_h5_path(file), path);
    NR_TRY(nr_layout_require_dims(file,
                                  nr_layout_path(path, layer->name, "state/open_done"),
                                  2, (size_t[]){n, units}));
    NR_TRY(require_tallies(file, layer, n));
    uint64_t *sweeps;
    if (!NR_NEW(sweeps, n)) return NR_ERR_INTERNAL;
    nr_status status = read_open_sweeps(file, layer, n, sweeps);
    free(sweeps);
    return status;
}

/* ---- blocks under way ---- */

static nr_status read_begun_block(const nr_h5 *file, nr_store_layer *layer, size_t k,
                                  const uint64_t *blocks) {
    char path[NR_LAYOUT_PATH];
    size_t n = layer->n_players;
    uint64_t block = blocks[k];
    uint64_t *words;
    nr_wide *shapley = NULL;
    nr_status status = NR_ERR_INTERNAL;
    NR_REQUIRE(block < layer->plan.units.n_blocks && (k == 0 || block > blocks[k - 1]),
               NR_ERR_INPUT, "%s: layer \"%s\": block %llu of %llu is out of order",
               nr_h5_path(file), layer->name, (unsigned long long)block,
               (unsigned long long)layer->plan.units.n_blocks);
    if (NR_NEW(words, 2 * n) && NR_NEW(shapley, n))
        status = nr_h5_read_rows(file, nr_layout_path(path, layer->name, "state/begun"),
                                 NR_H5_U64, k, 1, words);
    if (status == NR_OK) {
        nr_wide_decode(words, n, shapley);
        status = nr_fold_restore_begun(layer->fold, block, shapley);
    }
    free(shapley);
    free(words);
    return status;
}

/* Blocks of which some pieces are there and some are not. */
static size_t count_begun(const nr_store_layer *layer) {
    size_t n = 0;
    uint64_t pieces = layer->plan.units.pieces;
    for (uint64_t block = 0; block < layer->plan.units.n_blocks; block++) {
        uint64_t done = 0;
        for (uint64_t p = 0; p < pieces; p++)
            done += nr_fold_has(layer->fold, block * pieces + p);
        n += done > 0 && done < pieces;
    }
    return n;
}

static nr_status read_begun(const nr_h5 *file, nr_store_layer *layer) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank = 0, begun = count_begun(layer);
    if (nr_h5_has(file, nr_layout_path(path, layer->name, "state/begun_block")))
        NR_TRY(nr_h5_dims(file, path, dims, &rank));
    size_t n = rank == 1 ? dims[0] : 0;
    NR_REQUIRE(n == begun, NR_ERR_INPUT,
               "%s: layer \"%s\": %zu blocks are begun, %zu are stored",
               nr_h5_path(file), layer->name, begun, n);
    if (n == 0) return NR_OK;
    NR_TRY(nr_layout_require_dims(file,
                                  nr_layout_path(path, layer->name, "state/begun"), 3,
                                  (size_t[]){n, 2, layer->n_players}));
    uint64_t *blocks;
    if (!NR_NEW(blocks, n)) return NR_ERR_INTERNAL;
    nr_status status =
        nr_h5_read(file, nr_layout_path(path, layer->name, "state/begun_block"),
                   NR_H5_U64, n, blocks);
    for (size_t k = 0; k < n && status == NR_OK; k++)
        status = read_begun_block(file, layer, k, blocks);
    free(blocks);
    return status;
}

nr_status nr_layout_read_state(const nr_h5 *file, nr_store_layer *layer,
                               uint64_t sweeps) {
    NR_TRY(nr_store_layer_make_fold(layer));
    NR_TRY(read_complete(file, layer, sweeps));
    NR_TRY(nr_layout_read_stages(file, layer));
    NR_TRY(read_open(file, layer));
    return layer->plan.units.pieces > 1 ? read_begun(file, layer) : NR_OK;
}
