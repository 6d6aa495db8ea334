/* cpu.h - the instruction sets that tests run with. */
#ifndef TEST_CPU_H
#define TEST_CPU_H

/** DFN_CPU_* for every plan and stream that runs as users run it: what this machine has, or
 * the level that the environment names in DFN_TEST_CPU (see dfn_cpu_parse). Exits with 1 if
 * there is no such level or this machine lacks it, because then nothing was tested. The
 * double oracle and what is compared with portable C on purpose take 0 instead. */
unsigned test_cpu(void);

#endif
