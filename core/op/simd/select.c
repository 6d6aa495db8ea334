/* select.c - put the SIMD variants that the `cpu` flags allow into a table of kernels, from
 * the oldest instruction set to the newest. */
#include "op/kernels.h"

#define REAL float
#if defined(__x86_64__)
#    define DFN_KERNEL(name, args) void dfn_##name##_avx2 args;
#    include "op/sigs.h"
#    undef DFN_KERNEL
#    define DFN_KERNEL(name, args) void dfn_##name##_avx512 args;
#    include "op/sigs.h"
#    undef DFN_KERNEL
#elif defined(__aarch64__)
#    define DFN_KERNEL(name, args) void dfn_##name##_neon args;
#    include "op/sigs.h"
#    undef DFN_KERNEL
#endif
#undef REAL

void dfn_kernels_select(dfn_kernels *k, unsigned cpu)
{
    (void)k;
    (void)cpu;
#if defined(DFN_HAVE_SIMD) && defined(__x86_64__)
    if (cpu & DFN_CPU_AVX2) {
#    define DFN_SIMD(name) k->name = dfn_##name##_avx2;
#    include "op/simd/simd.def"
#    undef DFN_SIMD
    }
    if (cpu & DFN_CPU_AVX512) {
#    define DFN_SIMD(name) k->name = dfn_##name##_avx512;
#    include "op/simd/simd.def"
#    undef DFN_SIMD
    }
#elif defined(DFN_HAVE_SIMD) && defined(__aarch64__)
    if (cpu & DFN_CPU_NEON) {
#    define DFN_SIMD(name) k->name = dfn_##name##_neon;
#    include "op/simd/simd.def"
#    undef DFN_SIMD
    }
#endif
}
