/* spectrum.c - see op/erb_feature.c, op/unit_norm.c and op/deep_filter.c for the
 * mathematics. */
#include "op/simd/pairs.h"

static const float floor_power = 1e-10f, ceiling = 1e30f, ten_over_ln10 = 4.34294481903f;

static inline float mean_power(const float *x, int width)
{
    vf sum = vf_set(0);
    for (int i = 0; i < 2 * width; i += VF) {
        const vf v = vf_load_some(x + i, (size_t)(2 * width - i));
        sum = vf_fma(v, v, sum);
    }
    return vf_sum(sum) / (float)width;
}

void SIMD(erb_feature_fwd)(float *restrict y, float *restrict s, const float *restrict x,
                           const int *widths, int E, float alpha)
{
    const vf a = vf_set(alpha), b = vf_set(1 - alpha);
    for (int e = 0; e < E; e += VF) {
        float power[VF] = {0};
        const int n = E - e < VF ? E - e : VF;
        for (int i = 0; i < n; x += 2 * widths[e + i++])
            power[i] = mean_power(x, widths[e + i]);
        const vf p = vf_min(vf_load(power), vf_set(ceiling)) + vf_set(floor_power);
        const vf d = vf_set(ten_over_ln10) * vf_log(p);
        const vf level = vf_fma(b, d, a * vf_load_some(s + e, (size_t)n));
        vf_store_some(s + e, level, (size_t)n);
        vf_store_some(y + e, (d - level) * vf_set(1.0f / 40), (size_t)n);
    }
}

static const float lowest = 1e-12f, highest = 1e30f;

void SIMD(unit_norm_fwd)(float *restrict y, float *restrict s, const float *restrict x,
                         int n, float alpha)
{
    const vf a = vf_set(alpha), b = vf_set(1 - alpha), one = vf_set(1);
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vc z = vc_load(x + 2 * i, m);
        const vf level = vf_fma(b, vf_hypot(z.re, z.im), a * vf_load_some(s + i, m));
        const vf kept = vf_min(vf_max(level, vf_set(lowest)), vf_set(highest));
        const vf scale = one / vf_sqrt(kept);
        vf_store_some(s + i, kept, m);
        vc_store(y + 2 * i, (vc){z.re * scale, z.im * scale}, m);
    }
}

void SIMD(unit_norm_bwd)(float *restrict dx, float *restrict ds, const float *restrict dy,
                         const float *restrict x, const float *restrict s, int n,
                         float alpha)
{
    const vf a = vf_set(alpha), b = vf_set(1 - alpha), zero = vf_set(0), one = vf_set(1);
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vc z = vc_load(x + 2 * i, m), g = vc_load(dy + 2 * i, m);
        const vf level = vf_load_some(s + i, m), r = vf_hypot(z.re, z.im);
        const vf scale = one / vf_sqrt(level);
        const vf dot = vf_fma(g.re, z.re, g.im * z.im);
        const vf down = vf_load_some(ds + i, m) - dot * scale / (level + level);
        const vf low = vf_select(vf_gt(level, vf_set(lowest)), down, zero);
        const vf after = vf_select(vf_gt(vf_set(highest), level), low, zero);
        const vm there = vf_gt(r, zero);
        const vf radial = vf_select(there, b * after / vf_select(there, r, one), zero);
        vc_add_to(
            dx + 2 * i,
            (vc){vf_fma(g.re, scale, radial * z.re), vf_fma(g.im, scale, radial * z.im)},
            m);
        vf_store_some(ds + i, a * after, m);
    }
}

/* y = sum of c x with coefficients side by side (bin_step 1); with other steps, bin by bin.
 */
static inline void filter_rows(float *y, const float *c, const float *const *x, int bins,
                               int order, int tap_step)
{
    for (int i = 0; i < 2 * bins; i += VF) {
        const size_t n = (size_t)(2 * bins - i);
        vf sum = vf_set(0);
        for (int k = 0; k < order; k++) {
            const vf h = vf_load_some(c + 2 * k * tap_step + i, n);
            const vf z = vf_load_some(x[k] + i, n);
            const vf turned = vf_odd(h) * vf_swap_pairs(z);
            sum = sum + vf_fmaddsub(vf_even(h), z, turned);
        }
        vf_store_some(y + i, sum, n);
    }
}

static inline void filter_bins(float *y, const float *c, const float *const *x, int bins,
                               int order, int bin_step, int tap_step)
{
    for (int f = 0; f < bins; f++) {
        float re = 0, im = 0;
        for (int k = 0; k < order; k++) {
            const float *h = c + 2 * (f * bin_step + k * tap_step), *z = x[k] + 2 * f;
            re += h[0] * z[0] - h[1] * z[1];
            im += h[0] * z[1] + h[1] * z[0];
        }
        y[2 * f] = re;
        y[2 * f + 1] = im;
    }
}

void SIMD(deep_filter_fwd)(float *restrict y, const float *restrict c,
                           const float *const *x, int bins, int order, int bin_step,
                           int tap_step)
{
    if (bin_step == 1)
        filter_rows(y, c, x, bins, order, tap_step);
    else
        filter_bins(y, c, x, bins, order, bin_step, tap_step);
}
