/* attention.c - see op/attention.c for the mathematics. */
#include "op/simd/simd.h"

void SIMD(attention_score)(float *restrict s, const float *restrict q,
                           const float *restrict k, float scale, int heads, int width)
{
    for (int h = 0; h < heads; h++, q += width, k += width) {
        vf sum = vf_set(0);
        for (int i = 0; i < width; i += VF) {
            const size_t n = (size_t)(width - i);
            sum = vf_fma(vf_load_some(q + i, n), vf_load_some(k + i, n), sum);
        }
        s[h] = scale * vf_sum(sum);
    }
}

/* y += a x */
static inline void add_scaled(float *y, const float *x, float a, int n)
{
    const vf by = vf_set(a);
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        vf_store_some(y + i, vf_fma(by, vf_load_some(x + i, m), vf_load_some(y + i, m)), m);
    }
}

void SIMD(attention_mix)(float *restrict y, const float *restrict p,
                         const float *restrict v, int heads, int width)
{
    for (int h = 0; h < heads; h++)
        add_scaled(y + h * width, v + h * width, p[h], width);
}

void SIMD(attention_score_bwd)(float *dq, float *dk, const float *restrict ds,
                               const float *restrict q, const float *restrict k,
                               float scale, int heads, int width)
{
    for (int h = 0; h < heads; h++) { /* dq and dk may be one array */
        add_scaled(dq + h * width, k + h * width, scale * ds[h], width);
        add_scaled(dk + h * width, q + h * width, scale * ds[h], width);
    }
}

void SIMD(attention_mix_bwd)(float *restrict dp, float *restrict dv,
                             const float *restrict dy, const float *restrict p,
                             const float *restrict v, int heads, int width)
{
    for (int h = 0; h < heads; h++, dy += width, dv += width, v += width) {
        vf sum = vf_set(0);
        for (int i = 0; i < width; i += VF) {
            const size_t n = (size_t)(width - i);
            sum = vf_fma(vf_load_some(dy + i, n), vf_load_some(v + i, n), sum);
        }
        add_scaled(dv, dy, p[h], width);
        dp[h] += vf_sum(sum);
    }
}
