/* The ledger of finished units and what they add up to.
 *
 *   unit:      0 1 2 3 | 4 5 6 7 | 8 9 10 11 | ...
 *   sweep:        0    |    1    |     2
 *              complete   open: 4 6    open: 8
 *
 * Complete sweeps, from the first on, are one tally: the estimate. Open sweeps keep a
 * tally each, with the set of their finished units. Units are accepted in any order,
 * once each; tallies are exact, so the order leaves no trace. While not even the first
 * sweep is complete, its open tally is the estimate: blocks come in random order. */
#ifndef NEURANK_ESTIM_FOLD_H
#define NEURANK_ESTIM_FOLD_H

#include "neurank/estim/tally.h"

typedef struct nr_fold nr_fold;

nr_status nr_fold_new(size_t n_players, uint64_t units_per_sweep, nr_fold **out);
void nr_fold_free(nr_fold *fold);

/* Adds the tally of one unit, encoded (nr_tally_encode). Refuses a unit that is there.
 */
nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words);

bool nr_fold_has(const nr_fold *fold, uint64_t unit);
/* The first unit at or behind `from` that is not there. */
uint64_t nr_fold_next_missing(const nr_fold *fold, uint64_t from);
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
/* Fills an empty fold from what was stored. */
nr_status nr_fold_restore_complete(nr_fold *fold, uint64_t sweeps,
                                   const uint64_t *words);
nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               const uint64_t *words);

#endif
