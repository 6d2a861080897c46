#include "neurank/nn/gemm.h"

#include <cblas.h>
#include <limits.h>

#include "neurank/base/status.h"
#include "neurank/nn/blas_core.h"

void nr_gemm(size_t m, size_t n, size_t k, const float *x, size_t ldx, const float *w,
             size_t ldw, float *y, size_t ldy) {
    if (m == 0 || n == 0 || k == 0) return;
    NR_ASSERT(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX);
    NR_ASSERT(ldx <= INT_MAX && ldw <= INT_MAX && ldy <= INT_MAX);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0F,
                x, (int)ldx, w, (int)ldw, 1.0F, y, (int)ldy);
}

void nr_gemm_single_thread(void) {
    openblas_set_num_threads(1);
}

const char *nr_blas_core(void) {
    return openblas_get_corename();
}
