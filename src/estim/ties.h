/* Order, possible places and tie groups from values and joint intervals. */
#ifndef NEURANK_ESTIM_TIES_H
#define NEURANK_ESTIM_TIES_H

#include "neurank/estim/results.h"

/* Fills rank, rank_low, rank_high and group. */
nr_status nr_ties_fill(nr_results *r);

#endif
