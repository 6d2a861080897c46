/* The unit of all values: the quantum, 2^-40, about 9e-13.
 *
 * The value of a coalition on one image is rounded to it once and is an integer from
 * then on. Sums of integers do not depend on the order in which they are formed, so any
 * number of ranks, resumes and shards gives the same bits, and a walk telescopes
 * exactly.
 *
 * Shapley values are summed in the finer unit 2^-64: an exact run adds fractions of
 * values. */
#ifndef NEURANK_BASE_QUANTUM_H
#define NEURANK_BASE_QUANTUM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { NR_QUANTUM_BITS = 40, NR_VALUE_BITS = 16, NR_FINE_BITS = 64 };

/* *out: value in quanta, rounded to the nearest, ties to even. False if value is not
 * finite or not within +-2^16 (exclusive); *out is untouched then. */
static inline bool nr_quantise(double value, int64_t *out) {
    if (!(fabs(value) < (double)(1 << NR_VALUE_BITS))) return false;
    *out = llrint(value * 0x1p40);
    return true;
}

_Static_assert(NR_QUANTUM_BITS == 40, "the factor in nr_quantise");

#endif
