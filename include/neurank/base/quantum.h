/* The unit of all values: 2^-36, about 1.5e-11.
 *
 * The value of a coalition on one image is rounded to it once and is an integer from
 * then on. Sums of integers do not depend on the order in which they are formed, so any
 * number of ranks, resumes and shards gives the same bits, and a walk telescopes
 * exactly. */
#ifndef NEURANK_BASE_QUANTUM_H
#define NEURANK_BASE_QUANTUM_H

#include <stdbool.h>
#include <stdint.h>

enum { NR_QUANTUM_BITS = 36, NR_VALUE_BITS = 18 };

/* False if value is not finite or not within +-2^18. */
bool nr_quantise(double value, int64_t *out);

#endif
