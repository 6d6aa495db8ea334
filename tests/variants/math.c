/* Elementary functions on vectors, against double: the largest error over every 499th of
 * all floats, next to the bound that op/simd/math.h states, and what they do at the ends of
 * their ranges. */
#include "check.h"

#include <dfnet4/cpu.h>
#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef void (*array_function)(float *y, const float *x, size_t n);
typedef void (*array_function_2)(float *y, const float *a, const float *b, size_t n);

#define MATH(name) array_function name;
typedef struct functions {
    const char *level;
    unsigned cpu;
#include "math.def"
    array_function_2 hypot;
} functions;
#undef MATH

#define LEVEL(isa)                                                                         \
    extern void dfn_math_hypot_##isa(float *, const float *, const float *, size_t);

#ifdef HAVE_AVX2
#    define MATH(name) void dfn_math_##name##_avx2(float *, const float *, size_t);
#    include "math.def"
#    undef MATH
#    define MATH(name) void dfn_math_##name##_avx512(float *, const float *, size_t);
#    include "math.def"
#    undef MATH
LEVEL(avx2)
LEVEL(avx512)
#endif
#ifdef HAVE_NEON
#    define MATH(name) void dfn_math_##name##_neon(float *, const float *, size_t);
#    include "math.def"
#    undef MATH
LEVEL(neon)
#endif

static const functions levels[] = {
#ifdef HAVE_AVX2
#    define MATH(name) .name = dfn_math_##name##_avx2,
    {.level = "avx2",
     .cpu = DFN_CPU_AVX2,
#    include "math.def"
     .hypot = dfn_math_hypot_avx2},
#    undef MATH
#    define MATH(name) .name = dfn_math_##name##_avx512,
    {.level = "avx512",
     .cpu = DFN_CPU_AVX2 | DFN_CPU_AVX512,
#    include "math.def"
     .hypot = dfn_math_hypot_avx512},
#    undef MATH
#endif
#ifdef HAVE_NEON
#    define MATH(name) .name = dfn_math_##name##_neon,
    {.level = "neon",
     .cpu = DFN_CPU_NEON,
#    include "math.def"
     .hypot = dfn_math_hypot_neon},
#    undef MATH
#endif
    {.level = NULL}};

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double silu(double x) { return x / (1 + exp(-x)); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double inverse_root(double x) { return 1 / sqrt(x); }
static double power_015(double x) { return pow(x, (double)0.15f); }
static double cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
static double gelu(double x) { return x * cdf(x); }

/* Distance in units in the last place of the wanted number, at least in those of the
 * smallest normal one. NaN stays NaN. */
static double ulps(float got, double want)
{
    int e;
    frexp(fmax(fabs(want), (double)FLT_MIN), &e);
    return fabs((double)got - want) / ldexp(1, e - FLT_MANT_DIG);
}

typedef struct range {
    const char *name;
    double (*f)(double);
    float lo, hi;
    double bound; /* ulps */
} range;

enum { BLOCK = 1021 }; /* not a multiple of any vector */

static void measure(const range *r, array_function f, const float *x, size_t n,
                    double *worst, float *at)
{
    float y[BLOCK];
    f(y, x, n);
    for (size_t i = 0; i < n; i++) {
        const double e = ulps(y[i], r->f((double)x[i]));
        if (!(e <= *worst)) {
            *worst = e;
            *at = x[i];
        }
    }
}

static void check_range(const functions *v, const range *r, array_function f)
{
    float x[BLOCK], at = 0;
    double worst = 0;
    size_t n = 0, count = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 499) {
        const uint32_t word = (uint32_t)bits;
        memcpy(&x[n], &word, sizeof word);
        if (!(x[n] >= r->lo && x[n] <= r->hi) || (x[n] != 0 && fabsf(x[n]) < FLT_MIN))
            continue;
        count++;
        if (++n == BLOCK) {
            measure(r, f, x, n, &worst, &at);
            n = 0;
        }
    }
    if (n)
        measure(r, f, x, n, &worst, &at);
    printf("%s %-8s %8zu floats from %g to %g: at most %.2f ulp, at %.9g\n", v->level,
           r->name, count, (double)r->lo, (double)r->hi, worst, (double)at);
    CHECK(count > 100000, "%s: too few floats were looked at", r->name);
    CHECK(worst <= r->bound, "%s, %s(%.9g): %.3g ulp, bound %g", v->level, r->name,
          (double)at, worst, r->bound);
}

