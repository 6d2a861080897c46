/* The ledger taken apart and put together: for storing, for copies, for shards. */
#include <stdlib.h>
#include <string.h>

#include "fold_private.h"
#include "neurank/base/memory.h"

size_t nr_fold_open_count(const nr_fold *fold) {
    return fold->n_open;
}

void nr_fold_open_get(const nr_fold *fold, size_t k, uint64_t *sweep,
                      const uint8_t **done, const nr_tally **tally) {
    *sweep = fold->open[k].sweep;
    *done = fold->open[k].done;
    *tally = fold->open[k].tally;
}

const nr_tally *nr_fold_complete_tally(const nr_fold *fold) {
    return fold->tally;
}

size_t nr_fold_begun_count(const nr_fold *fold) {
    return fold->n_begun;
}

void nr_fold_begun_get(const nr_fold *fold, size_t k, uint64_t *block,
                       const nr_wide **shapley) {
    *block = fold->begun[k].block;
    *shapley = fold->begun[k].shapley;
}

size_t nr_fold_lanes(const nr_fold *fold) {
    return fold->n_lanes;
}

const uint64_t *nr_fold_lane_sweeps(const nr_fold *fold) {
    return fold->lane_sweeps;
}

/* A shard has sweeps of its own lane and no others. */
static bool lanes_fit(const nr_fold_spec *spec, const uint64_t *lane_sweeps,
                      size_t lanes) {
    if (spec->lanes == 0) return lanes > 0;
    if (lanes != spec->lanes) return false;
    for (size_t l = 0; l < lanes; l++)
        if (l != spec->lane && lane_sweeps[l] > 0) return false;
    return true;
}

static nr_status set_lanes(nr_fold *fold, const uint64_t *lane_sweeps, size_t lanes) {
    uint64_t *copy;
    if (!NR_NEW(copy, lanes)) return NR_ERR_INTERNAL;
    fold->complete = 0;
    for (size_t l = 0; l < lanes; l++) fold->complete += copy[l] = lane_sweeps[l];
    free(fold->lane_sweeps);
    fold->lane_sweeps = copy;
    fold->n_lanes = lanes;
    return NR_OK;
}

nr_status nr_fold_restore_complete(nr_fold *fold, const uint64_t *lane_sweeps,
                                   size_t lanes, const uint64_t *words, size_t n) {
    NR_ASSERT(fold->complete == 0 && fold->n_open == 0);
    if (!lanes_fit(&fold->spec, lane_sweeps, lanes)) return NR_ERR_INPUT;
    NR_TRY(set_lanes(fold, lane_sweeps, lanes));
    if (nr_tally_decode(fold->tally, words, n) != n) return NR_ERR_INPUT;
    return nr_fold_close_sweeps(fold);
}

nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               nr_tally **tally) {
    nr_open_sweep *open;
    NR_ASSERT(!nr_fold_sweep_is_complete(fold, sweep) &&
              !nr_fold_find_open(fold, sweep));
    NR_TRY(nr_fold_new_open(fold, sweep, &open));
    for (uint64_t u = 0; u < fold->spec.units_per_sweep; u++) {
        open->done[u] = done[u] != 0;
        open->n_done += open->done[u];
    }
    *tally = open->tally;
    return NR_OK;
}

nr_status nr_fold_restore_begun(nr_fold *fold, uint64_t block, const nr_wide *shapley) {
    size_t at;
    uint64_t first = block * fold->spec.pieces;
    NR_TRY(nr_fold_take_begun(fold, block, &at));
    memcpy(fold->begun[at].shapley, shapley, fold->spec.n_players * sizeof *shapley);
    fold->begun[at].n_done = 0;
    for (uint64_t u = first; u < first + fold->spec.pieces; u++)
        fold->begun[at].n_done += nr_fold_has(fold, u);
    return NR_OK;
}

/* ---- copies ---- */

static nr_status copy_open(nr_fold *to, const nr_fold *from) {
    size_t units = (size_t)from->spec.units_per_sweep;
    for (size_t k = 0; k < from->n_open; k++) {
        nr_open_sweep *made;
        const nr_open_sweep *open = &from->open[k];
        if (k < to->n_open) made = &to->open[k];
        else NR_TRY(nr_fold_new_open(to, UINT64_MAX, &made));
        made->sweep = open->sweep;
        made->n_done = open->n_done;
        memcpy(made->done, open->done, units);
        NR_TRY(nr_tally_copy(open->tally, made->tally));
    }
    while (to->n_open > from->n_open) {
        free(to->open[--to->n_open].done);
        nr_tally_free(to->open[to->n_open].tally);
    }
    return NR_OK;
}

