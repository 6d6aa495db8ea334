/* The transform of 960 of every instruction set, and kissfft beside it, against sums in
 * double: noise, an impulse at every sample and in every bin, round trips, ends of arrays.
 */
#include "check.h"

#include <dfnet4/cpu.h>
#include <dfnet4/dsp.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOP = 480, SIZE = 2 * HOP, NUMBERS = SIZE + 2, GUARD = 32 };

static const double PI = 3.14159265358979323846;
static const float guard = -7777;

static const struct {
    const char *name;
    unsigned cpu;
} levels[] = {{"portable C", 0},
              {"avx2", DFN_CPU_AVX2},
              {"avx512", DFN_CPU_AVX2 | DFN_CPU_AVX512},
              {"neon", DFN_CPU_NEON}};
enum { LEVELS = sizeof levels / sizeof *levels };

typedef struct arrays {
    float memory[HOP + GUARD], hop[HOP + GUARD], spec[NUMBERS + GUARD];
} arrays;

static double cosine[SIZE], window[SIZE]; /* filled once, by main() */

/* cos(2 pi p / 960); the sine is a quarter of a turn behind. */
static double turn(int p) { return cosine[p % SIZE]; }
static double turn_sin(int p) { return cosine[(p + SIZE - SIZE / 4) % SIZE]; }

static void define_analysis(double *spec, const double *frame)
{
    for (int k = 0; k <= HOP; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < SIZE; i++) {
            re += frame[i] * window[i] * turn(i * k);
            im -= frame[i] * window[i] * turn_sin(i * k);
        }
        spec[2 * k] = re / SIZE;
        spec[2 * k + 1] = im / SIZE;
    }
}

static void define_synthesis(double *frame, const double *spec)
{
    for (int i = 0; i < SIZE; i++) {
        double sum = spec[0] + (i % 2 ? -1 : 1) * spec[2 * HOP];
        for (int k = 1; k < HOP; k++)
            sum += 2 * (spec[2 * k] * turn(i * k) - spec[2 * k + 1] * turn_sin(i * k));
        frame[i] = sum * window[i];
    }
}

static void set_guards(arrays *a)
{
    for (int i = 0; i < GUARD; i++)
        a->memory[HOP + i] = a->hop[HOP + i] = a->spec[NUMBERS + i] = guard;
}

static void check_guards(const char *level, const arrays *a)
{
    for (int i = 0; i < GUARD; i++)
        CHECK(a->memory[HOP + i] == guard && a->hop[HOP + i] == guard &&
                  a->spec[NUMBERS + i] == guard,
              "%s: wrote past the end", level);
}

/* Root of the mean square of the errors, relative to that of the numbers; the worst error
 * must stay below `limit` times the latter. */
static double compare(const char *level, const char *what, const float *got,
                      const double *want, int n, double limit)
{
    double error = 0, power = 0;
    for (int i = 0; i < n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        power += want[i] * want[i];
    }
    const double rms = sqrt(power / n);
    for (int i = 0; i < n; i++)
        CHECK(fabs((double)got[i] - want[i]) <= limit * rms, "%s, %s[%d]: %.9g, want %.9g",
              level, what, i, (double)got[i], want[i]);
    return sqrt(error / power);
}

/* Ten stages of radix 2 (960 < 2^10), or as good as that, window and scale: 12 roundings of
 * rms eps / sqrt(12) each are eps together, twice the variance where products are complex.
 * Among all numbers here some are six times the rms, and the window lets pass sqrt(2) more
 * in its middle than on average: 6 sqrt(2) sqrt(2) eps. */
static const double limit = 12 * (double)FLT_EPSILON;

static void check_noise(const char *level, dfn_stft *s, double error[2])
{
    double frame[SIZE], spec[NUMBERS], out[SIZE];
    arrays a;
    error[0] = error[1] = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        check_fill(frame, SIZE, seed);
        for (int i = 0; i < HOP; i++) {
            frame[i] = (double)(a.memory[i] = (float)frame[i]);
            frame[HOP + i] = (double)(a.hop[i] = (float)frame[HOP + i]);
        }
        set_guards(&a);
        dfn_stft_analyse(s, a.spec, a.memory, a.hop);
        check_guards(level, &a);
        CHECK(!memcmp(a.memory, a.hop, HOP * sizeof *a.hop), "%s: memory", level);
        CHECK(a.spec[1] == 0 && a.spec[NUMBERS - 1] == 0, "%s: end bins are real", level);
        define_analysis(spec, frame);
        error[0] += compare(level, "spec", a.spec, spec, NUMBERS, limit) / 8;

        check_fill(spec, NUMBERS, seed + 100);
        for (int i = 0; i < NUMBERS; i++)
            spec[i] = (double)(a.spec[i] = (float)spec[i]);
        memset(a.memory, 0, HOP * sizeof *a.memory);
        dfn_stft_synthesise(s, a.hop, a.memory, a.spec);
        check_guards(level, &a);
        define_synthesis(out, spec);
        error[1] += compare(level, "out", a.hop, out, HOP, limit) / 16;
        error[1] += compare(level, "memory", a.memory, out + HOP, HOP, limit) / 16;
    }
    a.spec[1] = INFINITY; /* imaginary parts of the end bins do not count */
    a.spec[NUMBERS - 1] = NAN;
    memset(a.memory, 0, HOP * sizeof *a.memory);
    dfn_stft_synthesise(s, a.hop, a.memory, a.spec);
    compare(level, "out, wild ends", a.hop, out, HOP, limit);
    compare(level, "memory, wild ends", a.memory, out + HOP, HOP, limit);
}

