#include <stdlib.h>
#include <string.h>

#include "fold_private.h"
#include "neurank/base/memory.h"

nr_status nr_fold_new(const nr_fold_spec *spec, nr_fold **out) {
    nr_fold *fold;
    if (!NR_NEW(fold, 1)) return NR_ERR_INTERNAL;
    NR_ASSERT(nr_estimator_is_exact(spec->estimator) == (spec->pieces > 0));
    NR_ASSERT(spec->lanes == 0 || spec->lane < spec->lanes);
    fold->spec = *spec;
    fold->n_lanes = spec->lanes ? (size_t)spec->lanes : 1;
    nr_status status =
        NR_NEW(fold->lane_sweeps, fold->n_lanes) ? NR_OK : NR_ERR_INTERNAL;
    if (status == NR_OK)
        status = nr_tally_new(spec->n_players, spec->n_classes, &fold->tally);
    if (status == NR_OK)
        status = nr_tally_new(spec->n_players, spec->n_classes, &fold->incoming);
    if (status != NR_OK) {
        nr_fold_free(fold);
        return status;
    }
    *out = fold;
    return NR_OK;
}

static void open_free(nr_open_sweep *open) {
    free(open->done);
    nr_tally_free(open->tally);
}

void nr_fold_drop_open(nr_fold *fold) {
    for (size_t k = 0; k < fold->n_open; k++) open_free(&fold->open[k]);
    for (size_t k = 0; k < fold->n_begun; k++) free(fold->begun[k].shapley);
    fold->n_open = fold->n_begun = 0;
}

void nr_fold_free(nr_fold *fold) {
    if (!fold) return;
    nr_fold_drop_open(fold);
    free(fold->lane_sweeps);
    free(fold->open);
    free(fold->begun);
    nr_tally_free(fold->tally);
    nr_tally_free(fold->incoming);
    nr_fold_free_stages(fold);
    free(fold);
}

const nr_fold_spec *nr_fold_get_spec(const nr_fold *fold) {
    return &fold->spec;
}

bool nr_fold_is_exact(const nr_fold *fold) {
    return nr_estimator_is_exact(fold->spec.estimator);
}

/* ---- open sweeps ---- */

nr_open_sweep *nr_fold_find_open(const nr_fold *fold, uint64_t sweep) {
    for (size_t k = 0; k < fold->n_open; k++)
        if (fold->open[k].sweep == sweep) return &fold->open[k];
    return NULL;
}

/* Makes room for a sweep at its place in the order; takes over `tally`. */
static nr_status insert_open(nr_fold *fold, uint64_t sweep, nr_tally *tally,
                             nr_open_sweep **out) {
    nr_open_sweep made = {.sweep = sweep, .tally = tally};
    nr_status status = nr_grow((void **)&fold->open, &fold->capacity, fold->n_open + 1,
                               sizeof *fold->open);
    if (status == NR_OK && !NR_NEW(made.done, (size_t)fold->spec.units_per_sweep))
        status = NR_ERR_INTERNAL;
    if (status != NR_OK) {
        nr_tally_free(tally);
        return status;
    }
    size_t place = fold->n_open;
    while (place > 0 && fold->open[place - 1].sweep > sweep) place--;
    memmove(fold->open + place + 1, fold->open + place,
            (fold->n_open - place) * sizeof *fold->open);
    fold->open[place] = made;
    fold->n_open++;
    *out = &fold->open[place];
    return NR_OK;
}

nr_status nr_fold_new_open(nr_fold *fold, uint64_t sweep, nr_open_sweep **out) {
    nr_tally *tally;
    NR_TRY(nr_tally_new(fold->spec.n_players, fold->spec.n_classes, &tally));
    return insert_open(fold, sweep, tally, out);
}

/* ---- begun blocks ---- */

nr_status nr_fold_take_begun(nr_fold *fold, uint64_t block, size_t *out) {
    size_t place = 0;
    while (place < fold->n_begun && fold->begun[place].block < block) place++;
    *out = place;
    if (place < fold->n_begun && fold->begun[place].block == block) return NR_OK;
    nr_begun_block made = {.block = block};
    NR_TRY(nr_grow((void **)&fold->begun, &fold->begun_capacity, fold->n_begun + 1,
                   sizeof *fold->begun));
    if (!NR_NEW(made.shapley, fold->spec.n_players)) return NR_ERR_INTERNAL;
    memmove(fold->begun + place + 1, fold->begun + place,
            (fold->n_begun - place) * sizeof *fold->begun);
    fold->begun[place] = made;
    fold->n_begun++;
    return NR_OK;
}

/* Adds a piece's share to its block, and the block to the tally if it is the last. */
static nr_status add_piece(nr_fold *fold, nr_open_sweep *open, uint64_t part) {
    size_t at;
    const nr_wide *share = nr_tally_sum(fold->incoming);
    if (fold->spec.pieces < 2) return NR_OK; /* whole blocks: squared already */
    NR_TRY(nr_fold_take_begun(fold, part / fold->spec.pieces, &at));
    nr_begun_block *block = &fold->begun[at];
    for (size_t i = 0; i < fold->spec.n_players; i++)
        if (!nr_wide_add(&block->shapley[i], share[i])) return nr_fold_out_of_range();
    if (++block->n_done < fold->spec.pieces) return NR_OK;
    bool good = nr_tally_end_block(open->tally, block->shapley);
    free(block->shapley);
    fold->n_begun--;
    memmove(fold->begun + at, fold->begun + at + 1,
            (fold->n_begun - at) * sizeof *fold->begun);
    return good ? NR_OK : nr_fold_out_of_range();
}

