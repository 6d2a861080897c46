#include "neurank/estim/student.h"

#include <math.h>
#include <stdbool.h>

#include "neurank/estim/beta.h"

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
    double log_x = x < 0.5 ? log(x) : log1p(-complement);
    double front =
        exp(log_gamma_ratio(a, b) - lgamma(b) + a * log_x + b * log(complement));
    /* For large a both fractions converge where x is near 1, but only the second one,
     * in 1 - x, keeps its digits there. */
    bool in_x = a > 1000 ? complement > 100 / a : x < (a + 1) / (a + b + 2);
    if (in_x) return front * nr_beta_fraction(a, b, x) / a;
    return 1 - front * nr_beta_fraction(b, a, complement) / b;
}

/* P(T > t), t >= 0 */
static double upper_tail(double t, double freedom) {
    double sum = freedom + t * t;
    return 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / sum, t * t / sum);
}

double nr_student_cdf(double t, double freedom) {
    return t >= 0 ? 1 - upper_tail(t, freedom) : upper_tail(-t, freedom);
}

static double density(double t, double freedom) {
    double half = (freedom + 1) / 2;
    double scale = exp(log_gamma_ratio(freedom / 2, 0.5)) / sqrt(freedom * M_PI);
    return scale * exp(-half * log1p(t * t / freedom));
}

/* Newton's method for ln P(X > x) = ln tail; convex, so that it comes to the root from
 * one side. */
static double normal_upper_quantile(double tail) {
    double z = sqrt(-2 * log(2 * tail));
    for (int i = 0; i < 100; i++) {
        double upper = 0.5 * erfc(z * M_SQRT1_2);
        double slope = exp(-z * z / 2) / sqrt(2 * M_PI) / upper;
        double step = log(upper / tail) / slope;
        z += step;
        if (fabs(step) < 1e-14 * fabs(z)) break;
    }
    return z;
}

/* Series in 1 / freedom around the normal quantile (A&S 26.7.5). */
static double near_normal_quantile(double z, double freedom) {
    double z2 = z * z, v = 1 / freedom;
    double g1 = (z2 + 1) * z / 4;
    double g2 = ((5 * z2 + 16) * z2 + 3) * z / 96;
    double g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z / 384;
    double g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) * z / 92160;
    return z + v * (g1 + v * (g2 + v * (g3 + v * g4)));
}

/* Newton's method for ln P(T > t) = ln tail as a function of ln t, in which it is
 * concave: from the second step on the iterates come down to the root from above. */
static double far_quantile(double tail, double freedom) {
    double t = sqrt(-2 * log(2 * tail));
    for (int i = 0; i < 200; i++) {
        double upper = upper_tail(t, freedom);
        double step = log(upper / tail) * upper / (t * density(t, freedom));
        t *= exp(step);
        if (fabs(step) < 1e-13) break;
    }
    return t;
}

double nr_student_quantile(double p, double freedom) {
    double tail = 1 - p;
    if (!(tail < 0.5)) return 0;
    if (freedom < 1000) return far_quantile(tail, freedom);
    return near_normal_quantile(normal_upper_quantile(tail), freedom);
}

double nr_normal_quantile(double p) {
    return p > 0.5 ? normal_upper_quantile(1 - p) : 0;
}
