/* The vector kernels for AVX-512: 32 registers of 16 floats. */
#include "simd.h"

#if defined(__x86_64__)
#include "simd_depthwise.h"
#include "simd_product.h"
#include "simd_walk.h"
#include "simd_winograd.h"

const nr_simd_set nr_simd_avx512 = {.name = "avx512",
                                    .packed_size = packed_size,
                                    .pack = pack,
                                    .product = product,
                                    .finish = finish,
                                    .winograd_packed_size = winograd_packed_size,
                                    .winograd_pack = winograd_pack,
                                    .winograd_scratch = winograd_scratch,
                                    .winograd = winograd,
                                    .depthwise = depthwise,
                                    .walk_packed_size = walk_packed_size,
                                    .walk_pack = walk_pack,
                                    .walk = walk,
                                    .combine = combine,
                                    .log_likelihood = log_likelihood};
#endif
