/* Student's t and the normal distribution, as far as intervals need them. */
#ifndef NEURANK_ESTIM_STUDENT_H
#define NEURANK_ESTIM_STUDENT_H

/* P(T <= t) for `freedom` > 0 degrees of freedom, by the regularised incomplete beta
 * function (Abramowitz & Stegun 26.7.1, 26.5.8). */
double nr_student_cdf(double t, double freedom);

/* t with P(T <= t) = p, 0.5 <= p < 1; relative error below 1e-10. */
double nr_student_quantile(double p, double freedom);

/* z with P(Z <= z) = p of the normal distribution, 0.5 <= p < 1. */
double nr_normal_quantile(double p);

#endif
