#include "simd.h"

#include <string.h>

static const nr_simd_set *chosen;

#if defined(__x86_64__)
static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const nr_simd_set *nr_simd_best(void) {
    __builtin_cpu_init();
    if (has_avx512()) return &nr_simd_avx512;
    return has_avx2() ? &nr_simd_avx2 : NULL;
}

bool nr_simd_choose(const char *name) {
    __builtin_cpu_init();
    chosen = NULL;
    if (strcmp(name, nr_simd_avx512.name) == 0 && has_avx512())
        chosen = &nr_simd_avx512;
    if (strcmp(name, nr_simd_avx2.name) == 0 && has_avx2()) chosen = &nr_simd_avx2;
    return chosen || strcmp(name, "blas") == 0;
}
#else
const nr_simd_set *nr_simd_best(void) {
    return NULL;
}

bool nr_simd_choose(const char *name) {
    return strcmp(name, "blas") == 0;
}
#endif

const nr_simd_set *nr_simd(void) {
    return chosen;
}
