#include "op/op.h"

/* Measured with the weights of DeepFilterNet3: Zen 5 is 17 % slower without, Zen 4 (family
 * 19h with AVX-512) 7 to 14 % slower with it, as what is asked for takes the places of what
 * is needed. Others have not been measured. */
static size_t find_ahead(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_is("amdfam19h") && __builtin_cpu_supports("avx512f"))
        return 0;
#endif
    return 4096;
}

void OP(kernels_init)(KERNELS *k, unsigned cpu)
{
    k->ahead = find_ahead();
#define DFN_KERNEL(name, args) k->name = OP(name);
#include "op/sigs.h"
#undef DFN_KERNEL
#ifdef DFN_REAL_F64
    (void)cpu; /* the oracle is portable C */
#else
    dfn_kernels_select(k, cpu);
#endif
}
