/* The Beta distribution: a part of a Dirichlet vector has it. */
#ifndef NEURANK_ESTIM_BETA_H
#define NEURANK_ESTIM_BETA_H

/* P(X <= x) of Beta(a, b), a and b > 0: the regularised incomplete beta function
 * (Abramowitz & Stegun 26.5.8). */
double nr_beta_cdf(double x, double a, double b);

/* x with P(X <= x) = p, 0 < p < 1; 0 where x is below every normal number. By bisection
 * of ln x to 2e-13, so x is as exact as nr_beta_cdf is, but for that. */
double nr_beta_quantile(double p, double a, double b);

/* The continued fraction of A&S 26.5.8, which converges quickly for
 * x < (a + 1) / (a + b + 2). */
double nr_beta_fraction(double a, double b, double x);

#endif
