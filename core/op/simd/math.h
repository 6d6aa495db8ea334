/* math.h - elementary functions on vectors.
 *
 * Errors are the largest found against double, in units in the last place of the result;
 * tests/variants/math.c measures them over all floats and holds them to these bounds.
 *
 *   vf_exp       1    0 below -86.98 (1.7e-38), infinite above 88.72
 *   vf_exp2      0.9  x <= 0; 0 below -126.5
 *   vf_expm1     1    x <= 0
 *   vf_log       1    x below FLT_MIN counts as FLT_MIN
 *   vf_power     30  x^0.15 of any x, nearly all of it from the rounding of exponents
 *   vf_inverse_root  2    1 / sqrt(x)
 *   vf_sigmoid   2.5
 *   vf_silu      2.5
 *   vf_tanh      3
 *   vf_softplus  3    x itself above 20
 *   vf_cdf       7    of the normal distribution; below -12.8 (1e-37) it fades to 0
 *   vf_gelu      7.5  x vf_cdf(x)
 *   vf_hypot     1.5  without overflow or underflow on the way
 *
 * NaN in, NaN out. No branch depends on a value. The polynomials minimise the largest
 * relative error of the whole formula (Remez); tools/minimax.py derives them. */
#ifndef DFN_SIMD_MATH_H
#define DFN_SIMD_MATH_H

#include "op/simd/simd.h"

#include <float.h>
#include <math.h>

/* x = n ln 2 + r, |r| <= ln 2 / 2; s = 2^(n-1), for n = -126 .. 128 (0 at -126). The sum
 * with 1.5 2^23 rounds to an integer and leaves it in the lowest bits. ln 2 comes in two
 * parts, and n times the first one is exact. */
typedef struct vf_reduced {
    vf r, s;
} vf_reduced;

static inline vf_reduced vf_reduce(vf x)
{
    const vf magic = vf_set(12582912);
    const vf t = vf_fma(x, vf_set(1.44269504f), magic), n = t - magic;
    const vf r = vf_fnma(n, vf_set(0.693145752f), x);
    return (vf_reduced){vf_fnma(n, vf_set(1.42860677e-6f), r), vf_exp2_magic(t)};
}

/* e^r - 1 = r + r^2 P(r) */
static inline vf vf_expm1_small(vf r)
{
    vf p = vf_set(0.00138358364f);
    p = vf_fma(p, r, vf_set(0.00836711843f));
    p = vf_fma(p, r, vf_set(0.0416677557f));
    p = vf_fma(p, r, vf_set(0.16666539f));
    p = vf_fma(p, r, vf_set(0.49999997f));
    return vf_fma(r * r, p, r);
}

static inline vf vf_exp(vf x)
{
    const vf two = vf_set(2);
    const vf_reduced k = vf_reduce(vf_min(vf_set(88.8f), vf_max(vf_set(-87.3f), x)));
    return vf_fma(vf_expm1_small(k.r), two, two) * k.s;
}

/* (2^f - 1) / f, |f| <= 1/2 */
static inline vf vf_exp2_slope(vf f)
{
    vf p = vf_set(0.000153368775f);
    p = vf_fma(p, f, vf_set(0.00133905688f));
    p = vf_fma(p, f, vf_set(0.00961848348f));
    p = vf_fma(p, f, vf_set(0.0555036142f));
    p = vf_fma(p, f, vf_set(0.240226477f));
    return vf_fma(p, f, vf_set(0.693147182f));
}

/* 2^x for x <= 0: x = n + f, |f| <= 1/2. The heart of the selective scan, where products
 * are what is scarce: hence hardly more of them than the polynomial has. */
static inline vf vf_exp2(vf x)
{
    const vf magic = vf_set(12582913), a = vf_max(vf_set(-127), x); /* 1.5 2^23 + 1 */
    const vf t = a + magic, f = a - (t - magic);
    return vf_fma(vf_exp2_slope(f), f, vf_set(1)) * vf_exp2_magic(t);
}

