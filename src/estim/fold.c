#include "neurank/estim/fold.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

typedef struct {
    uint64_t sweep, n_done;
    uint8_t *done; /* [units_per_sweep] */
    nr_tally *tally;
} open_sweep;

struct nr_fold {
    size_t n_players;
    uint64_t units_per_sweep, complete; /* sweeps */
    nr_tally *tally;                    /* of the complete sweeps */
    nr_tally *incoming;                 /* scratch */
    open_sweep *open;                   /* ascending */
    size_t n_open, capacity;
};

nr_status nr_fold_new(size_t n_players, uint64_t units_per_sweep, nr_fold **out) {
    nr_fold *fold;
    if (!NR_NEW(fold, 1)) return NR_ERR_INTERNAL;
    fold->n_players = n_players;
    fold->units_per_sweep = units_per_sweep;
    nr_status status = nr_tally_new(n_players, &fold->tally);
    if (status == NR_OK) status = nr_tally_new(n_players, &fold->incoming);
    if (status != NR_OK) {
        nr_fold_free(fold);
        return status;
    }
    *out = fold;
    return NR_OK;
}

static void open_free(open_sweep *open) {
    free(open->done);
    nr_tally_free(open->tally);
}

void nr_fold_free(nr_fold *fold) {
    if (!fold) return;
    for (size_t k = 0; k < fold->n_open; k++) open_free(&fold->open[k]);
    free(fold->open);
    nr_tally_free(fold->tally);
    nr_tally_free(fold->incoming);
    free(fold);
}

static open_sweep *find_open(const nr_fold *fold, uint64_t sweep) {
    for (size_t k = 0; k < fold->n_open; k++)
        if (fold->open[k].sweep == sweep) return &fold->open[k];
    return NULL;
}

/* Makes room for a sweep at its place in the order. */
static nr_status insert_open(nr_fold *fold, uint64_t sweep, open_sweep **out) {
    open_sweep made = {.sweep = sweep};
    nr_status status = nr_grow((void **)&fold->open, &fold->capacity, fold->n_open + 1,
                               sizeof *fold->open);
    if (status == NR_OK && !NR_NEW(made.done, fold->units_per_sweep))
        status = NR_ERR_INTERNAL;
    if (status == NR_OK) status = nr_tally_new(fold->n_players, &made.tally);
    if (status != NR_OK) {
        free(made.done);
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

static nr_status out_of_range(void) {
    return nr_fail(NR_ERR_UNIT,
                   "the values of this game spread too widely: a sum of their "
                   "squares does not fit in 128 bits");
}

/* Moves sweeps that are whole, in order, into the complete ones. */
static nr_status close_sweeps(nr_fold *fold) {
    while (fold->n_open > 0 && fold->open[0].sweep == fold->complete &&
           fold->open[0].n_done == fold->units_per_sweep) {
        if (!nr_tally_merge(fold->tally, fold->open[0].tally)) return out_of_range();
        open_free(&fold->open[0]);
        fold->n_open--;
        memmove(fold->open, fold->open + 1, fold->n_open * sizeof *fold->open);
        fold->complete++;
    }
    return NR_OK;
}

nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words) {
    uint64_t sweep = unit / fold->units_per_sweep, part = unit % fold->units_per_sweep;
    open_sweep *open = find_open(fold, sweep);
    NR_REQUIRE(!nr_fold_has(fold, unit), NR_ERR_INTERNAL,
               "unit %llu was finished twice", (unsigned long long)unit);
    if (!open) NR_TRY(insert_open(fold, sweep, &open));
    nr_tally_decode(fold->incoming, words);
    if (!nr_tally_merge(open->tally, fold->incoming)) return out_of_range();
    open->done[part] = 1;
    open->n_done++;
    return close_sweeps(fold);
}

bool nr_fold_has(const nr_fold *fold, uint64_t unit) {
    uint64_t sweep = unit / fold->units_per_sweep;
    if (sweep < fold->complete) return true;
    const open_sweep *open = find_open(fold, sweep);
    return open && open->done[unit % fold->units_per_sweep];
}

uint64_t nr_fold_next_missing(const nr_fold *fold, uint64_t from) {
    uint64_t first = fold->complete * fold->units_per_sweep;
    uint64_t unit = from < first ? first : from;
    while (nr_fold_has(fold, unit)) unit++;
    return unit;
}

uint64_t nr_fold_units(const nr_fold *fold) {
    uint64_t units = fold->complete * fold->units_per_sweep;
    for (size_t k = 0; k < fold->n_open; k++) units += fold->open[k].n_done;
    return units;
}

uint64_t nr_fold_complete_sweeps(const nr_fold *fold) {
    return fold->complete;
}
uint64_t nr_fold_units_per_sweep(const nr_fold *fold) {
    return fold->units_per_sweep;
}

const nr_tally *nr_fold_result(const nr_fold *fold, uint64_t *sweeps) {
    *sweeps = fold->complete ? fold->complete : 1;
    if (fold->complete > 0 || fold->n_open == 0 || fold->open[0].sweep != 0)
        return fold->tally;
    return fold->open[0].tally;
}

/* ---- storing ---- */

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

nr_status nr_fold_restore_complete(nr_fold *fold, uint64_t sweeps,
                                   const uint64_t *words) {
    NR_ASSERT(fold->complete == 0 && fold->n_open == 0);
    fold->complete = sweeps;
    nr_tally_decode(fold->tally, words);
    return NR_OK;
}

nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               const uint64_t *words) {
    open_sweep *open;
    NR_ASSERT(sweep >= fold->complete && !find_open(fold, sweep));
    NR_TRY(insert_open(fold, sweep, &open));
    for (uint64_t u = 0; u < fold->units_per_sweep; u++) {
        open->done[u] = done[u] != 0;
        open->n_done += open->done[u];
    }
    nr_tally_decode(open->tally, words);
    return NR_OK;
}
