/* The posterior of the importance switch: a Dirichlet distribution of s on the simplex,
 * its divergence from the prior, and draws that can be differentiated by its
 * parameters.
 *
 *   KL( Dir(phi) || Dir(a 1) ) = ln G(sum phi) - sum ln G(phi_j)
 *                                - ln G(n a) + n ln G(a)
 *                                + sum (phi_j - a) (psi(phi_j) - psi(sum phi))
 *
 * Parameters are phi = exp(u), and gradients are with respect to u = ln phi. With many
 * images the optimum has phi in the hundreds or thousands, which softplus(theta), the
 * parameterisation of the paper's authors, reaches by steps of the learning rate one
 * after another: there phi = theta. In ln phi a step is a factor. For small phi both
 * are the same. */
#ifndef NEURANK_SWITCH_DIRICHLET_H
#define NEURANK_SWITCH_DIRICHLET_H

#include <stddef.h>

#include "neurank/switch/gamma.h"

/* Against a Dirichlet(alpha0, ..., alpha0), in nats. phi [n], all > 0; alpha0 > 0. */
double nr_dirichlet_divergence(size_t n, const double *phi, double alpha0);
/* gradient [n] of that with respect to ln phi */
void nr_dirichlet_divergence_gradient(size_t n, const double *phi, double alpha0,
                                      double *gradient);

typedef struct nr_draws nr_draws;

/* Room for `count` draws of n parts; count 0: the mean phi / sum phi stands for all
 * draws (the estimator `mean`). NR_ERR_INTERNAL: no memory. */
nr_status nr_draws_new(size_t n, size_t count, nr_draws **out);
void nr_draws_free(nr_draws *draws);

/* The draws of a place (c0, c1) in the stream; phi [n] is copied. Returns s [count, n]
 * (count 0: [1, n]), each row with the sum 1, until the next call. */
const double *nr_draws_make(nr_draws *draws, const double *phi, nr_stream stream,
                            uint32_t c0, uint32_t c1);

/* Adds to gradient [n] the one of the sum of f(s) over the draws last made with respect
 * to ln phi, from ds [count, n] (count 0: [1, n]) = df/ds at each of them. */
void nr_draws_gradient(nr_draws *draws, const double *ds, double *gradient);

#endif
