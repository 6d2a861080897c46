#include "neurank/nn/kernels.h"

#include <string.h>

#include "neurank/nn/gemm.h"
#include "simd.h"

const char *nr_kernels_fastest(void) {
    const nr_simd_set *simd = nr_simd_best();
    return simd ? simd->name : "blas";
}

const nr_kernels *nr_kernels_find(const char *name) {
    if (strcmp(name, nr_kernels_reference.name) == 0) return &nr_kernels_reference;
    if (strcmp(name, nr_kernels_fast.name) == 0) name = nr_kernels_fastest();
    return nr_simd_choose(name) ? &nr_kernels_fast : NULL;
}

const char *nr_kernels_describe(void) {
    return nr_gemm_describe();
}