/* ---- the judge ---- */

void nr_fold_set_judge(nr_fold *fold, nr_fold_judge *judge, void *self) {
    fold->judge = judge;
    fold->judge_self = self;
}

bool nr_fold_ended(const nr_fold *fold) {
    return fold->ended;
}

/* Where some lanes are ahead there are gaps, and who fills them first is chance. */
static bool has_gaps(const nr_fold *fold) {
    return fold->spec.lanes == 0 && fold->n_lanes > 1;
}

void nr_fold_ask(nr_fold *fold) {
    if (fold->complete == 0 || !fold->judge || fold->ended || has_gaps(fold)) return;
    if (!fold->judge(fold->judge_self, fold)) return;
    fold->ended = true;
    nr_fold_drop_open(fold);
}

/* ---- sweeps and lanes ---- */

uint64_t nr_fold_complete_sweeps(const nr_fold *fold) {
    return fold->complete;
}
uint64_t nr_fold_units_per_sweep(const nr_fold *fold) {
    return fold->spec.units_per_sweep;
}

bool nr_fold_sweep_is_complete(const nr_fold *fold, uint64_t sweep) {
    return sweep / fold->n_lanes < fold->lane_sweeps[sweep % fold->n_lanes];
}

uint64_t nr_fold_step(const nr_fold *fold) {
    return fold->spec.lanes ? fold->spec.lanes : 1;
}

uint64_t nr_fold_first_sweep(const nr_fold *fold) {
    uint64_t n = fold->n_lanes, lane = fold->spec.lane;
    if (fold->spec.lanes > 0) return fold->lane_sweeps[lane] * n + lane;
    uint64_t first = fold->lane_sweeps[0] * n;
    for (uint64_t l = 1; l < n; l++)
        if (fold->lane_sweeps[l] * n + l < first) first = fold->lane_sweeps[l] * n + l;
    return first;
}

uint64_t nr_fold_end_sweep(const nr_fold *fold) {
    uint64_t n = fold->n_lanes, end = 0;
    for (uint64_t l = 0; l < n; l++) {
        uint64_t sweeps = fold->lane_sweeps[l];
        if (sweeps > 0 && (sweeps - 1) * n + l + 1 > end)
            end = (sweeps - 1) * n + l + 1;
    }
    return end;
}

uint64_t nr_fold_share(const nr_fold_spec *spec, uint64_t sweeps) {
    if (spec->lanes == 0) return sweeps;
    return sweeps > spec->lane ? (sweeps - spec->lane + spec->lanes - 1) / spec->lanes
                               : 0;
}

/* No lane is ahead any more: they need not be told apart. */
static void forget_lanes(nr_fold *fold) {
    if (!has_gaps(fold) || nr_fold_first_sweep(fold) != fold->complete) return;
    fold->lane_sweeps[0] = fold->complete;
    fold->n_lanes = 1;
}

nr_status nr_fold_close_sweeps(nr_fold *fold) {
    forget_lanes(fold);
    for (;;) {
        uint64_t sweep = nr_fold_first_sweep(fold);
        nr_open_sweep *open = nr_fold_find_open(fold, sweep);
        if (!open || open->n_done < fold->spec.units_per_sweep) return NR_OK;
        if (!nr_tally_merge(fold->tally, open->tally)) return nr_fold_out_of_range();
        NR_TRY(nr_fold_add_to_stage(fold, sweep, open->tally));
        open_free(open);
        fold->n_open--;
        memmove(open, open + 1,
                (size_t)(fold->open + fold->n_open - open) * sizeof *open);
        fold->lane_sweeps[sweep % fold->n_lanes]++;
        fold->complete++;
        forget_lanes(fold);
        nr_fold_ask(fold);
    }
}

/* ---- units ---- */

nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words, size_t n,
                         size_t *used) {
    uint64_t sweep = unit / fold->spec.units_per_sweep;
    uint64_t part = unit % fold->spec.units_per_sweep;
    nr_open_sweep *open = nr_fold_find_open(fold, sweep);
    *used = nr_tally_decode(fold->incoming, words, n);
    NR_REQUIRE(*used > 0, NR_ERR_INTERNAL, "unit %llu has no tally",
               (unsigned long long)unit);
    if (fold->ended) return NR_OK;
    NR_REQUIRE(!nr_fold_has(fold, unit), NR_ERR_INTERNAL,
               "unit %llu was finished twice", (unsigned long long)unit);
    if (!open) NR_TRY(nr_fold_new_open(fold, sweep, &open));
    if (!nr_tally_merge(open->tally, fold->incoming)) return nr_fold_out_of_range();
    NR_TRY(add_piece(fold, open, part));
    open->done[part] = 1;
    open->n_done++;
    return nr_fold_close_sweeps(fold);
}

bool nr_fold_has(const nr_fold *fold, uint64_t unit) {
    uint64_t sweep = unit / fold->spec.units_per_sweep;
    if (nr_fold_sweep_is_complete(fold, sweep)) return true;
    const nr_open_sweep *open = nr_fold_find_open(fold, sweep);
    return open && open->done[unit % fold->spec.units_per_sweep];
}

uint64_t nr_fold_units(const nr_fold *fold) {
    uint64_t units = fold->complete * fold->spec.units_per_sweep;
    for (size_t k = 0; k < fold->n_open; k++) units += fold->open[k].n_done;
    return units;
}

const nr_tally *nr_fold_result(const nr_fold *fold, uint64_t *sweeps) {
    *sweeps = fold->complete ? fold->complete : 1;
    if (fold->complete > 0 || fold->n_open == 0) return fold->tally;
    return fold->open[0].tally;
}
