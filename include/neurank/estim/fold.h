/* The ledger of finished units and what they add up to.
 *
 *   unit:      0 1 2 3 | 4 5 6 7 | 8 9 10 11 | ...
 *   sweep:        0    |    1    |     2
 *              complete   open: 4 6    open: 8
 *
 * Complete sweeps, from the first on, are one tally: the estimate. Open sweeps keep a
 * tally each, with the set of their finished units. Units are accepted in any order,
 * once each; tallies are exact, so the order leaves no trace. While not even the first
 * sweep is complete, its open tally is the estimate: blocks come in random order.
 *
 * Sweeps are completed in order, and after each one a judge may say that the run ends
 * there. Everything behind that sweep is dropped, so a run ends at the same unit
 * whoever was fast: what the judge sees depends on the numbers of units alone.
 *
 * In an exact run there is one sweep, and `pieces` consecutive units enumerate one
 * block. The shares of a block that is not complete are kept apart, because its Shapley
 * values are squared when they are known. */
#ifndef NEURANK_ESTIM_FOLD_H
#define NEURANK_ESTIM_FOLD_H

#include "neurank/estim/tally.h"

typedef struct nr_fold nr_fold;

typedef struct {
    size_t n_players, n_classes; /* n_classes 0: not by class */
    uint64_t units_per_sweep, n_blocks;
    uint64_t pieces; /* units of a block in an exact run; 0: a sampled run */
    bool odd;        /* sampled by the odd estimator, which walks no walk */
} nr_fold_spec;

nr_status nr_fold_new(const nr_fold_spec *spec, nr_fold **out);
void nr_fold_free(nr_fold *fold);
const nr_fold_spec *nr_fold_get_spec(const nr_fold *fold);

/* Asked after every sweep that completes: does the run end here? */
typedef bool nr_fold_judge(void *self, const nr_fold *fold);
void nr_fold_set_judge(nr_fold *fold, nr_fold_judge *judge, void *self);
/* The judge said so. Units that come later are dropped. */
bool nr_fold_ended(const nr_fold *fold);
/* Asks the judge about what is there already. */
void nr_fold_ask(nr_fold *fold);

/* Adds one unit's result, n words from the encoded tally on; *used of them are the
 * tally's. Refuses a unit that is there and words that are no tally. */
nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words, size_t n,
                         size_t *used);

bool nr_fold_has(const nr_fold *fold, uint64_t unit);
uint64_t nr_fold_units(const nr_fold *fold); /* how many are there */
uint64_t nr_fold_complete_sweeps(const nr_fold *fold);
uint64_t nr_fold_units_per_sweep(const nr_fold *fold);

/* The estimate's tally; *sweeps as nr_tally_estimate wants it. */
const nr_tally *nr_fold_result(const nr_fold *fold, uint64_t *sweeps);

/* ---- storing ---- */
/* Open sweeps: how many, and of each its number, its set of units as bytes of 0 and 1
 * [units_per_sweep], and its tally. */
size_t nr_fold_open_count(const nr_fold *fold);
void nr_fold_open_get(const nr_fold *fold, size_t k, uint64_t *sweep,
                      const uint8_t **done, const nr_tally **tally);
const nr_tally *nr_fold_complete_tally(const nr_fold *fold);
/* Blocks of an exact run of which some pieces are there: how many, and of each its
 * number and what they sum to [n_players]. */
size_t nr_fold_begun_count(const nr_fold *fold);
void nr_fold_begun_get(const nr_fold *fold, size_t k, uint64_t *block,
                       const nr_wide **shapley);
/* Fills an empty fold from what was stored. False: these are no tally's words. */
bool nr_fold_restore_complete(nr_fold *fold, uint64_t sweeps, const uint64_t *words,
                              size_t n);
/* *tally, borrowed, is to be filled by the caller. */
nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               nr_tally **tally);
/* After the open sweep that the block belongs to. */
nr_status nr_fold_restore_begun(nr_fold *fold, uint64_t block, const nr_wide *shapley);

#endif
