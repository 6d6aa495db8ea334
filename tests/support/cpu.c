#include "cpu.h"

#include <dfnet4/cpu.h>
#include <stdio.h>
#include <stdlib.h>

unsigned test_cpu(void)
{
    const char *name = getenv("DFN_TEST_CPU");
    const unsigned have = dfn_cpu_detect();
    unsigned cpu = have;
    char text[DFN_CPU_TEXT];
    if (name && !dfn_cpu_parse(&cpu, name)) {
        fprintf(stderr, "DFN_TEST_CPU: there is no instruction set '%s'\n", name);
        exit(1);
    }
    if (cpu & ~have) {
        fprintf(stderr, "DFN_TEST_CPU: this machine lacks %s\n",
                dfn_cpu_print(text, sizeof text, cpu & ~have));
        exit(1);
    }
    return cpu;
}
