/* Gamma variates that can be differentiated by their shape.
 *
 * z of Gamma(a, 1), in logarithms, because z of a small shape is below every number.
 *
 * The derivative holds the variate's place in its distribution, P(a, z), fixed while a
 * changes (implicit reparameterisation: Figurnov, Mohamed, Mnih 2018):
 *
 *   dz/da = -(dP(a, z)/da) / p(z | a)
 *
 * Written with dP/da as an integral over v = |ln z - t|, t the logarithm of a variate,
 *
 *   d ln z / da = integral over v > 0 of
 *                 (s (ln z - psi(a)) + v) exp(s a v - z expm1(s v)),
 *
 * s = 1 where ln z >= psi(a), integrating over the variates above z, else s = -1, over
 * those below. The integrand is positive, so no digits cancel. It decays exponentially:
 * v = w exp(x - exp(-x)) makes that double-exponential on both sides, where the
 * trapezoidal rule converges exponentially (Takahasi, Mori 1974). w is a power of two,
 * so that expm1(s v) stands in a table and a point costs one exponential. For shapes
 * of 1e-3 to 1e4 the relative error is below 1e-8.
 *
 * (Weighed: PyTorch's piecewise rational approximations, good to 5e-4 in places; Taylor
 * and asymptotic series with bounds between them, three formulas instead of one;
 * automatic differentiation of an algorithm for P, which loses its digits in the
 * tails.) */
#ifndef NEURANK_SWITCH_GAMMA_H
#define NEURANK_SWITCH_GAMMA_H

#include <stdint.h>

#include "neurank/base/rng.h"
#include "neurank/base/status.h"

/* Derivatives of ln Gamma, x > 0 (Abramowitz & Stegun 6.3.5, 6.3.18, 6.4.6, 6.4.12). */
double nr_digamma(double x);
double nr_trigamma(double x);

/* ln z for the variate at (c0, c1, c2) of the stream: Marsaglia, Tsang (2000), and for
 * shapes below 1 a variate of a + 1 times U^(1/a). a > 0 */
double nr_gamma_draw(double a, nr_stream stream, uint32_t c0, uint32_t c1, uint32_t c2);

typedef struct nr_gamma_rule nr_gamma_rule;

/* The table of the integration rule. NR_ERR_INTERNAL: no memory. */
nr_status nr_gamma_rule_new(nr_gamma_rule **out);
void nr_gamma_rule_free(nr_gamma_rule *rule);

/* d ln z / da at shape a > 0 and log_z = ln z. For z <= 1 by the series of P(a, z) in
 * powers of z (Abramowitz & Stegun 6.5.29). */
double nr_gamma_gradient(const nr_gamma_rule *rule, double a, double log_z);

#endif
