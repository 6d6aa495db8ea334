/* cpu.h - instruction sets a plan may use. */
#ifndef DFNET4_CPU_H
#define DFNET4_CPU_H

#include <dfnet4/attr.h>
#include <stdbool.h>
#include <stddef.h>

DFN_BEGIN

enum {
    DFN_CPU_AVX2 = 1 << 0,   /* with FMA */
    DFN_CPU_AVX512 = 1 << 1, /* F, BW, DQ, VL; needs AVX2 as well */
    DFN_CPU_VNNI = 1 << 2,   /* AVX-512 VNNI: 8-bit dot products; needs AVX512 */
    DFN_CPU_BF16 = 1 << 3,   /* AVX-512 BF16: bfloat16 dot products; needs AVX512 */
    DFN_CPU_NEON = 1 << 4,
    DFN_CPU_DOTPROD = 1 << 5, /* arm64 8-bit dot products; needs NEON */
};

/** What this machine has. No cache, no global: ask once per plan and pass it on. rt: yes */
DFN_API unsigned dfn_cpu_detect(void);

/** Flags by name: "none", "detect" (all that this machine has), or sets joined with "+" out
 * of avx2, avx512, vnni, bf16, neon and dotprod, each with those that it needs. False, and
 * *cpu unchanged, for anything else. rt: no */
DFN_API bool dfn_cpu_parse(unsigned *cpu, const char *text);

enum { DFN_CPU_TEXT = 48 }; /* bytes that hold every name */

/** The shortest name for dfn_cpu_parse, "avx512+vnni" or "none", in text[size]. rt: no */
DFN_API const char *dfn_cpu_print(char *text, size_t size, unsigned cpu);

DFN_END

#endif
