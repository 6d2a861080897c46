/* Order, possible places and tie groups from values and joint intervals. */
#ifndef NEURANK_ESTIM_TIES_H
#define NEURANK_ESTIM_TIES_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* All [n] and borrowed; the places are filled. */
typedef struct {
    size_t n;
    const double *values, *joint_low, *joint_high;
    uint32_t *rank, *rank_low, *rank_high, *group; /* estim/results.h */
} nr_places;

nr_status nr_ties_fill(const nr_places *p);

#endif