/* x <= 0: 2^n (e^r - 1) + 2^n - 1, where the last difference is exact or does not matter */
static inline vf vf_expm1(vf x)
{
    const vf two = vf_set(2);
    const vf_reduced k = vf_reduce(vf_max(vf_set(-87.3f), x));
    return vf_fma(vf_expm1_small(k.r) * two, k.s, vf_fma(k.s, two, vf_set(-1)));
}

/* x = m 2^e with m around 1, f = m - 1: log x = e ln 2 + f - f^2/2 + f^3 P(f) */
static inline vf vf_log(vf x)
{
    const vf one = vf_set(1), top = vf_set(INFINITY);
    const vf a = vf_max(vf_set(FLT_MIN), x);
    const vf m2 = vf_mantissa(a);
    const vm high = vf_gt(m2, vf_set(1.41421356f));
    const vf e = vf_exponent(a) + vf_select(high, one, vf_set(0));
    const vf f = vf_select(high, vf_set(0.5f) * m2, m2) - one, f2 = f * f;
    vf p = vf_set(-0.0768281743f);
    p = vf_fma(p, f, vf_set(0.127796918f));
    p = vf_fma(p, f, vf_set(-0.131581038f));
    p = vf_fma(p, f, vf_set(0.142009825f));
    p = vf_fma(p, f, vf_set(-0.16623351f));
    p = vf_fma(p, f, vf_set(0.200012594f));
    p = vf_fma(p, f, vf_set(-0.250008225f));
    p = vf_fma(p, f, vf_set(0.333333313f));
    vf y = vf_fma(f2 * f, p, e * vf_set(1.42860677e-6f));
    y = vf_fma(vf_set(-0.5f), f2, y) + f;
    y = vf_fma(e, vf_set(0.693145752f), y);
    return vf_select(vf_gt(top, x), y, x); /* infinite and NaN stay */
}

/* x^p, and 1 / sqrt(x), of x > 0 */
#if defined(VF_SCALES)
/* x = m 2^e, m around 1, f = m - 1: log2 x = e + f Q(f), wrong by 5e-7; 2^(n + r) as in
 * vf_exp2, wrong by 3e-7: both less than the rounding of e + f Q times a small exponent */
static inline vf vf_power(vf x, vf exponent)
{
    const vf e = vf_floor_log2(x * vf_set(0.707106781f)) + vf_set(1);
    const vf f = vf_scale(x, vf_set(0) - e) - vf_set(1);
    vf p = vf_set(0.194673821f);
    p = vf_fma(p, f, vf_set(-0.284662277f));
    p = vf_fma(p, f, vf_set(0.2949754f));
    p = vf_fma(p, f, vf_set(-0.357545555f));
    p = vf_fma(p, f, vf_set(0.480505735f));
    p = vf_fma(p, f, vf_set(-0.721412778f));
    p = vf_fma(p, f, vf_set(1.44269967f));
    const vf y = vf_fma(p, f, e) * exponent, n = vf_round(y), r = y - n;
    p = vf_set(0.00131018483f);
    p = vf_fma(p, r, vf_set(0.00967045873f));
    p = vf_fma(p, r, vf_set(0.0555118881f));
    p = vf_fma(p, r, vf_set(0.240222812f));
    p = vf_fma(p, r, vf_set(0.693147182f));
    return vf_scale(vf_fma(p, r, vf_set(1)), n);
}

static inline vf vf_inverse_root(vf x)
{
    const vf y = vf_near_inverse_root(x), half = vf_set(0.5f) * y;
    return vf_fma(half, vf_fnma(x * y, y, vf_set(1)), y);
}
#else
static inline vf vf_power(vf x, vf exponent) { return vf_exp(vf_log(x) * exponent); }
static inline vf vf_inverse_root(vf x) { return vf_set(1) / vf_sqrt(x); }
#endif