/* One number at a time: what it becomes has a closed form, rounded once per stage. */
static void check_impulses(const char *level, dfn_stft *s)
{
    arrays a;
    for (int i = 0; i < SIZE; i++) {
        memset(&a, 0, sizeof a);
        (i < HOP ? a.memory : a.hop)[i % HOP] = 1;
        dfn_stft_analyse(s, a.spec, a.memory, a.hop);
        for (int k = 0; k <= HOP; k++) {
            const double w = window[i] / SIZE;
            CHECK(fabs((double)a.spec[2 * k] - w * turn(i * k)) <= limit * w &&
                      fabs((double)a.spec[2 * k + 1] + w * turn_sin(i * k)) <= limit * w,
                  "%s: impulse %d, bin %d", level, i, k);
        }
    }
    for (int b = 0; b < NUMBERS; b++) {
        const int k = b / 2;
        const double both = k % HOP ? 2 : 1 - b % 2;
        memset(&a, 0, sizeof a);
        a.spec[b] = 1;
        for (int i = 0; i < HOP; i++)
            a.memory[i] = 0.25f;
        dfn_stft_synthesise(s, a.hop, a.memory, a.spec);
        for (int i = 0; i < SIZE; i++) {
            const double wave = both * (b % 2 ? -turn_sin(i * k) : turn(i * k));
            const double want = (i < HOP ? 0.25 : 0) + window[i] * wave;
            const float y = (i < HOP ? a.hop : a.memory)[i % HOP];
            CHECK(fabs((double)y - want) <= limit * (0.25 + 2 * window[i]),
                  "%s: bin %d.%d, sample %d: %g, want %g", level, k, b % 2, i, (double)y,
                  want);
        }
    }
}

static void check_round_trip(const char *level, dfn_stft *s)
{
    double noise[HOP];
    float past[HOP] = {0}, tail[HOP] = {0}, before[HOP], in[HOP] = {0}, out[HOP];
    float spec[NUMBERS];
    for (uint64_t hop = 0; hop < 8; hop++) {
        memcpy(before, in, sizeof in);
        check_fill(noise, HOP, hop + 50);
        for (int i = 0; i < HOP; i++)
            in[i] = (float)noise[i];
        dfn_stft_analyse(s, spec, past, in);
        dfn_stft_synthesise(s, out, tail, spec);
        for (int i = 0; i < HOP; i++)
            CHECK(fabsf(out[i] - before[i]) <= 5e-7f, "%s: hop %d, sample %d", level,
                  (int)hop, i);
    }
}

static int later(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median time of analysis and of synthesis in microseconds: a figure, not a check. */
static void measure(dfn_stft *s, double us[2])
{
    enum { RUNS = 101, EACH = 20 };
    static double took[2][RUNS];
    arrays a;
    memset(&a, 0, sizeof a);
    for (int r = 0; r < 2 * RUNS; r++) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < EACH; i++)
            if (r % 2)
                dfn_stft_synthesise(s, a.hop, a.memory, a.spec);
            else
                dfn_stft_analyse(s, a.spec, a.memory, a.hop);
        clock_gettime(CLOCK_MONOTONIC, &to);
        took[r % 2][r / 2] = ((double)(to.tv_sec - from.tv_sec) * 1e9 +
                              (double)(to.tv_nsec - from.tv_nsec)) /
                             (1e3 * EACH);
    }
    for (int i = 0; i < 2; i++) {
        qsort(took[i], RUNS, sizeof **took, later);
        us[i] = took[i][RUNS / 2];
    }
}

int main(void)
{
    double portable[2] = {0};
    for (int i = 0; i < SIZE; i++) {
        const double v = sin(PI * (i + 0.5) / SIZE);
        window[i] = sin(PI / 2 * v * v);
        cosine[i] = cos(2 * PI * i / SIZE);
    }
    for (size_t l = 0; l < LEVELS; l++) {
        double error[2], us[2];
        dfn_stft *s;
        if ((levels[l].cpu & dfn_cpu_detect()) != levels[l].cpu) {
            printf("%s: not on this machine\n", levels[l].name);
            continue;
        }
        if (dfn_stft_new(&s, SIZE, HOP, levels[l].cpu, NULL))
            abort();
        check_noise(levels[l].name, s, error);
        check_impulses(levels[l].name, s);
        check_round_trip(levels[l].name, s);
        measure(s, us);
        printf("%-10s  analysis error %.2e, %.2f us; synthesis error %.2e, %.2f us\n",
               levels[l].name, error[0], us[0], error[1], us[1]);
        for (int i = 0; i < 2; i++) { /* nobody pays for speed with accuracy */
            portable[i] = levels[l].cpu ? portable[i] : error[i];
            CHECK(error[i] <= portable[i], "%s: less accurate than kissfft",
                  levels[l].name);
        }
        dfn_stft_free(s);
    }
    return check_report();
}
