/* Means of a layer's output channels over images and positions, for NR_ABLATE_MEAN:
 * exact sums, so that ranks may split the images as they like. Nothing here is
 * collective.
 *
 * Failures: NR_ERR_INTERNAL, no memory; NR_ERR_UNIT, a channel's mean on an image is
 * not finite or not within +-2^16. */
#ifndef NEURANK_GAME_CHANNEL_MEANS_H
#define NEURANK_GAME_CHANNEL_MEANS_H

#include "neurank/dataset/images.h"
#include "neurank/nn/kernels.h"

/* Adds each channel's mean over positions, image by image and exactly (units of 2^-40),
 * for images [first, first + count): sums [channels, 2] words, low and high of each.
 * After a failure some images have been added. */
nr_status nr_channel_sums(const nr_graph *graph, const nr_images *images,
                          const nr_kernels *kernels, uint32_t layer, size_t first,
                          size_t count, uint64_t *sums);
/* means [channels] from the sums of all `n_images`. */
void nr_channel_means(const uint64_t *sums, size_t channels, size_t n_images,
                      float *means);
/* The same of all images, by one process; means [channels]. */
nr_status nr_channel_means_find(const nr_graph *graph, const nr_images *images,
                                const nr_kernels *kernels, uint32_t layer,
                                float *means);
/* Adds one set of sums [channels, 2] to another. */
void nr_channel_sums_merge(uint64_t *into, const uint64_t *from, size_t channels);

#endif
