/* The kernels of one instruction set, made from the parts; included by simd_*.c. */
#ifndef NEURANK_NN_SIMD_SET_H
#define NEURANK_NN_SIMD_SET_H

#include "simd_depthwise.h"
#include "simd_product.h"
#include "simd_rows.h"
#include "simd_score.h"
#include "simd_walk.h"
#include "simd_winograd.h"

#define SIMD_SET                                                                       \
    {                                                                                  \
        .packed_size = packed_size, .pack = pack, .product = product,                  \
        .finish = finish, .winograd_packed_size = winograd_packed_size,                \
        .winograd_pack = winograd_pack, .winograd_scratch = winograd_scratch,          \
        .winograd = winograd, .depthwise = depthwise,                                  \
        .walk_packed_size = walk_packed_size, .walk_pack = walk_pack, .walk = walk,    \
        .combine = combine, .log_likelihood = log_likelihood,                          \
    }

#endif
