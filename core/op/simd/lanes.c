/* lanes.c - 16 frames at once; op/lanes.h has the mathematics. */
#include "op/simd/shuffle.h"

#define REAL float
#include "op/lanes.h"

/* Blocks of VF x VF numbers are transposed; what is left of a frame goes one by one. */
void SIMD(lanes_gather)(float *restrict y, const float *restrict x, const float *restrict w,
                        int n, int hop, int lanes)
{
    int i = 0;
    for (; i + VF <= n; i += VF)
        for (int first = 0; first < DFN_LANES; first += VF) {
            const vf window = vf_load(w + i);
            vf block[VF];
            for (int j = 0; j < VF; j++) {
                block[j] = vf_set(0);
                if (first + j < lanes)
                    block[j] = window * vf_load(x + (size_t)(first + j) * (size_t)hop + i);
            }
            vf_transpose(block);
            for (int j = 0; j < VF; j++)
                vf_store(y + (i + j) * DFN_LANES + first, block[j]);
        }
    for (; i < n; i++)
        for (int j = 0; j < DFN_LANES; j++)
            y[i * DFN_LANES + j] =
                j < lanes ? w[i] * x[(size_t)j * (size_t)hop + (size_t)i] : 0;
}

void SIMD(lanes_scatter)(float *restrict x, const float *restrict y,
                         const float *restrict w, int n, int hop, int lanes)
{
    int i = 0;
    for (; i + VF <= n; i += VF)
        for (int first = 0; first < lanes; first += VF) {
            const vf window = vf_load(w + i);
            const int end = lanes - first < VF ? lanes - first : VF;
            vf block[VF];
            for (int j = 0; j < VF; j++)
                block[j] = vf_load(y + ((i + j) ^ 1) * DFN_LANES + first);
            vf_transpose(block);
            for (int j = 0; j < end; j++) {
                float *to = x + (size_t)(first + j) * (size_t)hop + i;
                vf_store(to, vf_fma(window, block[j], vf_load(to)));
            }
        }
    for (; i < n; i++)
        for (int j = 0; j < lanes; j++)
            x[(size_t)j * (size_t)hop + (size_t)i] += w[i] * y[(i ^ 1) * DFN_LANES + j];
}

void SIMD(lanes_pass)(float *restrict x, const float *restrict w, int radix, int m,
                      int blocks, bool back)
{
    if (back)
        lanes_any_pass(x, w, radix, m, blocks, true);
    else
        lanes_any_pass(x, w, radix, m, blocks, false);
}
