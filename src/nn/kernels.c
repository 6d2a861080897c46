#include "neurank/nn/kernels.h"

#include <string.h>

#include "kernels_private.h"
#include "simd.h"

/* The best come first. */
static const nr_kernels *const kinds[] = {
#if defined(__x86_64__)
    &nr_kernels_avx512, &nr_kernels_avx2,
#endif
    &nr_kernels_blas, &nr_kernels_reference, NULL};

const nr_kernels *nr_kernels_find(const char *name) {
    bool best = strcmp(name, "fast") == 0;
    for (size_t k = 0; kinds[k]; k++)
        if ((best || strcmp(name, kinds[k]->name) == 0) && nr_simd_runs(kinds[k]->simd))
            return kinds[k];
    return NULL;
}
