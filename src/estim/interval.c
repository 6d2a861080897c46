#include "neurank/estim/interval.h"

#include <math.h>

#include "neurank/estim/student.h"

static double sequence_factor(double alpha, double progress) {
    double r = -2 * log(alpha) + log(1 - 2 * log(alpha));
    double u = progress * r; /* t r */
    return sqrt(2 * (u + 1) / u * (0.5 * log(u + 1) - log(alpha)));
}

double nr_interval_factor(const nr_interval_spec *spec, double freedom, double sweeps,
                          size_t n_joint) {
    double alpha = (1 - spec->confidence) / (double)n_joint;
    double student = nr_student_quantile(1 - alpha / 2, freedom);
    if (!(spec->sequence_sweeps > 0)) return student;
    return sequence_factor(alpha, sweeps / spec->sequence_sweeps) * student /
           nr_normal_quantile(1 - alpha / 2);
}

double nr_interval_skew(const nr_interval_spec *spec, double freedom, double samples,
                        size_t n_joint) {
    const double most = 0.05;
    double excess = 2 * (1 / freedom - 1 / samples);
    double z = nr_normal_quantile(1 - (1 - spec->confidence) / 2 / (double)n_joint);
    double q = z * z, shift = (q * q + 2 * q - 3) / 18 - (q - 3) / 12 - (q + 1) / 8;
    if (spec->sequence_sweeps > 0 || !(excess > 0) || shift < 0) return 1;
    return 1 + shift * (excess < most ? excess : most);
}

/* Half-width after `sweeps` over that of a standard error after one, without freedom.
 */
static double width(const nr_interval_spec *spec, double sweeps, size_t n_joint) {
    double alpha = (1 - spec->confidence) / (double)n_joint;
    double factor = spec->sequence_sweeps > 0
                        ? sequence_factor(alpha, sweeps / spec->sequence_sweeps)
                        : 1;
    return factor / sqrt(sweeps);
}

double nr_interval_sweeps(const nr_interval_spec *spec, double sweeps, double ratio,
                          size_t n_joint) {
    double wanted = width(spec, sweeps, n_joint) * ratio;
    double low = sweeps, high = sweeps;
    if (!(ratio > 0)) return INFINITY;
    if (ratio >= 1) return sweeps;
    while (width(spec, high, n_joint) > wanted) {
        if (high > 1e15) return INFINITY;
        high *= 2;
    }
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (width(spec, middle, n_joint) > wanted) low = middle;
        else high = middle;
    }
    return high;
}

double nr_interval_unseen(const nr_interval_spec *spec, double trials, size_t n_joint) {
    double alpha = (1 - spec->confidence) / (double)n_joint;
    double share = -log(alpha) / trials;
    return share < 1 ? share : 1;
}
