/* What the importance switch says of each filter: its posterior is Dirichlet(phi), so
 * s_j is Beta(phi_j, sum phi - phi_j). Credible intervals have equal tails, each by
 * itself and for all filters together (Bonferroni); places and tie groups follow from
 * the joint ones as they do for Shapley values (estim/results.h). */
#ifndef NEURANK_ESTIM_POSTERIOR_H
#define NEURANK_ESTIM_POSTERIOR_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef struct {
    size_t n; /* filters; every array is [n] */
    double *phi, *mean, *std_dev;
    double *ci_low, *ci_high, *joint_low, *joint_high;
    uint32_t *rank, *rank_low, *rank_high, *group; /* from 0 */
} nr_posterior;

/* From ln_phi [n], which is not kept. confidence: below 1, of each interval, or of all
 * joint ones at once. NR_ERR_INTERNAL: no memory. */
nr_status nr_posterior_new(size_t n, const double *ln_phi, double confidence,
                           nr_posterior **out);
void nr_posterior_free(nr_posterior *posterior);

#endif
