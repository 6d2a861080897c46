/* The vector kernels for AVX2 and FMA: 16 registers of 8 floats. */
#include "simd.h"

#if defined(__x86_64__)
#include "simd_set.h"

const nr_simd_set nr_simd_avx2 = SIMD_SET;
#endif
