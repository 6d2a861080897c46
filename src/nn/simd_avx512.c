/* The vector kernels for AVX-512: 32 registers of 16 floats. */
#include "simd.h"

#if defined(__x86_64__)
#include "simd_set.h"

const nr_simd_set nr_simd_avx512 = SIMD_SET;
#endif
