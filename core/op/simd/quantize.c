/* quantize.c - inputs of the packed products; see gemm.c. */
#include "op/simd/simd.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void round_row(uint16_t *restrict h, const float *restrict x, int n)
{
    int i = 0;
    for (; i + VF <= n; i += VF)
        vf_store_bf16(h + i, vf_load(x + i));
    if (i < n) {
        uint16_t last[VF];
        vf_store_bf16(last, vf_load_part(x + i, n - i));
        memcpy(h + i, last, (size_t)(n + n % 2 - i) * sizeof *h);
    }
}

/* Groups of whole units follow each other without gaps, and often rows do. */
void SIMD(round_bf16)(uint16_t *restrict h, const float *restrict x, int N, int G, int I,
                      int ldx)
{
    const bool whole = I % 2 == 0;
    const int groups = whole ? 1 : G, length = whole ? G * I : I;
    if (whole && ldx == length) {
        round_row(h, x, N * length);
        return;
    }
    for (int n = 0; n < N; n++, x += ldx)
        for (int g = 0; g < groups; g++, h += length + length % 2)
            round_row(h, x + g * length, length);
}

/* The largest |x|, NaN if there is one: bits of floats without sign order like integers. */
static float find_top(const float *x, int n)
{
    vf a = vf_set(0), b = a, c = a, d = a;
    int i = 0;
    for (; i + 4 * VF <= n; i += 4 * VF) {
        a = vf_larger(vf_abs(vf_load(x + i)), a);
        b = vf_larger(vf_abs(vf_load(x + i + VF)), b);
        c = vf_larger(vf_abs(vf_load(x + i + 2 * VF)), c);
        d = vf_larger(vf_abs(vf_load(x + i + 3 * VF)), d);
    }
    for (; i < n; i += VF)
        a = vf_larger(vf_abs(vf_load_some(x + i, (size_t)(n - i))), a);
    return vf_largest(vf_larger(vf_larger(a, b), vf_larger(c, d)));
}

void SIMD(quantize_int8)(int8_t *restrict q, float *restrict scale, const float *restrict x,
                         int N, int G, int I, int ldx)
{
    const float least = 1e-30f, most = 127;
    const int padded = (I + 3) / 4 * 4;
    for (int n = 0; n < N; n++, x += ldx) {
        const float top = find_top(x, G * I);
        const bool some = top > least && top <= FLT_MAX;
        const vf inverse = vf_set(some ? most / top : 0);
        const int groups = I == padded ? 1 : G, length = I == padded ? G * I : I;
        scale[n] = some ? top / most : top <= least ? 0 : NAN;
        for (int g = 0; g < groups; g++) {
            const float *xg = x + g * I;
            int i = 0;
            for (; i + 4 * VF <= length; i += 4 * VF)
                vf_store_int8_4(
                    q + i, vf_load(xg + i) * inverse, vf_load(xg + i + VF) * inverse,
                    vf_load(xg + i + 2 * VF) * inverse, vf_load(xg + i + 3 * VF) * inverse);
            for (; i + VF <= length; i += VF)
                vf_store_int8(q + i, vf_load(xg + i) * inverse);
            if (i < length) {
                int8_t last[VF];
                const int left = (length - i + 3) / 4 * 4;
                vf_store_int8(last, vf_load_part(xg + i, length - i) * inverse);
                memcpy(q + i, last, (size_t)left);
                i += left;
            }
            q += (length + 3) / 4 * 4;
        }
    }
}
