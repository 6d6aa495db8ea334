/* select.c - put the SIMD variants that the `cpu` flags allow into a table of kernels, from
 * the oldest instruction set to the newest. */
#include "op/kernels.h"

#if defined(DFN_HAVE_SIMD)

#    define REAL float
#    define DFN_KERNEL(name, args)                                                         \
        void dfn_##name##_avx2 args;                                                       \
        void dfn_##name##_avx512 args;                                                     \
        void dfn_##name##_vnni args;                                                       \
        void dfn_##name##_bf16 args;                                                       \
        void dfn_##name##_neon args;                                                       \
        void dfn_##name##_dotprod args;
#    include "op/sigs.h"
#    undef DFN_KERNEL
#    undef REAL

void dfn_kernels_select(dfn_kernels *k, unsigned cpu)
{
#    if defined(__x86_64__)
    const bool avx512 = cpu & DFN_CPU_AVX2 && cpu & DFN_CPU_AVX512;
    if (cpu & DFN_CPU_AVX2) {
#        define DFN_SIMD(name) k->name = dfn_##name##_avx2;
#        define DFN_SIMD_BF16(name) k->name = dfn_##name##_avx2;
#        define DFN_SIMD_INT8(name) k->name = dfn_##name##_avx2;
#        include "op/simd/simd.def"
    }
    if (avx512) {
#        define DFN_SIMD(name) k->name = dfn_##name##_avx512;
#        define DFN_SIMD_BF16(name) k->name = dfn_##name##_avx512;
#        include "op/simd/simd.def"
    }
    if (avx512 && cpu & DFN_CPU_VNNI) {
#        define DFN_SIMD_INT8(name) k->name = dfn_##name##_vnni;
#        include "op/simd/simd.def"
    }
    if (avx512 && cpu & DFN_CPU_BF16) {
#        define DFN_SIMD_BF16(name) k->name = dfn_##name##_bf16;
#        define DFN_SIMD_DOT16(name) k->name = dfn_##name##_bf16;
#        include "op/simd/simd.def"
    }
#    elif defined(__aarch64__)
    if (cpu & DFN_CPU_NEON) {
#        define DFN_SIMD(name) k->name = dfn_##name##_neon;
#        define DFN_SIMD_BF16(name) k->name = dfn_##name##_neon;
#        define DFN_SIMD_INT8(name) k->name = dfn_##name##_neon;
#        include "op/simd/simd.def"
    }
    if (cpu & DFN_CPU_NEON && cpu & DFN_CPU_DOTPROD) {
#        define DFN_SIMD_INT8(name) k->name = dfn_##name##_dotprod;
#        include "op/simd/simd.def"
    }
#    endif
}

#else

void dfn_kernels_select(dfn_kernels *k, unsigned cpu)
{
    (void)k;
    (void)cpu;
}

#endif
