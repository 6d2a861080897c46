/* API. How wide an interval is, in standard errors.
 *
 * Student's t is for a run whose length was fixed beforehand. A run that ends because
 * of what it has seen needs intervals that hold at every moment at once: the asymptotic
 * confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), with t
 * samples of standard deviation s and error rate alpha,
 *
 *   s sqrt( 2 (t r + 1) / (t^2 r)  ln( sqrt(t r + 1) / alpha ) ),
 *   r = (-2 ln alpha + ln(1 - 2 ln alpha)) / t_opt,
 *
 * narrowest near t_opt, which therefore has to be fixed beforehand. It is multiplied by
 * t_{df, 1 - alpha/2} / z_{1 - alpha/2}, because s is an estimate, too. Only t / t_opt
 * matters, so both are counted in sweeps here. */
#ifndef NEURANK_ESTIM_INTERVAL_H
#define NEURANK_ESTIM_INTERVAL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    double confidence;
    double sequence_sweeps; /* t_opt of the confidence sequence; 0: Student's t */
    /* Largest |marginal| on one image, INFINITY if not known: how much events may
     * change that were too rare to be seen. */
    double marginal_limit;
} nr_interval_spec;

/* Half-width over standard error of the interval for one of n_joint quantities, which
 * hold together (Bonferroni). freedom > 0. */
double nr_interval_factor(const nr_interval_spec *spec, double freedom, double sweeps,
                          size_t n_joint);

/* By how much Student's interval has to be wider for skewed samples; 1 for a sequence,
 * which has room for it. `samples` squares have `freedom` degrees of freedom: what they
 * have fewer than normal ones would, c^2 = 2 (1/freedom - 1/samples), is the excess
 * kurtosis of the estimate, and no sum of rare events has a larger squared skewness.
 * Taking it for both, the Edgeworth expansion of the two-sided t statistic (Hall 1992,
 * The Bootstrap and Edgeworth Expansion, 2.6) moves the quantile z by
 *   z c^2 ((z^4 + 2 z^2 - 3)/18 - (z^2 - 3)/12),
 * of which the smaller freedom has already brought z c^2 (z^2 + 1)/8. Good for a small
 * c^2, and so not used beyond 1/20. */
double nr_interval_skew(const nr_interval_spec *spec, double freedom, double samples,
                        size_t n_joint);

/* How many sweeps it takes until half-widths are `ratio` (below 1) of what they are
 * after `sweeps`; INFINITY when more than can be counted. */
double nr_interval_sweeps(const nr_interval_spec *spec, double sweeps, double ratio,
                          size_t n_joint);

/* Largest share of pairs that may hold an event which none of `trials` independent
 * pairs has shown (each misses an event of probability q with 1 - q). It holds at every
 * moment at once, too: what is not seen now was not seen before. */
double nr_interval_unseen(const nr_interval_spec *spec, double trials, size_t n_joint);

#ifdef __cplusplus
}
#endif

#endif
