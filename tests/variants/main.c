#include "variants.h"

#include <dfnet4/cpu.h>

static const struct {
    const char *name;
    unsigned cpu;
} levels[] = {
    {"portable C", 0},
    {"avx2", DFN_CPU_AVX2},
    {"avx512", DFN_CPU_AVX2 | DFN_CPU_AVX512},
    {"avx512 with vnni and bf16",
     DFN_CPU_AVX2 | DFN_CPU_AVX512 | DFN_CPU_VNNI | DFN_CPU_BF16},
    {"neon", DFN_CPU_NEON},
    {"neon with dotprod", DFN_CPU_NEON | DFN_CPU_DOTPROD},
};

/* A variant that is never selected must not look tested. */
static void check_selected(const variant *v, unsigned cpu)
{
    dfn_kernels portable;
    dfn_kernels_init_c(&portable, 0);
#ifdef DFN_HAVE_SIMD
    const bool expected = cpu != 0;
#else
    const bool expected = false;
#endif
#define DFN_SIMD(name)                                                                     \
    CHECK((v->k.name != portable.name) == expected,                                        \
          "%s: " #name " is not the expected variant", v->level);
#define DFN_SIMD_BF16(name) DFN_SIMD(name)
#define DFN_SIMD_INT8(name) DFN_SIMD(name)
#define DFN_SIMD_DOT16(name)                                                               \
    CHECK((v->k.name != portable.name) == (expected && cpu & DFN_CPU_BF16),                \
          "%s: " #name " is not the expected variant", v->level);
#include "op/simd/simd.def"
}

int main(void)
{
    const unsigned have = dfn_cpu_detect();
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        variant v = {.level = levels[i].name};
        if ((levels[i].cpu & have) != levels[i].cpu) {
            printf("%s: not on this machine\n", v.level);
            continue;
        }
        const int before = check_failures;
        dfn_kernels_init_c(&v.k, levels[i].cpu);
        check_selected(&v, levels[i].cpu);
#define DFN_SIMD(name) variant_##name(&v);
#define DFN_SIMD_BF16(name) variant_##name(&v);
#define DFN_SIMD_INT8(name) variant_##name(&v);
#define DFN_SIMD_DOT16(name) variant_##name(&v);
#include "op/simd/simd.def"
        printf("%s: %s\n", v.level, check_failures == before ? "good" : "FAILED");
    }
    return check_report();
}
