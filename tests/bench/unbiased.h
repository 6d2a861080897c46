/* The product's odd estimator (src/sched/unit_odd.c) against its pairs of walks. */
#ifndef NEURANK_BENCH_UNBIASED_H
#define NEURANK_BENCH_UNBIASED_H

#include "neurank/game/game.h"

/* Of a sweep, pairs = 1: variance for these images, as the runs themselves estimate it,
 * with its standard error over seeds; evaluations; time. */
typedef struct {
    double variance, error, evaluations, time;
} unbiased_ratio;

nr_status unbiased_compare(nr_game *game, unbiased_ratio *out);

#endif
