#include "neurank/estim/fold.h"

#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

typedef struct {
    uint64_t sweep, n_done;
    uint8_t *done; /* [units_per_sweep] */
    nr_tally *tally;
} open_sweep;

/* A block of an exact run of which pieces are missing. */
typedef struct {
    uint64_t block, n_done;
    nr_wide *shapley; /* [n_players] */
} begun_block;

struct nr_fold {
    nr_fold_spec spec;
    uint64_t complete;  /* sweeps */
    nr_tally *tally;    /* of the complete sweeps */
    nr_tally *incoming; /* scratch */
    open_sweep *open;   /* ascending */
    size_t n_open, capacity;
    begun_block *begun; /* ascending */
    size_t n_begun, begun_capacity;
    nr_fold_judge *judge;
    void *judge_self;
    bool ended;
};

nr_status nr_fold_new(const nr_fold_spec *spec, nr_fold **out) {
    nr_fold *fold;
    if (!NR_NEW(fold, 1)) return NR_ERR_INTERNAL;
    fold->spec = *spec;
    nr_status status = nr_tally_new(spec->n_players, spec->n_classes, &fold->tally);
    if (status == NR_OK)
        status = nr_tally_new(spec->n_players, spec->n_classes, &fold->incoming);
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

static void drop_open(nr_fold *fold) {
    for (size_t k = 0; k < fold->n_open; k++) open_free(&fold->open[k]);
    for (size_t k = 0; k < fold->n_begun; k++) free(fold->begun[k].shapley);
    fold->n_open = fold->n_begun = 0;
}

void nr_fold_free(nr_fold *fold) {
    if (!fold) return;
    drop_open(fold);
    free(fold->open);
    free(fold->begun);
    nr_tally_free(fold->tally);
    nr_tally_free(fold->incoming);
    free(fold);
}

const nr_fold_spec *nr_fold_get_spec(const nr_fold *fold) {
    return &fold->spec;
}

/* ---- open sweeps ---- */

static open_sweep *find_open(const nr_fold *fold, uint64_t sweep) {
    for (size_t k = 0; k < fold->n_open; k++)
        if (fold->open[k].sweep == sweep) return &fold->open[k];
    return NULL;
}

/* Makes room for a sweep at its place in the order; takes over `tally`. */
static nr_status insert_open(nr_fold *fold, uint64_t sweep, nr_tally *tally,
                             open_sweep **out) {
    open_sweep made = {.sweep = sweep, .tally = tally};
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

static nr_status new_open(nr_fold *fold, uint64_t sweep, open_sweep **out) {
    nr_tally *tally;
    NR_TRY(nr_tally_new(fold->spec.n_players, fold->spec.n_classes, &tally));
    return insert_open(fold, sweep, tally, out);
}

static nr_status out_of_range(void) {
    return nr_fail(NR_ERR_UNIT,
                   "the values of this game spread too widely: a sum of their "
                   "squares does not fit in 128 bits");
}

/* ---- begun blocks ---- */

static nr_status take_begun(nr_fold *fold, uint64_t block, size_t *out) {
    size_t place = 0;
    while (place < fold->n_begun && fold->begun[place].block < block) place++;
    *out = place;
    if (place < fold->n_begun && fold->begun[place].block == block) return NR_OK;
    begun_block made = {.block = block};
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
static nr_status add_piece(nr_fold *fold, open_sweep *open, uint64_t part) {
    size_t at;
    const nr_wide *share = nr_tally_sum(fold->incoming);
    if (fold->spec.pieces < 2) return NR_OK; /* whole blocks: squared already */
    NR_TRY(take_begun(fold, part / fold->spec.pieces, &at));
    begun_block *block = &fold->begun[at];
    for (size_t i = 0; i < fold->spec.n_players; i++)
        if (!nr_wide_add(&block->shapley[i], share[i])) return out_of_range();
    if (++block->n_done < fold->spec.pieces) return NR_OK;
    bool good = nr_tally_end_block(open->tally, block->shapley);
    free(block->shapley);
    fold->n_begun--;
    memmove(fold->begun + at, fold->begun + at + 1,
            (fold->n_begun - at) * sizeof *fold->begun);
    return good ? NR_OK : out_of_range();
}

/* ---- the judge ---- */

void nr_fold_set_judge(nr_fold *fold, nr_fold_judge *judge, void *self) {
    fold->judge = judge;
    fold->judge_self = self;
}

bool nr_fold_ended(const nr_fold *fold) {
    return fold->ended;
}

void nr_fold_ask(nr_fold *fold) {
    if (fold->complete == 0 || !fold->judge || fold->ended) return;
    if (!fold->judge(fold->judge_self, fold)) return;
    fold->ended = true;
    drop_open(fold);
}

/* Moves sweeps that are whole, in order, into the complete ones. */
static nr_status close_sweeps(nr_fold *fold) {
    while (fold->n_open > 0 && fold->open[0].sweep == fold->complete &&
           fold->open[0].n_done == fold->spec.units_per_sweep) {
        if (!nr_tally_merge(fold->tally, fold->open[0].tally)) return out_of_range();
        open_free(&fold->open[0]);
        fold->n_open--;
        memmove(fold->open, fold->open + 1, fold->n_open * sizeof *fold->open);
        fold->complete++;
        nr_fold_ask(fold);
    }
    return NR_OK;
}

/* ---- units ---- */

nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words, size_t n,
                         size_t *used) {
    uint64_t sweep = unit / fold->spec.units_per_sweep;
    uint64_t part = unit % fold->spec.units_per_sweep;
    open_sweep *open = find_open(fold, sweep);
    *used = nr_tally_decode(fold->incoming, words, n);
    NR_REQUIRE(*used > 0, NR_ERR_INTERNAL, "unit %llu has no tally",
               (unsigned long long)unit);
    if (fold->ended) return NR_OK;
    NR_REQUIRE(!nr_fold_has(fold, unit), NR_ERR_INTERNAL,
               "unit %llu was finished twice", (unsigned long long)unit);
    if (!open) NR_TRY(new_open(fold, sweep, &open));
    if (!nr_tally_merge(open->tally, fold->incoming)) return out_of_range();
    NR_TRY(add_piece(fold, open, part));
    open->done[part] = 1;
    open->n_done++;
    return close_sweeps(fold);
}

bool nr_fold_has(const nr_fold *fold, uint64_t unit) {
    uint64_t sweep = unit / fold->spec.units_per_sweep;
    if (sweep < fold->complete) return true;
    const open_sweep *open = find_open(fold, sweep);
    return open && open->done[unit % fold->spec.units_per_sweep];
}

uint64_t nr_fold_units(const nr_fold *fold) {
    uint64_t units = fold->complete * fold->spec.units_per_sweep;
    for (size_t k = 0; k < fold->n_open; k++) units += fold->open[k].n_done;
    return units;
}

uint64_t nr_fold_complete_sweeps(const nr_fold *fold) {
    return fold->complete;
}
uint64_t nr_fold_units_per_sweep(const nr_fold *fold) {
    return fold->spec.units_per_sweep;
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

size_t nr_fold_begun_count(const nr_fold *fold) {
    return fold->n_begun;
}

void nr_fold_begun_get(const nr_fold *fold, size_t k, uint64_t *block,
                       const nr_wide **shapley) {
    *block = fold->begun[k].block;
    *shapley = fold->begun[k].shapley;
}

bool nr_fold_restore_complete(nr_fold *fold, uint64_t sweeps, const uint64_t *words,
                              size_t n) {
    NR_ASSERT(fold->complete == 0 && fold->n_open == 0);
    fold->complete = sweeps;
    return nr_tally_decode(fold->tally, words, n) == n;
}

nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               nr_tally **tally) {
    open_sweep *open;
    NR_ASSERT(sweep >= fold->complete && !find_open(fold, sweep));
    NR_TRY(new_open(fold, sweep, &open));
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
    NR_TRY(take_begun(fold, block, &at));
    memcpy(fold->begun[at].shapley, shapley, fold->spec.n_players * sizeof *shapley);
    fold->begun[at].n_done = 0;
    for (uint64_t u = first; u < first + fold->spec.pieces; u++)
        fold->begun[at].n_done += nr_fold_has(fold, u);
    return NR_OK;
}
