/* Instruction sets by name: every combination that can be is printed so that it reads back.
 */
#include "check.h"

#include <dfnet4/cpu.h>
#include <string.h>

static bool possible(unsigned cpu)
{
    return (!(cpu & DFN_CPU_AVX512) || cpu & DFN_CPU_AVX2) &&
           (!(cpu & (DFN_CPU_VNNI | DFN_CPU_BF16)) || cpu & DFN_CPU_AVX512) &&
           (!(cpu & DFN_CPU_DOTPROD) || cpu & DFN_CPU_NEON);
}

static void check_name(const char *name, unsigned want)
{
    unsigned cpu = 77;
    char text[DFN_CPU_TEXT];
    CHECK(dfn_cpu_parse(&cpu, name) && cpu == want, "'%s' is %#x, not %#x", name, cpu,
          want);
    CHECK(!strcmp(dfn_cpu_print(text, sizeof text, want), name), "%#x is '%s', not '%s'",
          want, text, name);
}

int main(void)
{
    static const char *const bad[] = {"",      "avx",       "avx22", "+",
                                      "avx2+", "+avx2",     "AVX2",  "avx2,neon",
                                      "all",   "none+avx2", "avx2 ", "avx2++avx512"};
    char text[DFN_CPU_TEXT];
    int n = 0;
    for (unsigned cpu = 0; cpu < 2 * DFN_CPU_DOTPROD; cpu++) {
        unsigned again = 77;
        dfn_cpu_print(text, sizeof text, cpu);
        CHECK(strlen(text) < sizeof text - 1, "'%s' may be cut", text);
        CHECK(!possible(cpu) || (dfn_cpu_parse(&again, text) && again == cpu),
              "%#x is '%s', which is %#x", cpu, text, again);
        n += possible(cpu);
    }
    CHECK(n == 18, "%d combinations", n); /* 6 of x86 times 3 of arm64 */
    check_name("none", 0);
    check_name("avx2", DFN_CPU_AVX2);
    check_name("avx512", DFN_CPU_AVX2 | DFN_CPU_AVX512);
    check_name("vnni+bf16", DFN_CPU_AVX2 | DFN_CPU_AVX512 | DFN_CPU_VNNI | DFN_CPU_BF16);
    check_name("dotprod", DFN_CPU_NEON | DFN_CPU_DOTPROD);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned cpu = 77;
        CHECK(!dfn_cpu_parse(&cpu, bad[i]) && cpu == 77, "'%s' is taken", bad[i]);
    }
    unsigned cpu = 77;
    CHECK(dfn_cpu_parse(&cpu, "detect") && cpu == dfn_cpu_detect(), "detect is %#x", cpu);
    CHECK(possible(cpu), "this machine is impossible: %#x", cpu);
    CHECK(strlen(dfn_cpu_print(text, 6, DFN_CPU_AVX2 | DFN_CPU_AVX512 | DFN_CPU_BF16)) < 6,
          "wrote past the end");
    return check_report();
}
