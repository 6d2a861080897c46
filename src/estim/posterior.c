#include "neurank/estim/posterior.h"

#include <math.h>
#include <stdlib.h>

#include "neurank/base/memory.h"
#include "neurank/estim/beta.h"
#include "ties.h"

static nr_status allocate(nr_posterior *p) {
    double **reals[] = {&p->phi,     &p->mean,      &p->std_dev,   &p->ci_low,
                        &p->ci_high, &p->joint_low, &p->joint_high};
    uint32_t **places[] = {&p->rank, &p->rank_low, &p->rank_high, &p->group};
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
        if (!NR_NEW(*reals[k], p->n)) return NR_ERR_INTERNAL;
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        if (!NR_NEW(*places[k], p->n)) return NR_ERR_INTERNAL;
    return NR_OK;
}

/* error: of both tails. A single filter has everything. */
static void interval(double error, double a, double b, double *low, double *high) {
    *low = b > 0 ? nr_beta_quantile(error / 2, a, b) : 1;
    *high = b > 0 ? 1 - nr_beta_quantile(error / 2, b, a) : 1;
    if (b > 0 && *high < 0.5) *high = nr_beta_quantile(1 - error / 2, a, b);
}

static void fill(nr_posterior *p, double confidence) {
    const double *phi = p->phi;
    double total = 0, error = 1 - confidence;
    for (size_t j = 0; j < p->n; j++) total += phi[j];
    for (size_t j = 0; j < p->n; j++) {
        double rest = p->n > 1 ? total - phi[j] : 0, mean = phi[j] / total;
        p->mean[j] = mean;
        p->std_dev[j] = sqrt(mean * (rest / total) / (total + 1));
        interval(error, phi[j], rest, &p->ci_low[j], &p->ci_high[j]);
        interval(error / (double)p->n, phi[j], rest, &p->joint_low[j],
                 &p->joint_high[j]);
    }
}

static nr_status rank(nr_posterior *p) {
    const nr_places places = {.n = p->n,
                              .values = p->mean,
                              .joint_low = p->joint_low,
                              .joint_high = p->joint_high,
                              .rank = p->rank,
                              .rank_low = p->rank_low,
                              .rank_high = p->rank_high,
                              .group = p->group};
    return nr_ties_fill(&places);
}

nr_status nr_posterior_new(size_t n, const double *ln_phi, double confidence,
                           nr_posterior **out) {
    nr_posterior *p;
    if (!NR_NEW(p, 1)) return NR_ERR_INTERNAL;
    p->n = n;
    nr_status status = allocate(p);
    if (status == NR_OK) {
        for (size_t j = 0; j < n; j++) p->phi[j] = exp(ln_phi[j]);
        fill(p, confidence);
        status = rank(p);
    }
    if (status != NR_OK) {
        nr_posterior_free(p);
        return status;
    }
    *out = p;
    return NR_OK;
}

void nr_posterior_free(nr_posterior *p) {
    if (!p) return;
    free(p->phi);
    free(p->mean);
    free(p->std_dev);
    free(p->ci_low);
    free(p->ci_high);
    free(p->joint_low);
    free(p->joint_high);
    free(p->rank);
    free(p->rank_low);
    free(p->rank_high);
    free(p->group);
    free(p);
}
