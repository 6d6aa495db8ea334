/* cpu_name.c - instruction sets by name. */
#include <dfnet4/cpu.h>
#include <stdio.h>
#include <string.h>

/* Each with what it needs; a set stands behind those it needs. */
static const struct {
    const char *name;
    unsigned flag, with;
} sets[] = {
    {"avx2", DFN_CPU_AVX2, 0},
    {"avx512", DFN_CPU_AVX512, DFN_CPU_AVX2},
    {"vnni", DFN_CPU_VNNI, DFN_CPU_AVX512 | DFN_CPU_AVX2},
    {"bf16", DFN_CPU_BF16, DFN_CPU_AVX512 | DFN_CPU_AVX2},
    {"neon", DFN_CPU_NEON, 0},
    {"dotprod", DFN_CPU_DOTPROD, DFN_CPU_NEON},
};
enum { N_SETS = sizeof sets / sizeof *sets };

/* Flags of the name text[0..n), 0 if it is none. */
static unsigned find(const char *text, size_t n)
{
    for (int i = 0; i < N_SETS; i++)
        if (strlen(sets[i].name) == n && !strncmp(sets[i].name, text, n))
            return sets[i].flag | sets[i].with;
    return 0;
}

bool dfn_cpu_parse(unsigned *cpu, const char *text)
{
    unsigned all = 0;
    if (!strcmp(text, "none") || !strcmp(text, "detect")) {
        *cpu = *text == 'd' ? dfn_cpu_detect() : 0;
        return true;
    }
    for (;;) {
        const size_t n = strcspn(text, "+");
        const unsigned one = find(text, n);
        if (!one)
            return false;
        all |= one;
        if (!text[n])
            break;
        text += n + 1;
    }
    *cpu = all;
    return true;
}

const char *dfn_cpu_print(char *text, size_t size, unsigned cpu)
{
    size_t used = 0;
    unsigned implied = 0;
    for (int i = 0; i < N_SETS; i++)
        implied |= cpu & sets[i].flag ? sets[i].with : 0;
    snprintf(text, size, "none");
    for (int i = 0; i < N_SETS; i++)
        if (cpu & sets[i].flag & ~implied && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "+" : "",
                                     sets[i].name);
    return text;
}
