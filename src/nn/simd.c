#include "simd.h"

bool nr_simd_runs(const nr_simd_set *set) {
    if (!set) return true;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (set == &nr_simd_avx512)
        return __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    if (set == &nr_simd_avx2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return false;
}
