/* matmul.h - which products matmul_bf16 rounds. */
#ifndef DFN_MATMUL_H
#define DFN_MATMUL_H

#include <stdbool.h>

/* Those of enough numbers: in small ones, rounding takes the time that it saves, and they
 * stay as they are. */
static inline bool matmul_rounds(int M, int N, int K)
{
    return M >= 16 && N >= 32 && K >= 32;
}

#endif
