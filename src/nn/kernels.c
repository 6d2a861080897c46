#include "neurank/nn/kernels.h"

#include <string.h>

#include "neurank/nn/gemm.h"

const nr_kernels *nr_kernels_find(const char *name) {
    if (strcmp(name, nr_kernels_fast.name) == 0) return &nr_kernels_fast;
    if (strcmp(name, nr_kernels_reference.name) == 0) return &nr_kernels_reference;
    return NULL;
}

const char *nr_kernels_describe(void) {
    return nr_gemm_describe();
}
