#include "neurank/nn/blas_core.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "simd.h"

typedef enum { BELOW_AVX2, AVX2, AVX512 } level;

/* OpenBLAS's names for x86-64, up to 0.3.29. */
static const struct {
    const char *core;
    level level;
} cores[] = {
    {"Prescott", BELOW_AVX2},    {"Core2", BELOW_AVX2},
    {"Penryn", BELOW_AVX2},      {"Dunnington", BELOW_AVX2},
    {"Nehalem", BELOW_AVX2},     {"Atom", BELOW_AVX2},
    {"Sandybridge", BELOW_AVX2}, {"Athlon", BELOW_AVX2},
    {"Opteron", BELOW_AVX2},     {"Opteron_SSE3", BELOW_AVX2},
    {"Barcelona", BELOW_AVX2},   {"Nano", BELOW_AVX2},
    {"Bobcat", BELOW_AVX2},      {"Bulldozer", BELOW_AVX2},
    {"Piledriver", BELOW_AVX2},  {"Steamroller", BELOW_AVX2},
    {"Katmai", BELOW_AVX2},      {"Coppermine", BELOW_AVX2},
    {"Northwood", BELOW_AVX2},   {"Banias", BELOW_AVX2},
    {"Generic", BELOW_AVX2},     {"Haswell", AVX2},
    {"Excavator", AVX2},         {"Zen", AVX2},
    {"SkylakeX", AVX512},        {"Cooperlake", AVX512},
    {"SapphireRapids", AVX512},
};

static bool find_level(const char *core, level *out) {
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++) {
        if (strcasecmp(core, cores[i].core) != 0) continue;
        *out = cores[i].level;
        return true;
    }
    return false;
}

const char *nr_blas_core_better(const char *core, bool has_avx2, bool has_avx512,
                                bool amd) {
    level used, best = has_avx512 ? AVX512 : has_avx2 ? AVX2 : BELOW_AVX2;
    if (!find_level(core, &used)) return NULL;
    /* On AMD's AVX-512 OpenBLAS prefers its AVX2 kernels at times, and is right. */
    if (amd && used == AVX2) return NULL;
    if (used >= best) return NULL;
    return best == AVX512 ? "SkylakeX" : amd ? "Zen" : "Haswell";
}

#if defined(__x86_64__)

#define CORETYPE "OPENBLAS_CORETYPE"
#define OURS "NEURANK_OPENBLAS_CORE" /* what we have set; NOTHING: it was of no use */
#define NOTHING "-"

static const char *better_here(const char *core) {
    return nr_blas_core_better(core, nr_simd_runs(&nr_simd_avx2),
                               nr_simd_runs(&nr_simd_avx512),
                               __builtin_cpu_is("amd") != 0);
}

/* Does this processor have the instructions of these kernels? */
static bool runs_here(const char *core) {
    level used;
    if (!find_level(core, &used) || used == BELOW_AVX2) return true;
    return nr_simd_runs(used == AVX512 ? &nr_simd_avx512 : &nr_simd_avx2);
}

bool nr_blas_core_settle(void) {
    const char *set = getenv(CORETYPE), *ours = getenv(OURS), *core = nr_blas_core();
    if (set && (!ours || strcmp(set, ours) != 0)) return false; /* the user's */
    if (set) {
        bool taken = strcasecmp(core, set) == 0;
        if (taken && runs_here(core) && !better_here(core)) return false;
        unsetenv(CORETYPE);
        return (taken ? unsetenv(OURS) : setenv(OURS, NOTHING, 1)) == 0;
    }
    if (ours && strcmp(ours, NOTHING) == 0) return false;
    const char *better = better_here(core);
    return better && setenv(CORETYPE, better, 1) == 0 && setenv(OURS, better, 1) == 0;
}

#else

bool nr_blas_core_settle(void) {
    return false;
}

#endif