static void check_hypot(const functions *v)
{
    double worst = 0, random[2 * BLOCK];
    for (uint64_t seed = 0; seed < 200; seed++) {
        float a[BLOCK], b[BLOCK], y[BLOCK];
        check_fill(random, 2 * BLOCK, seed + 1);
        for (int i = 0; i < BLOCK; i++) { /* exponents all over, mostly close together */
            const int e = (int)((seed * 31 + (uint64_t)i) % 250) - 125;
            a[i] = (float)ldexp(random[i], e);
            b[i] =
                (float)ldexp(random[BLOCK + i],
                             e + (int)(i % 31) - 15 < 127 ? e + (int)(i % 31) - 15 : 127);
        }
        v->hypot(y, a, b, BLOCK);
        for (int i = 0; i < BLOCK; i++)
            if (hypot((double)a[i], (double)b[i]) <= (double)FLT_MAX) {
                const double e = ulps(y[i], hypot((double)a[i], (double)b[i]));
                worst = e <= worst ? worst : e; /* NaN stays */
            }
    }
    printf("%s hypot: at most %.2f ulp\n", v->level, worst);
    CHECK(worst <= 1.5, "%s: hypot: %.3g ulp", v->level, worst);
}

typedef struct point {
    float x, y;
} point;

static void check_points(const functions *v, const char *name, array_function f,
                         const point *p, int n)
{
    const float nans[2] = {NAN, -NAN};
    float y[2];
    for (int i = 0; i < n; i++) {
        f(y, &p[i].x, 1);
        CHECK(y[0] == p[i].y, "%s, %s(%g) is %g, want %g", v->level, name, (double)p[i].x,
              (double)y[0], (double)p[i].y);
    }
    f(y, nans, 2);
    CHECK(isnan(y[0]) && isnan(y[1]), "%s, %s(NaN) is %g", v->level, name, (double)y[0]);
    uint32_t odd = 0x7f800155; /* a signalling NaN with low bits set */
    float x;
    memcpy(&x, &odd, sizeof x);
    f(y, &x, 1);
    CHECK(isnan(y[0]), "%s, %s(another NaN) is %g", v->level, name, (double)y[0]);
}

static void check_ends(const functions *v)
{
    const float inf = INFINITY;
    const point exp_at[] = {{0, 1},   {-0.0f, 1}, {-inf, 0},    {-1e30f, 0},
                            {-88, 0}, {89, inf},  {1e30f, inf}, {inf, inf}};
    const point expm1_at[] = {{0, 0}, {-inf, -1}, {-1e30f, -1}, {-88, -1}};
    const point exp2_at[] = {{0, 1},    {-1, 0.5f}, {-125, 0x1p-125f}, {-126, 0x1p-126f},
                             {-127, 0}, {-inf, 0}};
    const point log_at[] = {{1, 0}, {inf, inf}};
    const point sigmoid_at[] = {{0, 0.5f}, {-inf, 0}, {inf, 1}, {100, 1}};
    const point silu_at[] = {{0, 0}, {-1e30f, 0}, {inf, inf}, {100, 100}};
    const point tanh_at[] = {{0, 0}, {-inf, -1}, {inf, 1}, {20, 1}, {-20, -1}};
    const point softplus_at[] = {{-inf, 0}, {inf, inf}, {20, 20}, {21, 21}, {1e30f, 1e30f}};
    const point cdf_at[] = {{0, 0.5f}, {-inf, 0}, {inf, 1}, {-20, 0}, {20, 1}};
    const point gelu_at[] = {{0, 0}, {-20, 0}, {inf, inf}, {20, 20}};
#define POINTS(name)                                                                       \
    check_points(v, #name, v->name, name##_at, (int)(sizeof name##_at / sizeof(point)))
    POINTS(exp);
    POINTS(exp2);
    POINTS(expm1);
    POINTS(log);
    POINTS(sigmoid);
    POINTS(silu);
    POINTS(tanh);
    POINTS(softplus);
    POINTS(cdf);
    POINTS(gelu);
#undef POINTS
}

static void check_level(const functions *v)
{
#define RANGE(name, f, lo, hi, bound)                                                      \
    check_range(v, &(range){#name, f, lo, hi, bound}, v->name)
    RANGE(exp, exp, -86.98f, 88.7228f, 1);
    RANGE(exp2, exp2, -125.9f, 0, 0.9);
    RANGE(expm1, expm1, -INFINITY, 0, 1);
    RANGE(log, log, FLT_MIN, FLT_MAX, 1);
    RANGE(sigmoid, sigmoid, -87, FLT_MAX, 2.5);
    RANGE(silu, silu, -87, FLT_MAX, 2.5);
    RANGE(tanh, tanh, -FLT_MAX, FLT_MAX, 3);
    RANGE(softplus, softplus, -86.98f, FLT_MAX, 3);
    RANGE(cdf, cdf, -12.8f, FLT_MAX, 7);
    RANGE(gelu, gelu, -12.8f, FLT_MAX, 7.5);
    RANGE(inverse_root, inverse_root, FLT_MIN, FLT_MAX, 2);
    RANGE(power_015, power_015, FLT_MIN, FLT_MAX, 30);
#undef RANGE
    check_hypot(v);
    check_ends(v);
}

int main(void)
{
    const unsigned have = dfn_cpu_detect();
    int done = 0;
    for (const functions *v = levels; v->level; v++)
        if ((v->cpu & have) == v->cpu) {
            check_level(v);
            done++;
        }
    return done ? check_report() : 77;
}
