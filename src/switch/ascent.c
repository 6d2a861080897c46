#include "neurank/switch/ascent.h"

#include <math.h>

#include "neurank/base/quantum.h"

static const double beta_first = 0.9, beta_second = 0.999, epsilon = 1e-8;

static void adam_step(const nr_ascent *a, const double *gradient) {
    double t = (double)*a->steps + 1;
    double first_part = 1 - pow(beta_first, t), second_part = 1 - pow(beta_second, t);
    for (size_t j = 0; j < a->n; j++) {
        a->first[j] += (1 - beta_first) * (gradient[j] - a->first[j]);
        a->second[j] += (1 - beta_second) * (gradient[j] * gradient[j] - a->second[j]);
        a->u[j] += *a->rate * (a->first[j] / first_part) /
                   (sqrt(a->second[j] / second_part) + epsilon);
    }
}

static void sgd_step(const nr_ascent *a, const double *gradient) {
    for (size_t j = 0; j < a->n; j++) {
        a->first[j] = beta_first * a->first[j] + gradient[j];
        a->u[j] += *a->rate * a->first[j];
    }
}

void nr_ascent_step(const nr_ascent *a, const double *gradient) {
    if (a->sgd) sgd_step(a, gradient);
    else adam_step(a, gradient);
    ++*a->steps;
}

bool nr_epoch_rose(size_t n_images, const nr_epoch *before, const nr_epoch *now) {
    double n = (double)n_images, mean = 0, squares = 0;
    for (size_t i = 0; i < n_images; i++)
        mean += (double)(now->likelihoods[i] - before->likelihoods[i]);
    mean /= n;
    for (size_t i = 0; i < n_images; i++) {
        double d = (double)(now->likelihoods[i] - before->likelihoods[i]) - mean;
        squares += d * d;
    }
    double rise =
        ldexp(mean, -NR_QUANTUM_BITS) - (now->divergence - before->divergence);
    double error = n > 1 ? ldexp(sqrt(squares / (n * (n - 1))), -NR_QUANTUM_BITS) : 0;
    return rise > error;
}
