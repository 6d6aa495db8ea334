/* fpu.h - flush denormals to zero while we compute: one sum of them costs as much as a
 * hundred others, and silence decays through them. The caller's mode is put back. */
#ifndef DFN_STREAM_FPU_H
#define DFN_STREAM_FPU_H

#include <stdint.h>

#if defined(__SSE2__)
#    include <immintrin.h>
typedef unsigned dfn_fpu_mode;
static inline dfn_fpu_mode dfn_fpu_enter(void)
{
    const dfn_fpu_mode mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040u); /* flush to zero, denormals are zero */
    return mode;
}
static inline void dfn_fpu_leave(dfn_fpu_mode mode) { _mm_setcsr(mode); }

#elif defined(__aarch64__)
typedef uint64_t dfn_fpu_mode;
static inline dfn_fpu_mode dfn_fpu_enter(void)
{
    dfn_fpu_mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)) : "memory");
    return mode;
}
static inline void dfn_fpu_leave(dfn_fpu_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}

#else
typedef int dfn_fpu_mode;
static inline dfn_fpu_mode dfn_fpu_enter(void) { return 0; }
static inline void dfn_fpu_leave(dfn_fpu_mode mode) { (void)mode; }
#endif

#endif
