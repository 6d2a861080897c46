#include "neurank/estim/beta.h"

#include <float.h>
#include <math.h>

/* Evaluated with Lentz's method. */
double nr_beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < tiny) d = tiny;
    d = 1 / d;
    double value = d;
    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double steps[2] = {even, odd}, change = 1;
        for (int k = 0; k < 2; k++) {
            d = 1 + steps[k] * d;
            c = 1 + steps[k] / c;
            if (fabs(d) < tiny) d = tiny;
            if (fabs(c) < tiny) c = tiny;
            d = 1 / d;
            change = d * c;
            value *= change;
        }
        if (fabs(change - 1) < 4 * DBL_EPSILON) break;
    }
    return value;
}

static double ln_gamma(double x) {
    int sign;
    return lgamma_r(x, &sign);
}

/* log_x: ln x, which may be below that of every number. */
static double cdf(double log_x, double a, double b) {
    double x = exp(log_x), complement = -expm1(log_x);
    double log_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * log_x;
    if (complement <= 0) return 1;
    log_front += b * log1p(-x);
    if (x < (a + 1) / (a + b + 2))
        return exp(log_front) * nr_beta_fraction(a, b, x) / a;
    return 1 - exp(log_front) * nr_beta_fraction(b, a, complement) / b;
}

double nr_beta_cdf(double x, double a, double b) {
    return x <= 0 ? 0 : x >= 1 ? 1 : cdf(log(x), a, b);
}

/* By bisection of ln x, where a part with a small parameter has its mass. */
double nr_beta_quantile(double p, double a, double b) {
    enum { STEPS = 52 };
    double low = log(DBL_MIN), high = 0;
    if (cdf(low, a, b) > p) return 0;
    for (int k = 0; k < STEPS; k++) {
        double middle = (low + high) / 2;
        if (cdf(middle, a, b) < p) low = middle;
        else high = middle;
    }
    return exp((low + high) / 2);
}
