#include "op/kernels.h"

#include <dfnet4/cpu.h>

#if defined(__aarch64__) && defined(__linux__)
#    include <sys/auxv.h>
enum { HWCAP_DOT_PRODUCT = 1 << 20 }; /* asm/hwcap.h: HWCAP_ASIMDDP */
#endif

unsigned dfn_cpu_detect(void)
{
    unsigned cpu = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cpu |= DFN_CPU_AVX2;
    if (cpu && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        cpu |= DFN_CPU_AVX512;
        if (__builtin_cpu_supports("avx512vnni"))
            cpu |= DFN_CPU_VNNI;
        if (__builtin_cpu_supports("avx512bf16"))
            cpu |= DFN_CPU_BF16;
    }
#elif defined(__aarch64__)
    cpu |= DFN_CPU_NEON; /* part of every arm64 */
#    if defined(__linux__)
    if (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCT)
        cpu |= DFN_CPU_DOTPROD;
#    endif
#endif
    return cpu;
}

/* Measured with the weights of DeepFilterNet3: Zen 5 is 17 % slower without, Zen 4 (family
 * 19h with AVX-512) 7 to 14 % slower with it, as what is asked for takes the places of what
 * is needed. Others have not been measured. */
size_t dfn_cpu_ahead(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_is("amdfam19h") && __builtin_cpu_supports("avx512f"))
        return 0;
#endif
    return 4096;
}
