/* Which of its kernels OpenBLAS uses, by the name that it gives them ("Haswell").
 *
 * It chooses them by the processor's model when it is loaded, and falls back to those
 * of 2004 on models that are younger than it (Debian 12's on newer Xeons: 31 GFLOP/s
 * where SkylakeX reaches 149). Its environment, OPENBLAS_CORETYPE, is the only other
 * way. */
#ifndef NEURANK_NN_BLAS_CORE_H
#define NEURANK_NN_BLAS_CORE_H

#include <stdbool.h>

/* "Haswell", "SkylakeX", ...; the same product has other last bits on another one. The
 * text is the library's. */
const char *nr_blas_core(void);

/* Where OpenBLAS has fallen back to kernels below the processor's instruction set, sets
 * OPENBLAS_CORETYPE to better ones. true: the program has to be started again for this.
 * Ends after two such starts at most, whatever the library does. What the user has set
 * stays; what an earlier start has set, on another machine perhaps, is judged anew
 * (NEURANK_OPENBLAS_CORE tells it). */
bool nr_blas_core_settle(void);

/* The choice itself. core: what OpenBLAS has chosen; has_avx2 (with FMA), has_avx512
 * (F, VL, BW, DQ), amd: the processor. NULL: it is well chosen, or unknown and so
 * younger than this table. */
const char *nr_blas_core_better(const char *core, bool has_avx2, bool has_avx512,
                                bool amd);

#endif
