#include "neurank/estim/image_means.h"

#include <math.h>

#include "neurank/base/quantum.h"
#include "neurank/base/wide.h"

enum { VALUE, COARSE, FINE };
/* A square is kept in units of 2^-8, and what is left of it in units of 2^-60. */
enum { COARSE_BITS = 8, FINE_BITS = 60 };
_Static_assert(NR_QUANTUM_BITS == 40 && COARSE_BITS == 8 && FINE_BITS == 60,
               "the factors below");

bool nr_image_mean_lanes(double value, int64_t lanes[NR_IMAGE_MEAN_LANES]) {
    if (!nr_quantise(value, &lanes[VALUE])) return false;
    double square = ldexp(value * value, COARSE_BITS), coarse = floor(square);
    lanes[COARSE] = (int64_t)coarse;
    lanes[FINE] = llrint(ldexp(square - coarse, FINE_BITS - COARSE_BITS));
    return true;
}

static nr_wide sum_of(const uint64_t *sums, size_t n, size_t lane, size_t i) {
    return nr_wide_join(sums[2 * lane * n + i], sums[(2 * lane + 1) * n + i]);
}

void nr_image_mean_estimate(const uint64_t *sums, size_t n_values, uint64_t n_images,
                            double *mean, double *std_error) {
    double n = (double)n_images;
    for (size_t i = 0; i < n_values; i++) {
        nr_wide coarse = sum_of(sums, n_values, COARSE, i),
                fine = sum_of(sums, n_values, FINE, i);
        nr_quad value = (nr_quad)sum_of(sums, n_values, VALUE, i) * 0x1p-40;
        nr_quad squares = (nr_quad)coarse * 0x1p-8 + (nr_quad)fine * 0x1p-60;
        nr_quad centred = squares - value * value / (n > 0 ? n : 1);
        mean[i] = n > 0 ? (double)(value / n) : NAN;
        std_error[i] =
            n > 1 ? sqrt(fmax((double)centred, 0) / (n * (n - 1))) : (double)NAN;
    }
}
