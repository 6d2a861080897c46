#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

nr_status pool_new(pool *p, size_t n, size_t repetitions, size_t span) {
    size_t size = repetitions * n;
    NR_ASSERT(repetitions >= 3 && repetitions <= POOL_REPETITIONS_MAX);
    *p = (pool){.n = n, .repetitions = repetitions, .span = span};
    if (!NR_NEW(p->part, 2 * size + n + repetitions)) return NR_ERR_INTERNAL;
    p->whole = p->part + size;
    p->variance = p->whole + size;
    p->without = p->variance + n;
    return NR_OK;
}

void pool_free(pool *p) {
    free(p->part); /* and all behind it */
}

double pool_mean(const pool *p, const double *sums, size_t player) {
    double mean = 0;
    for (size_t k = 0; k < p->repetitions; k++) mean += sums[k * p->n + player];
    return mean / (double)p->repetitions;
}

void pool_end_image(pool *p, size_t image, size_t n_images) {
    double r = (double)p->repetitions;
    if ((image + 1) % p->span != 0 && image + 1 < n_images) return;
    for (size_t i = 0; i < p->n; i++) {
        double mean = pool_mean(p, p->part, i), square = 0;
        for (size_t k = 0; k < p->repetitions; k++)
            square += pow(p->part[k * p->n + i] - mean, 2);
        p->variance[i] += square / (r - 1);
        for (size_t k = 0; k < p->repetitions; k++) {
            double one = p->part[k * p->n + i] - mean;
            double rest = square - r / (r - 1) * one * one;
            p->without[k] += rest / (r - 2) / (double)p->n;
        }
    }
    for (size_t k = 0; k < p->repetitions * p->n; k++) p->whole[k] += p->part[k];
    memset(p->part, 0, p->repetitions * p->n * sizeof *p->part);
}

double jackknife(const double *without, size_t r) {
    double mean = 0, square = 0;
    for (size_t k = 0; k < r; k++) mean += without[k] / (double)r;
    for (size_t k = 0; k < r; k++) square += pow(without[k] - mean, 2);
    return square * (double)(r - 1) / (double)r;
}

figure pool_variance(const pool *p, double scale) {
    double value = 0;
    for (size_t i = 0; i < p->n; i++) value += p->variance[i] / (double)p->n;
    return (figure){value * scale, sqrt(jackknife(p->without, p->repetitions)) * scale};
}
