#include "neurank/switch/dirichlet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neurank/base/memory.h"

static double ln_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

static double sum_of(size_t n, const double *x) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += x[j];
    return sum;
}

double nr_dirichlet_divergence(size_t n, const double *phi, double alpha0) {
    double total = sum_of(n, phi), psi = nr_digamma(total), parts = 0;
    for (size_t j = 0; j < n; j++)
        parts += (phi[j] - alpha0) * (nr_digamma(phi[j]) - psi) -
                 (ln_gamma(phi[j]) - ln_gamma(alpha0));
    return ln_gamma(total) - ln_gamma((double)n * alpha0) + parts;
}

void nr_dirichlet_divergence_gradient(size_t n, const double *phi, double alpha0,
                                      double *gradient) {
    double total = sum_of(n, phi);
    double common = (total - (double)n * alpha0) * nr_trigamma(total);
    for (size_t j = 0; j < n; j++)
        gradient[j] = phi[j] * ((phi[j] - alpha0) * nr_trigamma(phi[j]) - common);
}

struct nr_draws {
    size_t n, count;
    nr_gamma_rule *rule;
    double *phi;       /* [n] */
    double *log_z, *s; /* [rows, n] */
};

static size_t rows_of(const nr_draws *draws) {
    return draws->count ? draws->count : 1;
}

nr_status nr_draws_new(size_t n, size_t count, nr_draws **out) {
    nr_draws *draws;
    if (!NR_NEW(draws, 1)) return NR_ERR_INTERNAL;
    draws->n = n;
    draws->count = count;
    size_t cells = nr_size_mul(rows_of(draws), n);
    if (!NR_NEW(draws->phi, n) || !NR_NEW(draws->log_z, cells) ||
        !NR_NEW(draws->s, cells) || nr_gamma_rule_new(&draws->rule) != NR_OK) {
        nr_draws_free(draws);
        return NR_ERR_INTERNAL;
    }
    *out = draws;
    return NR_OK;
}

void nr_draws_free(nr_draws *draws) {
    if (!draws) return;
    nr_gamma_rule_free(draws->rule);
    free(draws->phi);
    free(draws->log_z);
    free(draws->s);
    free(draws);
}

/* s = exp(log_z) / sum exp(log_z): some z may be below every number, one is not. */
static void normalise(size_t n, const double *log_z, double *s) {
    double top = log_z[0], sum = 0;
    for (size_t j = 1; j < n; j++) top = fmax(top, log_z[j]);
    for (size_t j = 0; j < n; j++) sum += s[j] = exp(log_z[j] - top);
    for (size_t j = 0; j < n; j++) s[j] /= sum;
}

const double *nr_draws_make(nr_draws *draws, const double *phi, nr_stream stream,
                            uint32_t c0, uint32_t c1) {
    size_t n = draws->n;
    memcpy(draws->phi, phi, n * sizeof *phi);
    if (draws->count == 0) {
        double total = sum_of(n, phi);
        for (size_t j = 0; j < n; j++) draws->s[j] = phi[j] / total;
    }
    for (size_t k = 0; k < draws->count; k++) {
        for (size_t j = 0; j < n; j++)
            draws->log_z[k * n + j] =
                nr_gamma_draw(phi[j], stream, c0, c1, (uint32_t)(k * n + j));
        normalise(n, draws->log_z + k * n, draws->s + k * n);
    }
    return draws->s;
}

/* Of one draw: df/d ln z_j = s_j (ds_j - sum_i s_i ds_i), times d ln z_j / d ln phi_j,
 * which is 1 for the mean, where phi takes the place of z. */
static void add_gradient(nr_draws *draws, size_t k, const double *ds,
                         double *gradient) {
    size_t n = draws->n;
    const double *s = draws->s + k * n, *log_z = draws->log_z + k * n;
    double mean = 0;
    for (size_t j = 0; j < n; j++) mean += s[j] * ds[j];
    for (size_t j = 0; j < n; j++) {
        double slope = s[j] * (ds[j] - mean), phi = draws->phi[j];
        if (slope == 0) continue;
        if (draws->count) slope *= phi * nr_gamma_gradient(draws->rule, phi, log_z[j]);
        gradient[j] += slope;
    }
}

void nr_draws_gradient(nr_draws *draws, const double *ds, double *gradient) {
    for (size_t k = 0; k < rows_of(draws); k++)
        add_gradient(draws, k, ds + k * draws->n, gradient);
}
