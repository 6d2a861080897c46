#include "neurank/base/quantum.h"

#include <math.h>

bool nr_quantise(double value, int64_t *out) {
    if (!(fabs(value) < (double)(1 << NR_VALUE_BITS))) return false;
    *out = llrint(ldexp(value, NR_QUANTUM_BITS));
    return true;
}
