/* elementwise.c - see affine.c for the mathematics. */
#include "op/simd/simd.h"

void SIMD(affine_fwd)(float *restrict y, const float *restrict x, float alpha, float beta,
                      size_t n)
{
    const vf a = vf_set(alpha), b = vf_set(beta);
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(y + i, vf_fma(a, vf_load_some(x + i, n - i), b), n - i);
}
