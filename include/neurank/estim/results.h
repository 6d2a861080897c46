/* From exact sums to the numbers people read.
 *
 * Two intervals, both Student's t around the Shapley value:
 *
 *   images      for exactly these evaluation images: only the choice of permutations is
 *               random. Its variance comes from the two independent pairs of each
 * visit. population  for the population these images were drawn from at random: the
 * variance between images over their number is added.
 *
 * A filter is `unreliable` when the events behind its interval are too few: one visit
 * carries more than a quarter of the squares, or there are none though the filter is
 * not dead. A `dead` filter never changed a value: 0, with an interval of zero width.
 */
#ifndef NEURANK_ESTIM_RESULTS_H
#define NEURANK_ESTIM_RESULTS_H

#include "neurank/estim/fold.h"

typedef struct {
    size_t n; /* players; every array is [n], NAN where nothing is known */
    double *shapley;
    double *std_error, *ci_low, *ci_high;
    double *population_error, *population_low, *population_high;
    double *freedom, *antithetic;
    uint8_t *dead, *unreliable;
    uint32_t *rank; /* 0: the largest value; equal values in order of filter */
    double value_full, value_empty;
    uint64_t sweeps; /* complete ones */
    uint64_t visits; /* of blocks, behind the estimate */
    uint64_t walks, coalition_images;
} nr_results;

nr_status nr_results_new(const nr_fold *fold, double confidence, nr_results **out);
void nr_results_free(nr_results *results);

enum { NR_WALKS_PER_VISIT = 4 };

#endif