static inline vf vf_sigmoid(vf x)
{
    const vf one = vf_set(1);
    return one / (one + vf_exp(vf_set(0) - x));
}

static inline vf vf_silu(vf x) { return x / (vf_set(1) + vf_exp(vf_set(0) - x)); }

/* tanh |x| = -m / (2 + m), m = e^(-2 |x|) - 1 */
static inline vf vf_tanh(vf x)
{
    const vf two = vf_set(2), m = vf_expm1(vf_set(-2) * vf_abs(x));
    return vf_copysign(m / (two + m), x);
}

/* max(x, 0) + log(1 + z), z = e^-|x|: log(1 + z) = 2 atanh(w), w = z / (2 + z) <= 1/3 */
static inline vf vf_softplus(vf x)
{
    const vf z = vf_exp(vf_set(0) - vf_abs(x));
    const vf w = z / (vf_set(2) + z), w2 = w * w;
    vf p = vf_set(0.24246344f);
    p = vf_fma(p, w2, vf_set(0.214437187f));
    p = vf_fma(p, w2, vf_set(0.286152184f));
    p = vf_fma(p, w2, vf_set(0.399989486f));
    p = vf_fma(p, w2, vf_set(0.666666746f));
    return vf_max(vf_set(0), x) + vf_fma(w2 * w, p, w + w);
}

/* e^(-x^2/2) with x^2 in two parts, since the exponent is large where the result is small
 */
static inline vf vf_bell(vf x)
{
    const vf a = vf_min(vf_set(14), vf_abs(x)), half = vf_set(-0.5f);
    const vf hi = a * a, lo = vf_fma(a, a, vf_set(0) - hi), e = vf_exp(half * hi);
    return vf_fma(e * half, lo, e);
}

/* Of |x|, the tail is e^(-x^2/2) t P(t), t = 1 / (1 + |x| / 4); `bell` is vf_bell(x) */
static inline vf vf_tail(vf x, vf bell)
{
    const vf one = vf_set(1), a = vf_min(vf_set(14), vf_abs(x));
    const vf t = one / vf_fma(a, vf_set(0.25f), one);
    vf p = vf_set(0.0165803563f);
    p = vf_fma(p, t, vf_set(-0.0627954155f));
    p = vf_fma(p, t, vf_set(0.0516586639f));
    p = vf_fma(p, t, vf_set(0.0284291543f));
    p = vf_fma(p, t, vf_set(0.0127160233f));
    p = vf_fma(p, t, vf_set(0.0866553187f));
    p = vf_fma(p, t, vf_set(0.0719997585f));
    p = vf_fma(p, t, vf_set(0.0955156833f));
    p = vf_fma(p, t, vf_set(0.0994925573f));
    p = vf_fma(p, t, vf_set(0.0997479036f));
    return bell * t * p;
}

static inline vf vf_cdf(vf x)
{
    const vf tail = vf_tail(x, vf_bell(x));
    return vf_select(vf_gt(x, vf_set(0)), vf_set(1) - tail, tail);
}

static inline vf vf_gelu(vf x) { return x * vf_cdf(x); }

/* Scaled by a power of two where squares would leave the range. */
static inline vf vf_hypot(vf re, vf im)
{
    const vf one = vf_set(1), top = vf_max(vf_abs(re), vf_abs(im));
    const vm large = vf_gt(top, vf_set(0x1p60f)), small = vf_gt(vf_set(0x1p-40f), top);
    const vf s = vf_select(large, vf_set(0x1p-70f), vf_select(small, vf_set(0x1p80f), one));
    const vf back =
        vf_select(large, vf_set(0x1p70f), vf_select(small, vf_set(0x1p-80f), one));
    const vf a = re * s, b = im * s;
    return vf_sqrt(vf_fma(a, a, b * b)) * back;
}

#endif
