/* matmul.h - which products matmul_bf16 rounds. */
#ifndef DFN_MATMUL_H
#define DFN_MATMUL_H

#include <stdbool.h>
#include <stdint.h>

/* Those of matrices of enough numbers, none of them narrow: elsewhere, rounding takes the
 * time that it saves, and they stay as they are. */
static inline bool matmul_rounds(int M, int N, int K)
{
    enum { LEAST = 16, NUMBERS = 1024 };
    return M >= LEAST && N >= LEAST && K >= LEAST && (int64_t)M * N >= NUMBERS &&
           (int64_t)N * K >= NUMBERS && (int64_t)K * M >= NUMBERS;
}

#endif
