/* neon.h - the vector type of simd.h: 4 floats, arm64. */
#ifndef DFN_SIMD_NEON_H
#define DFN_SIMD_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#if defined(DFN_SIMD_DOTPROD)
#    define SIMD(name) dfn_##name##_dotprod
#else
#    define SIMD(name) dfn_##name##_neon
#endif

typedef float32x4_t vf;
typedef uint32x4_t vm;
enum { VF = 4 };

static inline vf vf_set(float x) { return vdupq_n_f32(x); }
static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline void vf_store(float *p, vf x) { vst1q_f32(p, x); }
static inline vf vf_load_part(const float *p, int n)
{
    float x[4] = {0};
    for (int i = 0; i < n && i < VF; i++)
        x[i] = p[i];
    return vld1q_f32(x);
}
static inline void vf_store_part(float *p, vf v, int n)
{
    float x[4];
    vst1q_f32(x, v);
    for (int i = 0; i < n && i < VF; i++)
        p[i] = x[i];
}

static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf vf_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
/* As on x86: the second argument if one of them is NaN. */
static inline vf vf_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vf vf_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vf vf_sqrt(vf x) { return vsqrtq_f32(x); }
static inline vf vf_abs(vf x) { return vabsq_f32(x); }
static inline vf vf_copysign(vf x, vf sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000), sign, x);
}
static inline vm vf_gt(vf a, vf b) { return vcgtq_f32(a, b); }
static inline vf vf_select(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }

static inline vf vf_exp2_magic(vf t)
{
    const int32x4_t i = vshlq_n_s32(vreinterpretq_s32_f32(t), 23);
    return vreinterpretq_f32_s32(vaddq_s32(i, vdupq_n_s32(126 << 23)));
}
static inline vf vf_exponent(vf x)
{
    const int32x4_t i = vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_f32(x), 23));
    return vcvtq_f32_s32(vsubq_s32(i, vdupq_n_s32(127)));
}
static inline vf vf_mantissa(vf x)
{
    const uint32x4_t bits = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x7fffff));
    return vreinterpretq_f32_u32(vorrq_u32(bits, vdupq_n_u32(0x3f800000)));
}

static inline float vf_sum(vf x) { return vaddvq_f32(x); }
static inline float vf_top(vf x) { return vmaxvq_f32(x); }
static inline vf vf_larger(vf a, vf b)
{
    const int32x4_t i = vmaxq_s32(vreinterpretq_s32_f32(a), vreinterpretq_s32_f32(b));
    return vreinterpretq_f32_s32(i);
}
static inline float vf_largest(vf x)
{
    const int32_t top = vmaxvq_s32(vreinterpretq_s32_f32(x));
    return vgetq_lane_f32(vreinterpretq_f32_s32(vdupq_n_s32(top)), 0);
}

static inline vf vf_halves(float lo, float hi)
{
    return vcombine_f32(vdup_n_f32(lo), vdup_n_f32(hi));
}
static inline vf vf_load_twice(const float *p)
{
    const float32x2_t h = vld1_f32(p);
    return vcombine_f32(h, h);
}
static inline vf vf_fold(vf x) { return vaddq_f32(x, vextq_f32(x, x, 2)); }
static inline float vf_sum_low(vf x) { return vaddv_f32(vget_low_f32(x)); }
static inline float vf_sum_high(vf x) { return vaddv_f32(vget_high_f32(x)); }
static inline vf vf_first(vf x, int n, vf rest)
{
    static const int32_t lane[4] = {0, 1, 2, 3};
    return vbslq_f32(vcgtq_s32(vdupq_n_s32(n), vld1q_s32(lane)), x, rest);
}

static inline void vf_unzip(vf lo, vf hi, vf *even, vf *odd)
{
    *even = vuzp1q_f32(lo, hi);
    *odd = vuzp2q_f32(lo, hi);
}
static inline void vf_zip(vf even, vf odd, vf *lo, vf *hi)
{
    *lo = vzip1q_f32(even, odd);
    *hi = vzip2q_f32(even, odd);
}
static inline vf vf_swap_pairs(vf x) { return vrev64q_f32(x); }
static inline vf vf_even(vf x) { return vtrn1q_f32(x, x); }
static inline vf vf_odd(vf x) { return vtrn2q_f32(x, x); }
static inline vf vf_fmaddsub(vf a, vf b, vf c)
{
    static const float sign[4] = {-1, 1, -1, 1};
    return vfmaq_f32(vmulq_f32(c, vld1q_f32(sign)), a, b);
}

static inline void vf_load_bf16(const uint16_t *p, vf *even, vf *odd)
{
    const uint32x4_t x = vreinterpretq_u32_u16(vld1q_u16(p));
    *even = vreinterpretq_f32_u32(vshlq_n_u32(x, 16));
    *odd = vreinterpretq_f32_u32(vandq_u32(x, vdupq_n_u32(0xffff0000)));
}
static inline void vf_set_bf16(const uint16_t *p, vf *even, vf *odd)
{
    uint32_t both;
    memcpy(&both, p, sizeof both);
    *even = vreinterpretq_f32_u32(vdupq_n_u32(both << 16));
    *odd = vreinterpretq_f32_u32(vdupq_n_u32(both & 0xffff0000));
}
static inline void vf_store_bf16(uint16_t *p, vf x)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t even = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t h = vaddq_u32(vaddq_u32(bits, even), vdupq_n_u32(0x7fff));
    h = vbslq_u32(vceqq_f32(x, x), h, vorrq_u32(bits, vdupq_n_u32(0x400000)));
    vst1_u16(p, vshrn_n_u32(h, 16));
}
static inline void vf_store_int8(int8_t *p, vf x)
{
    const int32x4_t i = vcvtnq_s32_f32(vf_min(vf_max(x, vf_set(-127)), vf_set(127)));
    const int16x4_t h = vqmovn_s32(i);
    const int8x8_t q = vqmovn_s16(vcombine_s16(h, h));
    vst1_lane_s32((int32_t *)p, vreinterpret_s32_s8(q), 0);
}

#endif
