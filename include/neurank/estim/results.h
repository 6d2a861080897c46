/* API. From exact sums to the numbers people read.
 *
 * Two intervals around every Shapley value, each per filter and for all filters
 * together (joint, by Bonferroni):
 *
 *   images      for exactly these evaluation images: only the choice of permutations is
 *               random. Its variance comes from the two independent pairs of each
 *               visit. An exact run has no such error.
 *   population  for the population these images were drawn from at random: the
 *               variance between images over their number is added.
 *
 * A filter is `dead` when keeping it changes nothing on any image: 0, known exactly. It
 * is `unreliable` when the events behind its interval are too few: one group of visits
 * carries more than a quarter of the squares, or all samples agree although the filter
 * is not dead. Its interval is then at least what the score's range allows to events
 * that were too rare to be seen. Where the range is not known, samples that all agree
 * are given the range of the other filters, and few events no more than Student's t.
 *
 * Ranks: filters by value, 0 first. rank_low and rank_high are the best and the worst
 * place that the joint intervals allow. A tie group is the smallest set of neighbours
 * in this order that the joint intervals separate from all others: all filters of group
 * g are certainly better than those of group g + 1. */
#ifndef NEURANK_ESTIM_RESULTS_H
#define NEURANK_ESTIM_RESULTS_H

#include "neurank/estim/fold.h"
#include "neurank/estim/interval.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool exact; /* all coalitions: no errors, one sweep */
    size_t n;   /* players; every array is [n], NAN where nothing is known */
    double *shapley, *std_error;
    double *ci_low, *ci_high, *joint_low, *joint_high;
    double *population_error, *population_low, *population_high;
    double *population_joint_low, *population_joint_high;
    double *freedom, *antithetic, *strata;
    uint8_t *dead, *unreliable;
    uint32_t *rank, *rank_low, *rank_high; /* from 0 */
    uint32_t *group;                       /* tie group, from 0 */
    double value_full, value_empty;
    uint64_t sweeps;  /* complete ones */
    double seen;      /* sweeps behind the estimate, a part of one before the first */
    uint64_t visits;  /* of blocks, behind the estimate */
    uint64_t samples; /* independent ones: groups of visits; images of an exact run */
    uint64_t walks, coalition_images;
} nr_results;

/* Of what the fold holds now; it and the spec are not kept. NR_ERR_INTERNAL: no
 * memory. */
nr_status nr_results_new(const nr_fold *fold, const nr_interval_spec *spec,
                         nr_results **out);
void nr_results_free(nr_results *results);

/* Half of the widest joint interval, in the metric's unit; NAN if one is not known. */
double nr_results_widest(const nr_results *results);

enum { NR_WALKS_PER_VISIT = 4 };

#ifdef __cplusplus
}
#endif

#endif
