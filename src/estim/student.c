#include "neurank/estim/student.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* Continued fraction of the incomplete beta function, evaluated with Lentz's method
 * (A&S 26.5.8); converges quickly for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x) {
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

/* ln Gamma(a + b) - ln Gamma(a); both are huge and close for large a, where b = 1/2 has
 * a series (A&S 6.1.47). */
static double log_gamma_ratio(double a, double b) {
    if (b == 0.5 && a > 1000) return 0.5 * log(a) - 1 / (8 * a) + 1 / (192 * a * a * a);
    return lgamma(a + b) - lgamma(a);
}

/* I_x(a, b); complement: 1 - x, given apart so that it keeps its digits. */
static double incomplete_beta(double a, double b, double x, double complement) {
    if (x <= 0) return 0;
    if (complement <= 0) return 1;
    double front = exp(log_gamma_ratio(a, b) - lgamma(b) + a * log1p(-complement) +
                       b * log(complement));
    /* For large a both fractions converge where x is near 1, but only the second one,
     * in 1 - x, keeps its digits there. */
    bool in_x = a > 1000 ? complement > 100 / a : x < (a + 1) / (a + b + 2);
    if (in_x) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, complement) / b;
}

/* P(T > t), t >= 0 */
static double upper_tail(double t, double freedom) {
    double sum = freedom + t * t;
    return 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / sum, t * t / sum);
}

double nr_student_cdf(double t, double freedom) {
    return t >= 0 ? 1 - upper_tail(t, freedom) : upper_tail(-t, freedom);
}

double nr_student_quantile(double p, double freedom) {
    double tail = 1 - p, low = 0, high = 1;
    while (upper_tail(high, freedom) > tail && high < 1e300) high *= 2;
    for (int i = 0; i < 2000 && high - low > 1e-12 * high; i++) {
        double middle = low + (high - low) / 2;
        if (upper_tail(middle, freedom) > tail) low = middle;
        else high = middle;
    }
    return low + (high - low) / 2;
}
