/* One digest over all that a layer's next session goes on from. */
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "neurank/base/memory.h"
#include "neurank/estim/goal_rows.h"

static void add_u64(nr_digest *digest, uint64_t value) {
    nr_digest_add(digest, &value, sizeof value);
}

static void add_f64(nr_digest *digest, double value) {
    nr_digest_add(digest, &value, sizeof value);
}

static void add_goal(nr_digest *digest, const nr_store_layer *layer) {
    nr_goal goal = layer->goal;
    for (const nr_goal_row *row = nr_goal_rows; row < nr_goal_rows + NR_GOAL_ROWS;
         row++)
        if (row->whole) add_u64(digest, *nr_goal_whole(&goal, row));
    for (const nr_goal_row *row = nr_goal_rows; row < nr_goal_rows + NR_GOAL_ROWS;
         row++)
        if (!row->whole) add_f64(digest, *nr_goal_number(&goal, row));
    add_f64(digest, layer->sequence_sweeps);
    add_u64(digest, layer->ended_by);
}

/* Class by class: the order in which they occurred is nobody's. */
static nr_status add_classes(nr_digest *digest, size_t n_players,
                             const nr_class_sums *sums) {
    uint64_t *words;
    size_t n = NR_CLASS_WORDS * n_players;
    if (!NR_NEW(words, n)) return NR_ERR_INTERNAL;
    for (uint32_t c = 0; c < nr_class_sums_classes(sums); c++) {
        nr_class_sums_get(sums, c, words);
        add_u64(digest, nr_class_sums_images(sums, c));
        nr_digest_add(digest, words, n * sizeof *words);
    }
    free(words);
    return NR_OK;
}

static nr_status add_tally(nr_digest *digest, const nr_tally *tally) {
    size_t n = nr_tally_players(tally);
    const nr_class_sums *classes = nr_tally_classes(tally);
    uint64_t *words;
    if (!NR_NEW(words, nr_tally_words(n, 0, 0))) return NR_ERR_INTERNAL;
    nr_digest_add(digest, words, nr_tally_encode_plain(tally, words) * sizeof *words);
    free(words);
    return classes ? add_classes(digest, n, classes) : NR_OK;
}

static nr_status add_fold(nr_digest *digest, const nr_fold *fold) {
    size_t units = (size_t)nr_fold_units_per_sweep(fold);
    size_t n = nr_fold_get_spec(fold)->n_players;
    add_u64(digest, nr_fold_lanes(fold));
    nr_digest_add(digest, nr_fold_lane_sweeps(fold),
                  nr_fold_lanes(fold) * sizeof(uint64_t));
    NR_TRY(add_tally(digest, nr_fold_complete_tally(fold)));
    for (size_t k = 0; k < nr_fold_stages(fold); k++)
        NR_TRY(add_tally(digest, nr_fold_stage(fold, k)));
    for (size_t k = 0; k < nr_fold_open_count(fold); k++) {
        uint64_t sweep;
        const uint8_t *done;
        const nr_tally *tally;
        nr_fold_open_get(fold, k, &sweep, &done, &tally);
        add_u64(digest, sweep);
        nr_digest_add(digest, done, units);
        NR_TRY(add_tally(digest, tally));
    }
    for (size_t k = 0; k < nr_fold_begun_count(fold); k++) {
        uint64_t block;
        const nr_wide *shapley;
        nr_fold_begun_get(fold, k, &block, &shapley);
        add_u64(digest, block);
        nr_digest_add(digest, shapley, n * sizeof *shapley);
    }
    return NR_OK;
}

nr_status nr_layout_digest(const nr_store_layer *layer, char text[NR_DIGEST_TEXT]) {
    nr_digest *digest;
    NR_TRY(nr_digest_new(&digest));
    nr_layout_digest_plan(digest, nr_store_layer_plan(layer));
    nr_digest_add(digest, layer->filters, layer->n_players * sizeof *layer->filters);
    add_goal(digest, layer);
    nr_status status = add_fold(digest, layer->fold);
    nr_digest_text(digest, text);
    nr_digest_free(digest);
    return status;
}
