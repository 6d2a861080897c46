/* Which images, and in which order: functions of the labels and a seed alone.
 *
 * Failures: NR_ERR_INTERNAL, no memory. */
#ifndef NEURANK_DATASET_SELECT_H
#define NEURANK_DATASET_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "neurank/base/status.h"

/* Picks a subset in which the classes differ by at most one image, as far as each class
 * has enough. labels [n], all below `classes`; wanted <= n. chosen [wanted]: ascending
 * indices below n. */
nr_status nr_select_balanced(const uint32_t *labels, size_t n, size_t classes,
                             size_t wanted, uint64_t seed, uint32_t *chosen);

/* Permutes values [n] at random; after a failure they are as they were. */
nr_status nr_select_shuffle(uint32_t *values, size_t n, uint64_t seed);

#endif
