/* complex.c - see op/complex_*.c for the mathematics. */
#include "op/simd/pairs.h"

void SIMD(complex_mul_fwd)(float *restrict y, const float *a, const float *b, float sign,
                           size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const size_t m = n - i;
        const vc p = vc_load(a + 2 * i, m), q = vc_load(b + 2 * i, m);
        const vf im = vf_set(sign) * q.im;
        vc_store(
            y + 2 * i,
            (vc){vf_fma(p.re, q.re, vf_set(0) - p.im * im), vf_fma(p.re, im, p.im * q.re)},
            m);
    }
}

void SIMD(complex_mul_bwd)(float *da, float *db, const float *restrict dy, const float *a,
                           const float *b, float sign, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const size_t m = n - i;
        const vc p = vc_load(a + 2 * i, m), q = vc_load(b + 2 * i, m);
        const vc g = vc_load(dy + 2 * i, m);
        const vf s = vf_set(sign), im = s * q.im;
        const vc to_a = {vf_fma(g.re, q.re, g.im * im), vf_fnma(g.re, im, g.im * q.re)};
        const vc to_b = {vf_fma(g.re, p.re, g.im * p.im),
                         s * vf_fnma(g.re, p.im, g.im * p.re)};
        vc_add_to(da + 2 * i, to_a, m); /* da and db may be the same */
        vc_add_to(db + 2 * i, to_b, m);
    }
}

void SIMD(complex_abs_fwd)(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const vc z = vc_load(x + 2 * i, n - i);
        vf_store_some(y + i, vf_hypot(z.re, z.im), n - i);
    }
}

/* z / r, and 0 where r is 0 */
static inline vc direction(vc z, vf r)
{
    const vf zero = vf_set(0);
    const vm there = vf_gt(r, zero);
    const vf d = vf_select(there, r, vf_set(1));
    return (vc){vf_select(there, z.re / d, zero), vf_select(there, z.im / d, zero)};
}

void SIMD(complex_abs_bwd)(float *restrict dx, const float *restrict dy,
                           const float *restrict x, const float *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const size_t m = n - i;
        const vc u = direction(vc_load(x + 2 * i, m), vf_load_some(y + i, m));
        const vf g = vf_load_some(dy + i, m);
        vc_add_to(dx + 2 * i, (vc){g * u.re, g * u.im}, m);
    }
}

void SIMD(complex_unit_fwd)(float *restrict y, const float *restrict x, float e, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const vc z = vc_load(x + 2 * i, n - i);
        const vf d = vf_hypot(z.re, z.im) + vf_set(e);
        vc_store(y + 2 * i, (vc){z.re / d, z.im / d}, n - i);
    }
}

void SIMD(complex_unit_bwd)(float *restrict dx, const float *restrict dy,
                            const float *restrict x, float e, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const size_t m = n - i;
        const vc z = vc_load(x + 2 * i, m), g = vc_load(dy + 2 * i, m);
        const vf r = vf_hypot(z.re, z.im), d = r + vf_set(e);
        const vm there = vf_gt(r, vf_set(0));
        const vc u = direction(z, r);
        const vf along = vf_fma(g.re, u.re, g.im * u.im) * (r / d);
        const vf re = vf_fnma(along, u.re, g.re) / d, im = vf_fnma(along, u.im, g.im) / d;
        vc_add_to(dx + 2 * i,
                  (vc){vf_select(there, re, vf_set(0)), vf_select(there, im, vf_set(0))},
                  m);
    }
}

static const float smallest = 1e-12f, phase_guard = 1e-10f;

/* x^g, x normal */
static inline vf power(vf x, float g) { return vf_exp(vf_log(x) * vf_set(g)); }

void SIMD(complex_compress_fwd)(float *restrict y, const float *restrict x, float g,
                                size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        const vc z = vc_load(x + 2 * i, n - i);
        const vf r = vf_hypot(z.re, z.im), m = power(vf_max(vf_set(smallest), r), g);
        const vm there = vf_gt(r, vf_set(0));
        const vc u = direction(z, r);
        vc_store(y + 2 * i, (vc){vf_select(there, m * u.re, m), m * u.im}, n - i);
    }
}

void SIMD(complex_compress_bwd)(float *restrict dx, const float *restrict dy,
                                const float *restrict x, float g, size_t n)
{
    const vf zero = vf_set(0), least = vf_set(smallest);
    for (size_t i = 0; i < n; i += VF) {
        const size_t k = n - i;
        const vc z = vc_load(x + 2 * i, k), d = vc_load(dy + 2 * i, k);
        const vf r = vf_hypot(z.re, z.im), c = vf_max(least, r), m = power(c, g);
        const vc u = direction(z, r);
        const vf dot = vf_fma(d.re, u.re, d.im * u.im) * vf_set(g) * (m / c);
        const vf along = vf_select(vf_gt(least, r), zero, dot);
        const vf cross = vf_fnma(d.re, u.im, d.im * u.re) * m;
        const vf across = cross * (r / vf_max(r * r, vf_set(phase_guard)));
        vc_add_to(
            dx + 2 * i,
            (vc){vf_fnma(across, u.im, along * u.re), vf_fma(across, u.re, along * u.im)},
            k);
    }
}
