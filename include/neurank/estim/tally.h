/* Exact sums over finished work.
 *
 * Values are integers (base/quantum.h) and so are all sums here, 128 bits wide: tallies
 * merge in any order to the same bits, and the Shapley values sum to value_full -
 * value_empty without a rounding error.
 *
 * A block visit plays two independent pairs (a walk and its reverse) on one block of
 * images. With f and r the marginals of a player in a walk and in its reverse, summed
 * over the block's images, pair j gives p_j = f + r and q_j = f - r. A tally holds, for
 * each player,
 *
 *   sum     p_0 + p_1                 the estimate
 *   within  (p_0 - p_1)^2             its variance for these images
 *   within2 ((p_0 - p_1)^2)^2         how many samples carry that variance
 *   odd     (q_0 - q_1)^2             what the reversed walks save
 *   total   (p_0 + p_1)^2             variance between images
 *   largest max |p_0 - p_1|
 */
#ifndef NEURANK_ESTIM_TALLY_H
#define NEURANK_ESTIM_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct nr_tally nr_tally;

nr_status nr_tally_new(size_t n_players, nr_tally **out);
void nr_tally_free(nr_tally *tally);
void nr_tally_clear(nr_tally *tally);
size_t nr_tally_players(const nr_tally *tally);

typedef struct {
    const int64_t *forward[2], *reverse[2]; /* [n_players] marginals of the two pairs */
    int64_t value_full, value_empty;        /* summed over the block's images */
    uint32_t images;                        /* of the block */
    uint64_t coalition_images;              /* (coalition, image) pairs evaluated */
} nr_visit;

/* Adds one visit. False when a sum would leave its range; the tally is then spoilt. */
bool nr_tally_add(nr_tally *tally, const nr_visit *visit);
bool nr_tally_merge(nr_tally *into, const nr_tally *from);

/* ---- moving and storing: rows of 64-bit words ---- */
/* Per-player words: NR_TALLY_WORDS rows of n_players, low word of each sum first. */
enum { NR_TALLY_WORDS = 11, NR_TALLY_COUNTS = 7 };
/* Words in all: NR_TALLY_WORDS * n_players + NR_TALLY_COUNTS. */
size_t nr_tally_words(size_t n_players);
void nr_tally_encode(const nr_tally *tally, uint64_t *words);
void nr_tally_decode(nr_tally *tally, const uint64_t *words);

/* ---- reading ---- */
uint64_t nr_tally_visits(const nr_tally *tally);
uint64_t nr_tally_images(const nr_tally *tally); /* image visits */
uint64_t nr_tally_coalition_images(const nr_tally *tally);
double
nr_tally_value_full(const nr_tally *tally); /* mean an image; NAN without visits */
double nr_tally_value_empty(const nr_tally *tally);

/* Do the marginals sum to value_full - value_empty, as those of whole walks must? */
bool nr_tally_telescopes(const nr_tally *tally);

typedef struct {
    double shapley;
    double variance;      /* of the estimate, for these images */
    double population;    /* of the estimate, for images drawn like these */
    double freedom;       /* degrees of freedom of `variance` */
    double antithetic;    /* variance of pairs over that of independent walks */
    double largest_share; /* of one visit in the sum of squares behind `variance` */
    bool dead;            /* no marginal ever differed from zero */
} nr_player_estimate;

/* sweeps: how often each block was visited (1 while the first sweep is under way) */
nr_player_estimate nr_tally_estimate(const nr_tally *tally, size_t player,
                                     uint64_t sweeps);

#endif
