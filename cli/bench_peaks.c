/* bench_peaks.c - what a core of this machine can do at best, to compare operators with. */
#define _GNU_SOURCE /* madvise, cache sizes */
#include "bench.h"
#include "bench_peak.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TRIES = 25, LARGE_PAGE = 1 << 21, L3_MAX = 8 << 20, DRAM_MAX = 1 << 28 };
static const double at_least = 1e-3; /* seconds of a try */

static const struct {
    unsigned cpu;
    dfn_weight_format format;
    bench_multiply *multiply;
    bench_read *read;
} loops[] = {
    {0, DFN_WEIGHTS_F32, bench_multiply_none, bench_read_none},
#if defined(DFN_HAVE_SIMD) && defined(__x86_64__)
    {DFN_CPU_AVX2, DFN_WEIGHTS_F32, bench_multiply_avx2, bench_read_avx2},
    {DFN_CPU_AVX512, DFN_WEIGHTS_F32, bench_multiply_avx512, bench_read_avx512},
    {DFN_CPU_BF16, DFN_WEIGHTS_BF16, bench_multiply_bf16, NULL},
    {DFN_CPU_AVX2, DFN_WEIGHTS_INT8, bench_multiply_int8_avx2, NULL},
    {DFN_CPU_VNNI, DFN_WEIGHTS_INT8, bench_multiply_vnni, NULL},
#elif defined(DFN_HAVE_SIMD)
    {DFN_CPU_NEON, DFN_WEIGHTS_F32, bench_multiply_neon, NULL},
    {DFN_CPU_DOTPROD, DFN_WEIGHTS_INT8, bench_multiply_dotprod, NULL},
#endif
};
enum { N_LOOPS = sizeof loops / sizeof *loops };

/* The best of some tries is what the machine can do; the others were disturbed. */
static double multiply_speed(bench_multiply *f, float *sink)
{
    double best = 0, done;
    long rounds = 1000;
    for (int i = 0; i < TRIES;) {
        const int64_t start = bench_clock();
        done = f(rounds, sink);
        const double took = (double)(bench_clock() - start) / 1e9;
        if (took < at_least) {
            rounds *= 2;
            continue;
        }
        best = done / took > best ? done / took : best;
        i++;
    }
    return best / 1e9;
}

static double read_speed(bench_read *f, const float *x, size_t bytes, float *sink)
{
    double best = 0;
    long rounds = 1;
    for (int i = 0; i < TRIES;) {
        const int64_t start = bench_clock();
        for (long r = 0; r < rounds; r++)
            f(x, bytes / sizeof *x, sink);
        const double took = (double)(bench_clock() - start) / 1e9;
        if (took < at_least) {
            rounds *= 2;
            continue;
        }
        const double speed = (double)bytes * (double)rounds / took;
        best = speed > best ? speed : best;
        i++;
    }
    return best / 1e9;
}

/* Bytes of a cache, or a guess. */
static size_t cache(int name, size_t guess)
{
    const long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : guess;
}

static bench_read *widest_read(void)
{
    bench_read *widest = bench_read_none;
    for (int i = 0; i < N_LOOPS; i++)
        if (loops[i].read && !(loops[i].cpu & ~dfn_cpu_detect()))
            widest = loops[i].read;
    return widest;
}

/* Half of the small caches, a part of the shared one that others leave us, and memory:
 * several times the largest cache, which may be that of several chips. */
static void read_all(bench_peaks *p, float *sink)
{
    const size_t l1 = cache(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
    const size_t l2 = cache(_SC_LEVEL2_CACHE_SIZE, 512 << 10);
    const size_t l3 = cache(_SC_LEVEL3_CACHE_SIZE, 8 << 20);
    const size_t share = l3 / 4 < L3_MAX ? l3 / 4 : L3_MAX;
    const size_t most = 4 * l3 < DRAM_MAX ? 4 * l3 : DRAM_MAX;
    const size_t whole = (most + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    const size_t bytes[BENCH_CACHES] = {l1 / 2, l2 / 2, share, whole};
    float *x = aligned_alloc(LARGE_PAGE, whole);
    if (!x)
        return;
    madvise(x, whole, MADV_HUGEPAGE); /* it may refuse */
    memset(x, 0, whole);
    for (int i = 0; i < BENCH_CACHES; i++) {
        p->bytes[i] = (double)bytes[i];
        p->read[i] = read_speed(widest_read(), x, bytes[i] / 4096 * 4096, sink);
    }
    free(x);
}

bool bench_find_peaks(int pipe, const void *unused)
{
    bench_message m = {.kind = BENCH_PEAKS};
    float sink = 0;
    (void)unused;
    for (int i = 0; i < N_LOOPS && m.peaks.n < BENCH_PEAKS_MAX; i++)
        if (!(loops[i].cpu & ~dfn_cpu_detect()))
            m.peaks.compute[m.peaks.n++] = (bench_peak){
                loops[i].cpu, loops[i].format, multiply_speed(loops[i].multiply, &sink)};
    read_all(&m.peaks, &sink);
    m.peaks.sink = sink;
    bench_tell(pipe, &m);
    return true;
}

double bench_peak_of(const bench_peaks *p, unsigned cpu, dfn_weight_format f)
{
    double best = 0;
    for (int i = 0; i < p->n; i++)
        if (p->compute[i].format == f && !(p->compute[i].cpu & ~cpu) &&
            p->compute[i].gops > best)
            best = p->compute[i].gops;
    return best > 0 || f <= DFN_WEIGHTS_F32 ? best : bench_peak_of(p, cpu, DFN_WEIGHTS_F32);
}
