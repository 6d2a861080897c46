/* The stages of the complete sweeps (estim/fold.h): written, read, and what follows
 * from them. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"

static nr_status make_stages(nr_h5 *file, const nr_store_layer *layer) {
    char stage[NR_LAYOUT_PATH], word[NR_LAYOUT_PATH], count[NR_LAYOUT_PATH];
    char filter[NR_LAYOUT_PATH], path[NR_LAYOUT_PATH];
    const char *name = layer->name;
    size_t n = nr_fold_stages(layer->fold);
    uint32_t ends[NR_FOLD_STAGES_MAX] = {0};
    for (size_t k = 0; k < n; k++) ends[k] = (uint32_t)nr_fold_stage_end(k);
    NR_TRY(nr_h5_make_scale(file, nr_layout_path(stage, name, "state/stage"),
                            "end of a stage: sweep behind its last one", ends, n));
    nr_layout_path(word, name, "state/word");
    nr_layout_path(count, name, "state/count");
    nr_layout_path(filter, name, "filter");
    nr_h5_dataset sums = {.path = nr_layout_path(path, name, "state/stages"),
                          .type = NR_H5_U64,
                          .rank = 3,
                          .dims = {n, NR_TALLY_WORDS, layer->n_players},
                          .scales = {stage, word, filter},
                          .long_name = "exact sums over the sweeps of each stage"};
    NR_TRY(nr_h5_make_dataset(file, &sums, NULL));
    nr_h5_dataset counts = {.path = nr_layout_path(path, name, "state/stage_counts"),
                            .type = NR_H5_U64,
                            .rank = 2,
                            .dims = {n, NR_TALLY_COUNTS},
                            .scales = {stage, count},
                            .long_name = "counts"};
    return nr_h5_make_dataset(file, &counts, NULL);
}

nr_status nr_layout_write_stages(nr_h5 *file, const nr_store_layer *layer) {
    char sums[NR_LAYOUT_PATH], counts[NR_LAYOUT_PATH];
    size_t n = nr_fold_stages(layer->fold);
    uint64_t *words;
    if (n == 0) return NR_OK;
    NR_TRY(make_stages(file, layer));
    nr_layout_path(sums, layer->name, "state/stages");
    nr_layout_path(counts, layer->name, "state/stage_counts");
    if (!NR_NEW(words, nr_tally_words(layer->n_players, 0, 0))) return NR_ERR_INTERNAL;
    nr_status status = NR_OK;
    for (size_t k = 0; k < n && status == NR_OK; k++) {
        nr_tally_encode_plain(nr_fold_stage(layer->fold, k), words);
        status = nr_h5_write_rows(file, sums, NR_H5_U64, k, 1, words);
        if (status == NR_OK)
            status = nr_h5_write_rows(file, counts, NR_H5_U64, k, 1,
                                      words + NR_TALLY_WORDS * layer->n_players);
    }
    free(words);
    return status;
}

/* *n 0: there are none. */
static nr_status count_stages(const nr_h5 *file, const nr_store_layer *layer,
                              size_t *n) {
    char path[NR_LAYOUT_PATH];
    size_t dims[NR_H5_RANK], rank;
    *n = 0;
    if (!nr_h5_has(file, nr_layout_path(path, layer->name, "state/stages")))
        return NR_OK;
    NR_TRY(nr_h5_dims(file, path, dims, &rank));
    NR_REQUIRE(rank == 3 && dims[0] > 0 && dims[0] <= NR_FOLD_STAGES_MAX, NR_ERR_INPUT,
               "%s: %s does not have the shape of a store", nr_h5_path(file), path);
    *n = dims[0];
    NR_TRY(nr_layout_require_dims(file, path, 3,
                                  (size_t[]){*n, NR_TALLY_WORDS, layer->n_players}));
    return nr_layout_require_dims(
        file, nr_layout_path(path, layer->name, "state/stage_counts"), 2,
        (size_t[]){*n, NR_TALLY_COUNTS});
}

static nr_status read_rows(const nr_h5 *file, nr_store_layer *layer, size_t n,
                           uint64_t *words) {
    char sums[NR_LAYOUT_PATH], counts[NR_LAYOUT_PATH];
    size_t plain = nr_tally_words(layer->n_players, 0, 0);
    nr_layout_path(sums, layer->name, "state/stages");
    nr_layout_path(counts, layer->name, "state/stage_counts");
    for (size_t k = 0; k < n; k++) {
        NR_TRY(nr_h5_read_rows(file, sums, NR_H5_U64, k, 1, words));
        NR_TRY(nr_h5_read_rows(file, counts, NR_H5_U64, k, 1,
                               words + NR_TALLY_WORDS * layer->n_players));
        NR_TRY(nr_fold_restore_stage(layer->fold, words, plain));
    }
    return NR_OK;
}

nr_status nr_layout_read_stages(const nr_h5 *file, nr_store_layer *layer) {
    size_t n;
    uint64_t *words;
    bool good = false;
    NR_TRY(count_stages(file, layer, &n));
    if (!NR_NEW(words, nr_tally_words(layer->n_players, 0, 0))) return NR_ERR_INTERNAL;
    nr_status status = read_rows(file, layer, n, words);
    free(words);
    if (status == NR_OK) status = nr_fold_check_stages(layer->fold, &good);
    if (status != NR_OK && status != NR_ERR_INPUT) return status;
    NR_REQUIRE(good, NR_ERR_INPUT,
               "%s: layer \"%s\" is damaged: its stages are not those of its sweeps",
               nr_h5_path(file), layer->name);
    return NR_OK;
}
