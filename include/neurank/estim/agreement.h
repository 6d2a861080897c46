/* How far two methods agree on the ranks of a layer's filters.
 *
 *   spearman   correlation of mid-ranks
 *   kendall    tau-b
 *   overlap    of the two sets of the k best, over k; where values are equal at the
 *              edge of a set, the mean over their random orders
 *
 * Values that are estimates (Shapley values by sampling) have errors, and errors make
 * any two rankings look less alike than they are. The interval, for the agreement of
 * the values without errors, therefore joins two ends: below, what is seen when the
 * errors are added once more (a quantile over replicates); above, the same divided by
 * A^2, where A is the mean agreement of such an estimate with its truth, from
 * replicates of what the values may be without errors: a mixture of normals, fitted to
 * all estimates and their errors (empirical Bayes). For the overlap this is done to
 * what it has beyond chance, k / n. It is wider than it had to be: 95% intervals cover
 * 95.5% and more, wherever it was tried (tests/unit/estim/test_agreement.c).
 *
 * Weighed: quantiles of replicates alone (biased twice, so they cover nothing where the
 * agreement is high), draws of the values from their posterior (they forget that the
 * other ranking knows them, too), Fisher's z (takes the filters for a sample of
 * filters, which they are not), a single normal instead of the mixture (88% where few
 * filters have most of the value). */
#ifndef NEURANK_ESTIM_AGREEMENT_H
#define NEURANK_ESTIM_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

typedef enum {
    NR_SPEARMAN,
    NR_KENDALL,
    NR_OVERLAP,
    NR_AGREEMENT_MEASURES
} nr_agreement_measure;

/* Of a, b [n], finite: the correlation of mid-ranks; tau-b (Kendall 1945; by merging,
 * Knight 1966). From -1 to 1; NAN where one of them is constant or n < 2, and where
 * there is no memory, which is said. */
double nr_spearman(size_t n, const double *a, const double *b);
double nr_kendall(size_t n, const double *a, const double *b);
/* Of the sets of the k largest, 1 <= k <= n: from 0 to 1; NAN where there is no memory,
 * which is said. */
double nr_top_overlap(size_t n, size_t k, const double *a, const double *b);

typedef struct {
    const double *values;    /* [n] */
    const double *std_error; /* [n]; NULL: exact */
    uint64_t number;         /* of these values: tells the replicates' streams apart */
    /* Mean agreement of such an estimate with its truth: nr_agreement_repeat. */
    double with_truth[NR_AGREEMENT_MEASURES];
} nr_scores;

typedef struct {
    double value, low, high;
} nr_bounds;

typedef struct {
    nr_bounds of[NR_AGREEMENT_MEASURES]; /* value NAN: not defined */
} nr_agreement;

/* n values; of the k best (0: no overlap is asked for); confidence of the intervals. */
typedef struct {
    size_t n, k;
    double confidence;
    uint64_t seed;
} nr_agreement_spec;

enum { NR_AGREEMENT_REPLICATES = 400 };

/* NR_ERR_INTERNAL: no memory. Sets with_truth, and floor to the noise floor: the mean
 * agreement of two runs that estimate the same values with these errors. Within 0.05 in
 * simulations, but too low by up to 0.17 where errors grow with the values and are a
 * third of their spread; for LeNet-5's layers at one sweep within 0.03 of what two
 * seeds show. */
nr_status nr_agreement_repeat(const nr_agreement_spec *spec, nr_scores *scores,
                              double floor[NR_AGREEMENT_MEASURES]);

/* with_truth is set where there are errors; without any, low and high are NAN.
 * NR_ERR_INTERNAL: no memory. */
nr_status nr_agreement_find(const nr_agreement_spec *spec, const nr_scores *a,
                            const nr_scores *b, nr_agreement *out);

#endif
