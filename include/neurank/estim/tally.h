/* API. Exact sums over finished work.
 *
 * Values are integers (base/quantum.h) and so are all sums here, 128 bits wide: tallies
 * merge in any order to the same bits, and the Shapley values sum to value_full -
 * value_empty without a rounding error.
 *
 * Sampling: a block visit plays two independent pairs (a walk and its reverse) on one
 * block of images. With f and r the marginals of a player in a walk and in its reverse,
 * summed over the block's images, pair j gives p_j = f + r and q_j = f - r. The visits
 * of one stratification group (sample/permutation.h) are dependent, but the first pairs
 * of a group and its second pairs are two independent repetitions of the same
 * experiment. So the group, not the visit, is the sample: with g_j the sum of p_j over
 * the group, (g_0 - g_1)^2 estimates the variance of g_0 + g_1 without bias, whatever
 * the strata save. A tally holds, for each player,
 *
 *   sum      p_0 + p_1, and from it the estimate; in the fine unit, times 1/4
 *   within   (g_0 - g_1)^2             its variance for these images
 *   within2  ((g_0 - g_1)^2)^2         how many samples carry that variance
 *   visit    (p_0 - p_1)^2             `within` if visits were independent
 *   odd      (q_0 - q_1)^2             with `visit`: what the reversed walks save
 *   total    (p_0 + p_1)^2             variance between images
 *   total3   (p_0 + p_1)^3             how many images carry that variance
 *   total4   (p_0 + p_1)^4
 *   largest  max |g_0 - g_1|
 *   live     visits in which keeping the player changed anything at all
 *
 * Exact runs add Shapley values of single images instead; only sum, total, total3,
 * total4 and live are then of use. */
#ifndef NEURANK_ESTIM_TALLY_H
#define NEURANK_ESTIM_TALLY_H

#include <stddef.h>

#include "neurank/base/status.h"
#include "neurank/base/wide.h"
#include "neurank/estim/class_sums.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nr_tally nr_tally;

/* new: of no visits; n_classes: 0 unless sums by class are wanted. NR_ERR_INTERNAL: no
 * memory. clear: of no visits again. players: how many. */
nr_status nr_tally_new(size_t n_players, size_t n_classes, nr_tally **out);
void nr_tally_free(nr_tally *tally);
void nr_tally_clear(nr_tally *tally);
size_t nr_tally_players(const nr_tally *tally);

typedef struct {
    const int64_t *forward[2], *reverse[2]; /* [n_players] marginals of the two pairs */
    const bool *live;                       /* [n_players]; NULL: all */
    int64_t value_full, value_empty;        /* summed over the block's images */
    uint32_t images;                        /* of the block */
    uint32_t label;                         /* class of its images; NR_NO_CLASS */
    uint64_t coalition_images;              /* (coalition, image) pairs evaluated */
} nr_visit;

/* Adds one visit to the open group. False when a sum would leave its range; the tally
 * is then spoilt, here and below. */
bool nr_tally_add(nr_tally *tally, const nr_visit *visit);
/* The group is complete. Before encoding, merging or reading. */
bool nr_tally_end_group(nr_tally *tally);

/* One piece of a block's enumeration. */
typedef struct {
    const nr_wide *shapley; /* [n_players] the piece's share, in the fine unit */
    const bool *live;
    int64_t value_full, value_empty;
    uint32_t images; /* of the block in its first piece, else 0 */
    uint32_t label;
    uint64_t coalition_images;
} nr_share;

/* Adds it; false as above. */
bool nr_tally_add_share(nr_tally *tally, const nr_share *share);
/* The block's shares are all there, and sum to `shapley`. */
bool nr_tally_end_block(nr_tally *tally, const nr_wide *shapley);

/* Adds all of `from`, or makes `to` what it is. Both of the same players and classes,
 * or into one without classes; no group is open. NR_ERR_INTERNAL: no memory; `to` is
 * spoilt then. */
bool nr_tally_merge(nr_tally *into, const nr_tally *from);
nr_status nr_tally_copy(const nr_tally *from, nr_tally *to);

/* ---- moving and storing: rows of 64-bit words ---- */
/* Per-player words: NR_TALLY_WORDS rows of n_players. */
enum { NR_TALLY_WORDS = 18, NR_TALLY_COUNTS = 8 };
/* Words of an encoded tally that holds n_present of its classes: NR_TALLY_WORDS *
 * n_players + NR_TALLY_COUNTS, then the classes. */
size_t nr_tally_words(size_t n_players, size_t n_classes, size_t n_present);
/* Words written. */
size_t nr_tally_encode(const nr_tally *tally, uint64_t *words);
/* The same without the classes: nr_tally_words(n_players, 0, 0) words. */
size_t nr_tally_encode_plain(const nr_tally *tally, uint64_t *words);
/* Words read, of at most `n`; 0: these are not those of such a tally, or no memory. */
size_t nr_tally_decode(nr_tally *tally, const uint64_t *words, size_t n);

/* ---- reading ---- */
/* Of all that was added. */
uint64_t nr_tally_visits(const nr_tally *tally);
uint64_t nr_tally_groups(const nr_tally *tally);
uint64_t nr_tally_images(const nr_tally *tally); /* image visits */
uint64_t nr_tally_coalition_images(const nr_tally *tally);
/* Mean an image; NAN without visits. */
double nr_tally_value_full(const nr_tally *tally);
double nr_tally_value_empty(const nr_tally *tally);
/* The tally's. */
const nr_wide *nr_tally_sum(const nr_tally *tally);     /* [n_players] fine unit */
nr_class_sums *nr_tally_classes(const nr_tally *tally); /* NULL: not by class */

/* Do the sums of all players add up to value_full - value_empty, as those of whole
 * walks must? slack: how far the rounding of shares may lead away, in the fine unit. */
bool nr_tally_telescopes(const nr_tally *tally, uint64_t slack);

typedef struct {
    double shapley;
    double variance; /* of the estimate, for these images */
    double between;  /* what images drawn like these add to it */
    double freedom;  /* degrees of freedom of `variance` */
    double between_freedom;
    double antithetic;    /* variance of pairs over that of independent walks */
    double strata;        /* variance over that without stratified keys */
    double largest_share; /* of one group in the sum of squares behind `variance` */
    double reach; /* no visit of a block had a larger |mean marginal| an image */
    bool live;    /* keeping the player changed something on some block */
    bool moved;   /* some marginal differed from zero */
} nr_player_estimate;

/* sweeps: how often each block was visited (1 while the first sweep is under way) */
nr_player_estimate nr_tally_estimate(const nr_tally *tally, size_t player,
                                     uint64_t sweeps);

#ifdef __cplusplus
}
#endif

#endif
