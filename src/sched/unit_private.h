/* What the two kinds of units share. */
#ifndef NEURANK_SCHED_UNIT_PRIVATE_H
#define NEURANK_SCHED_UNIT_PRIVATE_H

#include "neurank/sched/unit.h"

enum { PAIRS = 2 };

/* A block's enumeration under way: sums of coalition values by size. With A_i(s) over
 * the coalitions of size s that have player i, and B(s) over all of size s,
 *   phi_i = sum_s  w(s - 1) A_i(s) - w(s) (B(s) - A_i(s)),  w(s) = s!(m - s - 1)! / m!
 * over the m players that are live on the block. */
typedef struct {
    uint32_t *players; /* [n] the live ones */
    size_t n_live;
    uint64_t next, end; /* coalition numbers of the piece */
    nr_wide *with;      /* [n, n + 1] A_i(s) */
    nr_wide *all;       /* [n + 1] B(s) */
    nr_wide *shapley;   /* [n] */
    int64_t *values;
    uint8_t *kept;
    bool open;
} enumeration;

/* A draw of thinned walks under way (unit_odd.c). */
enum { NR_ODD_BATCH = 32 }; /* permutations evaluated together */

typedef struct {
    uint64_t block;
    uint32_t *players; /* [n] the live ones */
    size_t n_live;
    const bool *live; /* [n] */
    bool *everybody;  /* [n] all true, for games that do not say */
    double *below;    /* [n + 1] */
    double variance;  /* of membership: c */
    double *sum;      /* [n] of the live ones, in their order */
    uint8_t *kept;    /* [rows, n] a prefix, its complement, ... */
    int64_t *values;  /* [rows] */
    size_t *sizes;    /* [rows / 2] */
} thinned;

struct nr_unit_runner {
    nr_unit_spec spec;
    nr_unit unit;
    uint64_t at; /* next block of the unit */
    nr_tally *tally;
    nr_block_ends ends;
    uint32_t *permutation;        /* [n] */
    uint32_t *players;            /* [n] the live ones */
    int64_t *marginals[PAIRS][2]; /* forward, reverse: [n] */
    enumeration exact;
    thinned odd;
    int64_t *rows; /* [blocks of a unit, n] values by image; NULL: not wanted */
};

/* Both play what nr_unit_step says; *block_done after the last of the block. */
nr_status nr_unit_step_pairs(nr_unit_runner *runner, bool *block_done);
nr_status nr_unit_step_exact(nr_unit_runner *runner, bool *block_done);

/* Fills the marginals of the open block's visit: forward is twice the estimate, reverse
 * zero, so that their sums are those of a pair of walks. */
nr_status nr_unit_play_odd(nr_unit_runner *runner, uint64_t block,
                           uint64_t *coalition_images);
nr_status nr_unit_odd_new(nr_unit_runner *runner);
void nr_unit_odd_free(nr_unit_runner *runner);

nr_status nr_unit_exact_new(nr_unit_runner *runner);
void nr_unit_exact_free(nr_unit_runner *runner);

/* A sum that does not fit. */
nr_status nr_unit_out_of_range(uint64_t block);

#endif
