/* norm.c - see op/layer_norm.c and op/softmax.c for the mathematics. */
#include "op/simd/math.h"

/* Sum over a row, what lies past its end counting as 0. Four sums, so that none waits for
 * the one before. */
static inline float row_sum(const float *x, int D)
{
    vf sum[4] = {vf_set(0), vf_set(0), vf_set(0), vf_set(0)};
    int i = 0;
    for (; i + 4 * VF <= D; i += 4 * VF)
        for (int k = 0; k < 4; k++)
            sum[k] = sum[k] + vf_load(x + i + k * VF);
    for (; i < D; i += VF)
        sum[0] = sum[0] + vf_load_some(x + i, (size_t)(D - i));
    return vf_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

typedef struct moments {
    float mean, r;
} moments;

/* Twice through the row: the sums around a first mean give the variance and what the mean
 * lacks, so that both are as good as from sums in double. */
static inline moments measure(const float *x, float eps, int D)
{
    const float start = row_sum(x, D) / (float)D;
    const vf middle = vf_set(start), zero = vf_set(0);
    vf sum[2] = {zero, zero}, square[2] = {zero, zero};
    int i = 0;
    for (; i + 2 * VF <= D; i += 2 * VF)
        for (int k = 0; k < 2; k++) {
            const vf d = vf_load(x + i + k * VF) - middle;
            sum[k] = sum[k] + d;
            square[k] = vf_fma(d, d, square[k]);
        }
    for (; i < D; i += VF) {
        const int n = D - i < VF ? D - i : VF;
        const vf d = vf_first(vf_load_some(x + i, (size_t)n) - middle, n, zero);
        sum[0] = sum[0] + d;
        square[0] = vf_fma(d, d, square[0]);
    }
    const float shift = vf_sum(sum[0] + sum[1]) / (float)D;
    const float var = vf_sum(square[0] + square[1]) / (float)D - shift * shift;
    return (moments){start + shift, 1 / sqrtf((var > 0 ? var : 0) + eps)};
}

void SIMD(layer_norm_fwd)(float *restrict y, const float *restrict x,
                          const float *restrict w, const float *restrict b, float eps,
                          int N, int D)
{
    for (int n = 0; n < N; n++, x += D, y += D) {
        const moments m = measure(x, eps, D);
        const vf mean = vf_set(m.mean), r = vf_set(m.r);
        for (int i = 0; i < D; i += VF) {
            const size_t k = (size_t)(D - i);
            const vf z = (vf_load_some(x + i, k) - mean) * r;
            vf_store_some(y + i, vf_fma(z, vf_load_some(w + i, k), vf_load_some(b + i, k)),
                          k);
        }
    }
}

/* dx of one row, and the sums for w and b. */
static inline void row_bwd(float *dx, float *dw, float *db, const float *dy, const float *x,
                           const float *w, moments m, int D)
{
    const vf mean = vf_set(m.mean), r = vf_set(m.r);
    vf sum = vf_set(0), dot = vf_set(0);
    for (int i = 0; i < D; i += VF) {
        const size_t k = (size_t)(D - i);
        const vf g = vf_load_some(w + i, k) * vf_load_some(dy + i, k); /* 0 past the end */
        sum = sum + g;
        dot = vf_fma(g, (vf_load_some(x + i, k) - mean) * r, dot);
    }
    const vf level = vf_set(vf_sum(sum) / (float)D), slope = vf_set(vf_sum(dot) / (float)D);
    for (int i = 0; i < D; i += VF) {
        const size_t k = (size_t)(D - i);
        const vf z = (vf_load_some(x + i, k) - mean) * r, g = vf_load_some(dy + i, k);
        const vf in = vf_fma(vf_load_some(w + i, k), g, vf_set(0) - level);
        vf_store_some(dx + i, vf_fma(r, vf_fnma(z, slope, in), vf_load_some(dx + i, k)), k);
        if (dw)
            vf_store_some(dw + i, vf_fma(g, z, vf_load_some(dw + i, k)), k);
        if (db)
            vf_store_some(db + i, g + vf_load_some(db + i, k), k);
    }
}

void SIMD(layer_norm_bwd)(float *restrict dx, float *restrict dw, float *restrict db,
                          const float *restrict dy, const float *restrict x,
                          const float *restrict w, float eps, int N, int D)
{
    for (int n = 0; n < N; n++, x += D, dx += D, dy += D)
        row_bwd(dx, dw, db, dy, x, w, measure(x, eps, D), D);
}

void SIMD(softmax_fwd)(float *restrict y, const float *restrict x, int N, int D)
{
    const vf lowest = vf_set(-INFINITY);
    for (int n = 0; n < N; n++, x += D, y += D) {
        vf high = lowest, sum = vf_set(0);
        for (int i = 0; i < D; i += VF) {
            const int k = D - i < VF ? D - i : VF;
            high = vf_max(high, vf_first(vf_load_some(x + i, (size_t)k), k, lowest));
        }
        const vf top = vf_set(vf_top(high));
        for (int i = 0; i < D; i += VF) {
            const int k = D - i < VF ? D - i : VF;
            const vf e = vf_exp(vf_load_some(x + i, (size_t)k) - top);
            vf_store_some(y + i, e, (size_t)k);
            sum = sum + vf_first(e, k, vf_set(0));
        }
        const vf scale = vf_set(1 / vf_sum(sum));
        for (int i = 0; i < D; i += VF) {
            const size_t k = (size_t)(D - i);
            vf_store_some(y + i, vf_load_some(y + i, k) * scale, k);
        }
    }
}

void SIMD(softmax_bwd)(float *restrict dx, const float *restrict dy,
                       const float *restrict y, int N, int D)
{
    for (int n = 0; n < N; n++, dx += D, dy += D, y += D) {
        vf sum = vf_set(0);
        for (int i = 0; i < D; i += VF) {
            const size_t k = (size_t)(D - i);
            sum = vf_fma(vf_load_some(dy + i, k), vf_load_some(y + i, k), sum);
        }
        const vf dot = vf_set(vf_sum(sum));
        for (int i = 0; i < D; i += VF) {
            const size_t k = (size_t)(D - i);
            const vf g = vf_load_some(dy + i, k) - dot;
            vf_store_some(dx + i,
                          vf_fma(vf_load_some(y + i, k), g, vf_load_some(dx + i, k)), k);
        }
    }
}
