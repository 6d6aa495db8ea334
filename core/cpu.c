#include <dfnet4/cpu.h>

unsigned dfn_cpu_detect(void)
{
    unsigned cpu = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cpu |= DFN_CPU_AVX2;
#elif defined(__aarch64__)
    cpu |= DFN_CPU_NEON;
#endif
    return cpu;
}
