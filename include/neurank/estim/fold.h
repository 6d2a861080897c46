/* API. The ledger of finished units and what they add up to.
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
 * Shards. Sweeps are dealt to k shards in turn: sweep s is one of lane s % k, and the
 * ledger of a shard has finished sweeps of its own lane only. Ledgers of other lanes
 * are joined by adding what they hold. Where lanes are not equally far, the ledger
 * keeps how many sweeps each has; once they make up the first sweeps without a gap,
 * they are forgotten, and nothing tells the ledger from one that was never in shards.
 *
 * How far a run was after fewer sweeps. The complete tally is the sum of stages: the
 * sweeps below 1, 2, 3, 4, 6, 8, 12, 16, ... that are not below the number before. A
 * stage is as exact and as indifferent to order as the rest, so that a joined run can
 * tell what its intervals were at every such number, as one run can.
 *
 * In an exact run there is one sweep, and `pieces` consecutive units enumerate one
 * block. The shares of a block that is not complete are kept apart, because its Shapley
 * values are squared when they are known.
 *
 * Failures: NR_ERR_INTERNAL, no memory; where sums are added NR_ERR_UNIT, one leaves
 * 128 bits. After a failure of what changes a fold, the fold is spoilt: good for
 * nr_fold_free only, unless something else is said. */
#ifndef NEURANK_ESTIM_FOLD_H
#define NEURANK_ESTIM_FOLD_H

#include "neurank/estim/estimator.h"
#include "neurank/estim/tally.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nr_fold nr_fold;

typedef struct {
    size_t n_players, n_classes; /* n_classes 0: not by class */
    uint64_t units_per_sweep, n_blocks;
    nr_estimator_kind estimator;
    uint64_t pieces; /* units of a block in an exact run, else 0 */
    uint64_t lanes;  /* > 0: a shard's ledger, */
    uint64_t lane;   /* with the sweeps lane, lane + lanes, lane + 2 lanes, ... */
} nr_fold_spec;

/* new: of no units; spec is copied. get_spec: the copy, the fold's. */
nr_status nr_fold_new(const nr_fold_spec *spec, nr_fold **out);
void nr_fold_free(nr_fold *fold);
const nr_fold_spec *nr_fold_get_spec(const nr_fold *fold);
/* Does one sweep enumerate all coalitions? */
bool nr_fold_is_exact(const nr_fold *fold);

/* Asked after every sweep that completes: does the run end here? self is borrowed. */
typedef bool nr_fold_judge(void *self, const nr_fold *fold);
void nr_fold_set_judge(nr_fold *fold, nr_fold_judge *judge, void *self);
/* The judge said so. Units that come later are dropped. */
bool nr_fold_ended(const nr_fold *fold);
/* Asks the judge about what is there already. */
void nr_fold_ask(nr_fold *fold);

/* Adds one unit's result, n words from the encoded tally on; *used of them are the
 * tally's. NR_ERR_INTERNAL: the unit is there already, or the words are no tally; the
 * fold is as it was. Where the run has ended the unit is dropped, which is no
 * failure. */
nr_status nr_fold_accept(nr_fold *fold, uint64_t unit, const uint64_t *words, size_t n,
                         size_t *used);

/* has: is the unit there, in an open sweep or a complete one? The others: how much is
 * there, is a sweep complete, how many units one has. */
bool nr_fold_has(const nr_fold *fold, uint64_t unit);
uint64_t nr_fold_units(const nr_fold *fold);           /* how many are there */
uint64_t nr_fold_complete_sweeps(const nr_fold *fold); /* how many, of all lanes */
bool nr_fold_sweep_is_complete(const nr_fold *fold, uint64_t sweep);
uint64_t nr_fold_units_per_sweep(const nr_fold *fold);

/* Sweeps to be done: the first that is not complete, then every step-th; some of those
 * may be complete. */
uint64_t nr_fold_first_sweep(const nr_fold *fold);
uint64_t nr_fold_step(const nr_fold *fold);
/* Behind the last sweep that is complete. */
uint64_t nr_fold_end_sweep(const nr_fold *fold);

