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

struct nr_unit_runner {
    nr_unit_spec spec;
    nr_unit unit;
    uint64_t at; /* next block of the unit */
    nr_tally *tally;
    nr_block_ends ends;
    uint32_t *permutation;        /* [n] */
    int64_t *marginals[PAIRS][2]; /* forward, reverse: [n] */
    enumeration exact;
    int64_t *rows; /* [blocks of a unit, n] values by image; NULL: not wanted */
};

/* Both play what nr_unit_step says; *block_done after the last of the block. */
nr_status nr_unit_step_pairs(nr_unit_runner *runner, bool *block_done);
nr_status nr_unit_step_exact(nr_unit_runner *runner, bool *block_done);

nr_status nr_unit_exact_new(nr_unit_runner *runner);
void nr_unit_exact_free(nr_unit_runner *runner);

/* A sum that does not fit. */
nr_status nr_unit_out_of_range(uint64_t block);

#endif
