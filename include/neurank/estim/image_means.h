/* Means over images of quantities that are kept as exact sums, with their standard
 * errors: whoever sees an image when, the sums are the same. A value is summed in three
 * lanes: itself in quanta (base/quantum.h), and its square, whose integer part and rest
 * are kept apart. */
#ifndef NEURANK_ESTIM_IMAGE_MEANS_H
#define NEURANK_ESTIM_IMAGE_MEANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NR_IMAGE_MEAN_LANES = 3 };

/* What is added to the sums for a value; false if it is not within +-2^16. */
bool nr_image_mean_lanes(double value, int64_t lanes[NR_IMAGE_MEAN_LANES]);

/* mean, std_error [n]: over n_images, NAN before there are one and two. sums
 * [2 * NR_IMAGE_MEAN_LANES, n]: low and high words of each lane. */
void nr_image_mean_estimate(const uint64_t *sums, size_t n, uint64_t n_images,
                            double *mean, double *std_error);

#endif