static nr_status copy_begun(nr_fold *to, const nr_fold *from) {
    for (size_t k = 0; k < to->n_begun; k++) free(to->begun[k].shapley);
    to->n_begun = 0;
    for (size_t k = 0; k < from->n_begun; k++) {
        size_t at;
        NR_TRY(nr_fold_take_begun(to, from->begun[k].block, &at));
        to->begun[at].n_done = from->begun[k].n_done;
        memcpy(to->begun[at].shapley, from->begun[k].shapley,
               from->spec.n_players * sizeof(nr_wide));
    }
    return NR_OK;
}

static nr_status copy_into(const nr_fold *from, nr_fold *to) {
    NR_TRY(set_lanes(to, from->lane_sweeps, from->n_lanes));
    NR_TRY(nr_tally_copy(from->tally, to->tally));
    NR_TRY(nr_fold_copy_stages(from, to));
    NR_TRY(copy_open(to, from));
    NR_TRY(copy_begun(to, from));
    to->ended = from->ended;
    return NR_OK;
}

nr_status nr_fold_copy(const nr_fold *from, nr_fold **copy) {
    nr_fold *to = *copy;
    if (!to) NR_TRY(nr_fold_new(&from->spec, &to));
    nr_status status = copy_into(from, to);
    if (status == NR_OK || *copy) {
        *copy = to;
        return status;
    }
    nr_fold_free(to);
    return status;
}

/* ---- sums ---- */

/* Complete sweeps of lane l, of n lanes: the fold's own number of them, or its sweeps
 * dealt to so many. */
static uint64_t lane_of(const nr_fold *fold, size_t l, size_t n) {
    if (fold->n_lanes == n) return fold->lane_sweeps[l];
    return fold->complete > l ? (fold->complete - l + n - 1) / n : 0;
}

static size_t most_lanes(const nr_fold *a, const nr_fold *b) {
    return a->n_lanes > b->n_lanes ? a->n_lanes : b->n_lanes;
}

/* A unit that is in both: of an open sweep of a, and of anything of b. */
static bool overlap_open(const nr_fold *a, const nr_fold *b, uint64_t *unit) {
    uint64_t units = a->spec.units_per_sweep;
    for (size_t k = 0; k < a->n_open; k++)
        for (uint64_t u = 0; u < units; u++) {
            *unit = a->open[k].sweep * units + u;
            if (a->open[k].done[u] && nr_fold_has(b, *unit)) return true;
        }
    return false;
}

bool nr_fold_overlap(const nr_fold *a, const nr_fold *b, uint64_t *unit) {
    size_t n = most_lanes(a, b);
    for (size_t l = 0; l < n; l++)
        if (lane_of(a, l, n) > 0 && lane_of(b, l, n) > 0) {
            *unit = l * a->spec.units_per_sweep;
            return true;
        }
    return overlap_open(a, b, unit) || overlap_open(b, a, unit);
}

static nr_status join_lanes(nr_fold *fold, const nr_fold *from) {
    size_t n = most_lanes(fold, from);
    uint64_t *sum;
    if (!NR_NEW(sum, n)) return NR_ERR_INTERNAL;
    for (size_t l = 0; l < n; l++) sum[l] = lane_of(fold, l, n) + lane_of(from, l, n);
    nr_status status = set_lanes(fold, sum, n);
    free(sum);
    return status;
}

static nr_status join_open(nr_fold *fold, const nr_open_sweep *from) {
    nr_open_sweep *open = nr_fold_find_open(fold, from->sweep);
    if (!open) NR_TRY(nr_fold_new_open(fold, from->sweep, &open));
    for (uint64_t u = 0; u < fold->spec.units_per_sweep; u++)
        open->done[u] |= from->done[u];
    open->n_done += from->n_done;
    return nr_tally_merge(open->tally, from->tally) ? NR_OK : nr_fold_out_of_range();
}

nr_status nr_fold_join(nr_fold *fold, const nr_fold *from) {
    NR_ASSERT(fold->spec.lanes == 0 && !nr_fold_is_exact(fold));
    NR_TRY(join_lanes(fold, from));
    if (!nr_tally_merge(fold->tally, from->tally)) return nr_fold_out_of_range();
    NR_TRY(nr_fold_join_stages(fold, from));
    for (size_t k = 0; k < from->n_open; k++) NR_TRY(join_open(fold, &from->open[k]));
    return nr_fold_close_sweeps(fold);
}
