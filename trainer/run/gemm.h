/* gemm.h - OpenBLAS as the matrix product of a plan (dfn_plan_config.gemm). */
#ifndef DFN_TRAINER_GEMM_H
#define DFN_TRAINER_GEMM_H

#include <dfnet4/graph.h>

/** Make OpenBLAS compute each product in the thread that asks for it: then a result depends
 * on nothing that other threads do. Once, before any thread calls dfn_blas_gemm. */
void dfn_blas_init(void);

/** Name of the processor that OpenBLAS chose its kernels for. */
const char *dfn_blas_core(void);

/** thread: any number at once, after dfn_blas_init */
dfn_gemm dfn_blas_gemm;

#endif
