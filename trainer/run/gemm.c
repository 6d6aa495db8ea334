#include "run/gemm.h"

#include <cblas.h>

void dfn_blas_init(void) { openblas_set_num_threads(1); }

const char *dfn_blas_core(void) { return openblas_get_corename(); }

void dfn_blas_gemm(float *c, const float *a, const float *b, int M, int N, int K, int lda,
                   int ldb, int ldc, bool at, bool bt, bool add)
{
    cblas_sgemm(CblasRowMajor, at ? CblasTrans : CblasNoTrans,
                bt ? CblasTrans : CblasNoTrans, M, N, K, 1, a, lda, b, ldb, add ? 1 : 0, c,
                ldc);
}
