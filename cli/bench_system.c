/* bench_system.c - clocks, counters, memory, and what kind of machine this is. */
#define _GNU_SOURCE /* sched_setaffinity, syscall */
#include "bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef __SSE2__
#    include <immintrin.h>
#endif
#ifdef __linux__
#    include <linux/perf_event.h>
#    include <sched.h>
#    include <sys/syscall.h>
#endif

/* The file's first bytes as text; "" if it cannot be read. */
static const char *read_file(char *text, size_t size, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0, used = 0;
    while (fd >= 0 && (size_t)used + 1 < size &&
           (n = read(fd, text + used, size - 1 - (size_t)used)) > 0)
        used += n;
    if (fd >= 0)
        close(fd);
    text[used] = '\0';
    return text;
}

/* Whether a mapping is of a shared library that is not ours. */
static bool is_library(const char *line)
{
    return strstr(line, ".so") && !strstr(line, "libdfnet4");
}

/* The sum over all mappings is exact, where VmRSS may lag behind by some pages of each
 * processor. Libraries are left out: a process that was forked finds their pages again one
 * by one, and they would be there without us. */
double bench_rss_kib(void)
{
    char line[512];
    double sum = 0, rss;
    bool ours = true;
    FILE *f = fopen("/proc/self/smaps", "re");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (sscanf(line, "Rss: %lf", &rss) == 1)
            sum += ours ? rss : 0;
        else if (!colon || strcspn(line, "-") < (size_t)(colon - line))
            ours = !is_library(line); /* an address range begins a mapping */
    }
    if (f)
        fclose(f);
    return sum;
}

long bench_preempted(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nivcsw;
}

int64_t bench_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void bench_sleep_until(int64_t t)
{
    const struct timespec at = {(time_t)(t / 1000000000), (long)(t % 1000000000)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

#ifdef __linux__
bool bench_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

int bench_counter_open(void)
{
    struct perf_event_attr attr = {.size = sizeof attr,
                                   .type = PERF_TYPE_HARDWARE,
                                   .config = PERF_COUNT_HW_INSTRUCTIONS,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}
#else
bool bench_pin(int cpu) { return cpu < 0; }
int bench_counter_open(void) { return -1; }
#endif

double bench_counter_read(int counter)
{
    uint64_t n;
    return counter >= 0 && read(counter, &n, sizeof n) == sizeof n ? (double)n : -1;
}

/* First line of a file below /sys/devices/system/cpu, or NULL. */
static const char *setting(char *text, size_t size, const char *format, int cpu)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu < 0 ? 0 : cpu,
             format);
    read_file(text, size, path);
    text[strcspn(text, "\n")] = '\0';
    return *text ? text : NULL;
}

static const char *turbo(void)
{
    char text[16];
    if (setting(text, sizeof text, "../cpufreq/boost", 0))
        return *text == '1' ? "on" : "off";
    if (setting(text, sizeof text, "../intel_pstate/no_turbo", 0))
        return *text == '0' ? "on" : "off";
    return "unknown";
}

void bench_machine(char *text, size_t size, int cpu)
{
    static char info[8192];
    char governor[32], core[32] = "any core";
    const char *name = strstr(read_file(info, sizeof info, "/proc/cpuinfo"), "model name");
    name = name ? strchr(name, ':') : NULL;
    name = name && name[1] == ' ' ? name + 2 : "unknown processor";
    if (cpu >= 0)
        snprintf(core, sizeof core, "pinned to core %d", cpu);
    if (!setting(governor, sizeof governor, "cpufreq/scaling_governor", cpu))
        snprintf(governor, sizeof governor, "unknown");
    snprintf(text, size, "%.*s, %s; governor %s, turbo %s", (int)strcspn(name, "\n"), name,
             core, governor, turbo());
}

void bench_flush_denormals(void)
{
#if defined(__SSE2__)
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#elif defined(__aarch64__)
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)) : "memory");
#endif
}
