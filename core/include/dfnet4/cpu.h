/* cpu.h - instruction sets a plan may use. */
#ifndef DFNET4_CPU_H
#define DFNET4_CPU_H

#include <dfnet4/attr.h>

DFN_BEGIN

enum { DFN_CPU_AVX2 = 1 << 0, DFN_CPU_NEON = 1 << 1 };

/** What this machine has. No cache, no global: ask once per plan and pass it on. rt: yes */
DFN_API unsigned dfn_cpu_detect(void);

DFN_END

#endif
