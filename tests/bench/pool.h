/* Variance of a sum over parts of the images from a few repetitions of it. */
#ifndef NEURANK_BENCH_POOL_H
#define NEURANK_BENCH_POOL_H

#include <stddef.h>

#include "neurank/base/status.h"

enum { POOL_REPETITIONS_MAX = 64 };

typedef struct {
    size_t n, repetitions, span; /* span: images of a part */
    double *part, *whole; /* [repetitions, n] sums: the open part, owned, and all */
    double *variance;     /* [n] of one repetition, summed over parts */
    double *without;      /* [repetitions] mean variance with one repetition left out */
} pool;

typedef struct {
    double value, error; /* standard error */
} figure;

nr_status pool_new(pool *p, size_t n, size_t repetitions, size_t span);
void pool_free(pool *p);
/* The image's values stand in `part`; ends the part with its last image. */
void pool_end_image(pool *p, size_t image, size_t n_images);
/* Mean over the repetitions of sums [repetitions, n]. */
double pool_mean(const pool *p, const double *sums, size_t player);
/* Mean variance over the players, times `scale`. */
figure pool_variance(const pool *p, double scale);

/* Variance of an estimate that was also made with each repetition left out [r]. */
double jackknife(const double *without, size_t r);

#endif
