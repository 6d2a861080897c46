#include "neurank/switch/gamma.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "neurank/base/memory.h"

/* ---- psi and psi' ---- */

/* From here on the asymptotic series have fifteen digits. */
static const double asymptotic = 10;

double nr_digamma(double x) {
    double shift = 0;
    while (x < asymptotic) {
        shift -= 1 / x;
        x += 1;
    }
    double y = 1 / (x * x);
    double tail =
        1.0 / 12 -
        y * (1.0 / 120 -
             y * (1.0 / 252 -
                  y * (1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760 - y / 12)))));
    return shift + log(x) - 0.5 / x - y * tail;
}

double nr_trigamma(double x) {
    double shift = 0;
    while (x < asymptotic) {
        shift += 1 / (x * x);
        x += 1;
    }
    double y = 1 / (x * x);
    double tail =
        1.0 / 6 -
        y * (1.0 / 30 -
             y * (1.0 / 42 -
                  y * (1.0 / 30 - y * (5.0 / 66 - y * (691.0 / 2730 - y * 7.0 / 6)))));
    return shift + 1 / x + 0.5 * y + y / x * tail;
}

/* ---- variates ---- */

double nr_gamma_draw(double a, nr_stream stream, uint32_t c0, uint32_t c1,
                     uint32_t c2) {
    double u[2], boost = 0;
    uint32_t turn = 0;
    if (a < 1) {
        nr_stream_uniforms(stream, c0, c1, c2, turn++, u);
        boost = log(u[0]) / a;
        a += 1;
    }
    double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) { /* accepted 19 times out of 20, or more often */
        nr_stream_uniforms(stream, c0, c1, c2, turn++, u);
        double x = nr_normal(u), v = 1 + c * x;
        nr_stream_uniforms(stream, c0, c1, c2, turn++, u);
        if (v <= 0) continue;
        double log_v = 3 * log(v);
        v = v * v * v;
        if (log(u[0]) < 0.5 * x * x + d - d * v + d * log_v)
            return log(d) + log_v + boost;
    }
}

/* ---- derivatives ---- */

enum { POINTS = 56, SCALE_LOWEST = -20, SCALES = 40 };
enum { SERIES_TERMS = 20, EXPONENT_LOWEST = -40 };
static const double first_x = -3.5, step_x = 0.125;

typedef struct {
    double v[POINTS], weight[POINTS];
    double grown[POINTS], shrunk[POINTS]; /* expm1(v), expm1(-v) */
} scale_table;

struct nr_gamma_rule {
    scale_table scales[SCALES]; /* w = 2^SCALE_LOWEST, ... */
};

nr_status nr_gamma_rule_new(nr_gamma_rule **out) {
    nr_gamma_rule *rule;
    if (!NR_NEW(rule, 1)) return NR_ERR_INTERNAL;
    for (int j = 0; j < SCALES; j++)
        for (int k = 0; k < POINTS; k++) {
            scale_table *t = &rule->scales[j];
            double x = first_x + k * step_x;
            double v = ldexp(exp(x - exp(-x)), SCALE_LOWEST + j);
            t->v[k] = v;
            t->weight[k] = v * (1 + exp(-x)) * step_x;
            t->grown[k] = expm1(v);
            t->shrunk[k] = expm1(-v);
        }
    *out = rule;
    return NR_OK;
}

void nr_gamma_rule_free(nr_gamma_rule *rule) {
    free(rule);
}

static const scale_table *table_for(const nr_gamma_rule *rule, double w) {
    int exponent = (int)lround(log2(w)) - SCALE_LOWEST;
    return &rule->scales[exponent < 0 ? 0 : exponent >= SCALES ? SCALES - 1 : exponent];
}

/* The part of the line where the integrand is, about: how fast it falls at v = 0, or,
 * where that is slower, the spread of ln z. */
static double width(bool above, double a, double z) {
    double slope = fabs(z - a);
    if (above) return 1 / (slope + sqrt(fmax(a, z)));
    return 1 / fmax(slope, fmin(a, sqrt(a)));
}

/* z <= 1: the series of P(a, z) in powers of z (A&S 6.5.29), by terms,
 *   e^z sum (-z)^k / k! (1 / (a+k)^2 - (ln z - psi(a)) / (a+k)),
 * of which the first is (psi(a+1) - ln z) / a. */
static double small_gradient(double a, double log_z) {
    double z = exp(log_z), power = 1, sum = (nr_digamma(a + 1) - log_z) / a;
    double distance = log_z - nr_digamma(a);
    for (int k = 1; k <= SERIES_TERMS; k++) {
        power *= -z / k;
        sum += power * (1 / (a + k) - distance) / (a + k);
    }
    return exp(z) * sum;
}

double nr_gamma_gradient(const nr_gamma_rule *rule, double a, double log_z) {
    if (log_z <= 0) return small_gradient(a, log_z);
    double distance = log_z - nr_digamma(a), z = exp(log_z), sum = 0;
    bool above = distance >= 0;
    double s = above ? 1 : -1;
    const scale_table *t = table_for(rule, width(above, a, z));
    const double *change = above ? t->grown : t->shrunk;
    for (int k = 0; k < POINTS; k++) {
        double exponent = s * a * t->v[k] - z * change[k];
        if (exponent > EXPONENT_LOWEST)
            sum += t->weight[k] * (s * distance + t->v[k]) * exp(exponent);
    }
    return sum;
}
