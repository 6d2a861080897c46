/* Gradient ascent on the ELBO per image in u = ln phi, and when it is over.
 *
 *   adam   Kingma, Ba (2015): beta 0.9, 0.999, epsilon 1e-8
 *   sgd    momentum 0.9: velocity = 0.9 velocity + gradient, u += rate velocity
 *
 * The rule: the rate is halved at the end of every epoch whose mean ELBO is not above
 * that of the epoch before by more than the standard error of the difference, taken
 * from the images' paired differences. After NR_ASCENT_HALVINGS halvings the ascent has
 * converged; before that it ends after the wanted number of epochs. */
#ifndef NEURANK_SWITCH_ASCENT_H
#define NEURANK_SWITCH_ASCENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_ASCENT_HALVINGS = 5 };

/* Filled by the caller, who owns the arrays: they are what a resume needs. */
typedef struct {
    size_t n;
    double *u;              /* [n] ln phi */
    double *first, *second; /* [n] moments of the gradient; sgd: velocity, unused */
    uint64_t *steps;        /* taken so far */
    double *rate;           /* of the next step */
    bool sgd;
} nr_ascent;

/* gradient [n] of the ELBO per image with respect to u. Changes u, the moments and
 * *steps; the rate is the caller's to halve. */
void nr_ascent_step(const nr_ascent *ascent, const double *gradient);

/* What an epoch has shown. likelihoods [n_images]: each image's ln p when it was last
 * visited, in units of 2^-40; divergence: mean KL over the epoch's steps, per image. */
typedef struct {
    const int64_t *likelihoods;
    double divergence;
} nr_epoch;

/* Has the ELBO risen from one epoch to the next, by the rule above? Of one image: has
 * it risen at all? */
bool nr_epoch_rose(size_t n_images, const nr_epoch *before, const nr_epoch *now);

#endif