/* How many of the sweeps below `sweeps` are this ledger's to do. */
uint64_t nr_fold_share(const nr_fold_spec *spec, uint64_t sweeps);

/* The estimate's tally, the fold's, until that changes; *sweeps as nr_tally_estimate
 * wants it. */
const nr_tally *nr_fold_result(const nr_fold *fold, uint64_t *sweeps);

/* ---- storing ---- */
/* What is handed out here is the fold's, until that changes. */
/* Open sweeps: how many, and of each its number, its set of units as bytes of 0 and 1
 * [units_per_sweep], and its tally. */
size_t nr_fold_open_count(const nr_fold *fold);
void nr_fold_open_get(const nr_fold *fold, size_t k, uint64_t *sweep,
                      const uint8_t **done, const nr_tally **tally);
/* Of all complete sweeps. */
const nr_tally *nr_fold_complete_tally(const nr_fold *fold);
/* Blocks of an exact run of which some pieces are there: how many, and of each its
 * number and what they sum to [n_players]. */
size_t nr_fold_begun_count(const nr_fold *fold);
void nr_fold_begun_get(const nr_fold *fold, size_t k, uint64_t *block,
                       const nr_wide **shapley);
/* Complete sweeps of each lane, [lanes]; one lane unless some are ahead. */
size_t nr_fold_lanes(const nr_fold *fold);
const uint64_t *nr_fold_lane_sweeps(const nr_fold *fold);
/* Stages: how many, where each ends (behind which sweep), and its tally, which is
 * without classes. */
enum { NR_FOLD_STAGES_MAX = 64 };
size_t nr_fold_stages(const nr_fold *fold);
uint64_t nr_fold_stage_end(size_t stage);
const nr_tally *nr_fold_stage(const nr_fold *fold, size_t stage);

/* Fills an empty fold from what was stored; lane_sweeps [lanes]. NR_ERR_INPUT without a
 * message: these are no tally's words, or no lanes of such a fold. */
nr_status nr_fold_restore_complete(nr_fold *fold, const uint64_t *lane_sweeps,
                                   size_t lanes, const uint64_t *words, size_t n);
/* After the complete ones. done [units_per_sweep] is copied; *tally, the fold's, is to
 * be filled by the caller. */
nr_status nr_fold_restore_open(nr_fold *fold, uint64_t sweep, const uint8_t *done,
                               nr_tally **tally);
/* After the complete sweeps, in order; words [n] of a tally without classes.
 * NR_ERR_INPUT without a message: they are none. */
nr_status nr_fold_restore_stage(nr_fold *fold, const uint64_t *words, size_t n);
/* *good: are the stages those of the complete sweeps, and do they add up to them? */
nr_status nr_fold_check_stages(const nr_fold *fold, bool *good);
/* After the open sweep that the block belongs to. shapley [n_players] is copied. */
nr_status nr_fold_restore_begun(nr_fold *fold, uint64_t block, const nr_wide *shapley);

/* ---- copies and sums ---- */
/* *copy becomes what `from` is, but for its judge: made if it is NULL, else one made
 * before of the same fold, whose memory is used again. After a failure one that was
 * there is spoilt, but still the caller's. */
nr_status nr_fold_copy(const nr_fold *from, nr_fold **copy);

/* The ledger as it was when all its sweeps before the end of a stage were complete and
 * no other ones, without classes; the caller's; NULL if it has not all of them. Sampled
 * runs only. */
nr_status nr_fold_at_stage(const nr_fold *fold, size_t stage, nr_fold **out);

/* Does a unit stand in both? *unit is one of them. Sampled runs only. */
bool nr_fold_overlap(const nr_fold *a, const nr_fold *b, uint64_t *unit);
/* Adds all that `from` holds to a fold that is no shard's; they do not overlap, and
 * their numbers of lanes are equal or 1. Sampled runs only. */
nr_status nr_fold_join(nr_fold *fold, const nr_fold *from);

#ifdef __cplusplus
}
#endif

#endif
