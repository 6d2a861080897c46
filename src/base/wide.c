#include "neurank/base/wide.h"

#if !defined(__x86_64__)
#include <float.h>
_Static_assert(LDBL_MANT_DIG >= 113, "nr_quad has 113 bits");
#endif

void nr_wide_encode(const nr_wide *values, uint64_t n, uint64_t *words) {
    for (uint64_t i = 0; i < n; i++) {
        words[i] = nr_wide_low(values[i]);
        words[n + i] = nr_wide_high(values[i]);
    }
}

void nr_wide_decode(const uint64_t *words, uint64_t n, nr_wide *values) {
    for (uint64_t i = 0; i < n; i++) values[i] = nr_wide_join(words[i], words[n + i]);
}
