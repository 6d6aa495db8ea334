/* simd.h - one vector type `vf` of VF floats, whatever the instruction set.
 *
 * A kernel's SIMD source is written once with it and compiled once per instruction set,
 * each time into a library of its own with its own flags; SIMD(name) is the function's name
 * there. + - * / work on vf as on float.
 *
 *   vf_set               all lanes x             vf_load, _store     unaligned
 *   vf_load_part         first n lanes, rest 0   vf_store_part       first n lanes only
 *   vf_fma               a b + c, one rounding   vf_fnma             c - a b
 *   vf_min, _max         b where one is NaN      vf_gt, _select      m ? a : b
 *   vf_exp2_magic        2^(n-1) of 1.5 2^23 + n, n = -126 .. 128; 0 at -126
 *   vf_round, vf_scale   to the nearest whole number; x 2^n; where VF_SCALES is defined, as
 *   vf_floor_log2, vf_near_inverse_root       of x > 0; the latter to 14 bits
 *   vf_exponent          e of x = m 2^e, x normal and positive
 *   vf_mantissa          m, 1 <= m < 2
 *   vf_sum, _top         over the lanes, in one fixed order
 *   vf_larger, _largest  of numbers without sign; NaN is the largest, then infinity
 *   vf_first             first n lanes of x, the others of `rest`
 *   vf_halves            lo in the lower half of the lanes, hi in the upper one
 *   vf_load_twice        VF / 2 numbers, in both halves
 *   vf_fold              both halves their sum   vf_sum_low, _high   over one half
 *   vf_unzip, _zip       x0 y0 x1 y1 .. in two vectors to x0 x1 .., y0 y1 .., and back
 *   vf_swap_pairs        x1 x0 x3 x2 ..
 *   vf_even, _odd        x0 x0 x2 x2 .., x1 x1 x3 x3 ..
 *   vf_fmaddsub          a b - c in even lanes, a b + c in odd ones
 *   vf_load_bf16         of 2 VF bfloat16 those at even and those at odd places
 *   vf_set_bf16          of 2 bfloat16 each in all lanes
 *   vf_store_bf16        to the nearest, ties to even
 *   vf_store_int8, _4    |x| <= 127 or NaN, to the nearest, ties to even; of one vector, of
 *                        four: here, unless VF_STORES_INT8_4 is defined
 *
 * Rule: what a lane computes must not depend on where its element stands in an array, or on
 * the array's length, so that run(T) stays equal to T runs of one frame. Ends of arrays
 * therefore take the same vector code, on a part of a vector. */
#ifndef DFN_SIMD_H
#define DFN_SIMD_H

#include "op/kernels.h"

#if defined(DFN_SIMD_AVX512) || defined(DFN_SIMD_VNNI) || defined(DFN_SIMD_BF16)
#    include "op/simd/avx512.h"
#elif defined(DFN_SIMD_AVX2)
#    include "op/simd/avx2.h"
#elif defined(DFN_SIMD_NEON) || defined(DFN_SIMD_DOTPROD)
#    include "op/simd/neon.h"
#else
#    error "compile this file once per instruction set, with DFN_SIMD_..."
#endif

#ifndef VF_KEEP
#    define VF_KEEP(x) (void)(x) /* where registers are not scarce */
#endif

#ifndef VF_STORES_INT8_4
static inline void vf_store_int8_4(int8_t *p, vf a, vf b, vf c, vf d)
{
    vf_store_int8(p, a);
    vf_store_int8(p + VF, b);
    vf_store_int8(p + 2 * VF, c);
    vf_store_int8(p + 3 * VF, d);
}
#endif

/* What ends the sums of a block of outputs; packed.h. */
typedef struct ends {
    const float *bias, *scale;
    const int32_t *offset;
    float least; /* 0 if there is a relu, else -inf */
} ends;

#define REAL float
#define DFN_KERNEL(name, args) void SIMD(name) args;
#include "op/sigs.h"
#undef DFN_KERNEL
#undef REAL

/* In front of a loop with a constant number of rounds: its arrays become registers. */
#if defined(__clang__)
#    define SIMD_UNROLL _Pragma("clang loop unroll(full)")
#else
#    define SIMD_UNROLL _Pragma("GCC unroll 32")
#endif

/* `n` (1 or more) lanes at p, or all of them if there are as many. */
static inline vf vf_load_some(const float *p, size_t n)
{
    return n >= VF ? vf_load(p) : vf_load_part(p, (int)n);
}
static inline void vf_store_some(float *p, vf x, size_t n)
{
    if (n >= VF)
        vf_store(p, x);
    else
        vf_store_part(p, x, (int)n);
}

#endif
