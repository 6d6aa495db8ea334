/* The matrix product that the trainer gives to a plan: the right one, whatever other
 * threads do, and used where a plan asks for it. */
#include "check.h"
#include "op/kernels.h"
#include "run/gemm.h"

#include <dfnet4/cpu.h>

#include <float.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define REAL double
#define DFN_KERNEL(name, args) void dfn_##name##_f64 args;
#include "op/sigs.h"
#undef DFN_KERNEL
#undef REAL

enum { GAP = 3, MOST = 200, ROOM = (MOST + GAP) * MOST };

typedef struct product {
    int M, N, K;
    bool at, bt, add;
} product;

typedef struct operands {
    double a[ROOM], b[ROOM], c[ROOM];
    float af[ROOM], bf[ROOM], cf[ROOM];
} operands;

static void fill(double *d, float *f, uint64_t seed)
{
    check_fill(d, ROOM, seed);
    for (int i = 0; i < ROOM; i++)
        d[i] = (double)(f[i] = (float)d[i]);
}

static void run(product p, const operands *o, float *c)
{
    const int lda = (p.at ? p.M : p.K) + GAP, ldb = (p.bt ? p.K : p.N) + GAP;
    dfn_blas_gemm(c, o->af, o->bf, p.M, p.N, p.K, lda, ldb, p.N + GAP, p.at, p.bt, p.add);
}

/* Numbers are below 1 in magnitude: K products, sums of at most K + 1, each addition off by
 * half an ulp of at most that. */
static void check_product(product p, operands *o)
{
    const int lda = (p.at ? p.M : p.K) + GAP, ldb = (p.bt ? p.K : p.N) + GAP;
    const double bound = (p.K + 1.0) * (p.K + 1.0) * FLT_EPSILON;
    fill(o->a, o->af, 1);
    fill(o->b, o->bf, 2);
    fill(o->c, o->cf, 3);
    run(p, o, o->cf);
    dfn_matmul_f64(o->c, o->a, o->b, p.M, p.N, p.K, lda, ldb, p.N + GAP, p.at, p.bt, p.add);
    double worst = 0;
    for (int i = 0; i < ROOM; i++) /* what lies between rows, too */
        worst = check_worse(worst, fabs(o->c[i] - (double)o->cf[i]));
    CHECK(worst <= bound, "%dx%dx%d at %d bt %d add %d: off by %g", p.M, p.N, p.K, p.at,
          p.bt, p.add, worst);
}

static const product shapes[] = {{1, 1, 1, 0, 0, 0},      {17, 5, 9, 0, 1, 1},
                                 {64, 48, 200, 0, 0, 1},  {33, 200, 31, 1, 0, 1},
                                 {200, 64, 128, 0, 1, 0}, {16, 16, 200, 1, 0, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes, ROUNDS = 50 };

/* The same products over and over; each result as at first. */
static void *repeat(void *context)
{
    operands *o = context;
    float *first = malloc(sizeof o->cf);
    for (int s = 0; s < SHAPES && first; s++)
        for (int i = 0; i < ROUNDS; i++) {
            memset(o->cf, 0, sizeof o->cf);
            run(shapes[s], o, o->cf);
            if (!i)
                memcpy(first, o->cf, sizeof o->cf);
            else if (memcmp(first, o->cf, sizeof o->cf))
                o->c[0] = 1;
        }
    o->c[0] += first ? 0 : 1;
    free(first);
    return NULL;
}

static void check_threads(operands *o, int n)
{
    pthread_t thread[4];
    for (int i = 0; i < n; i++) {
        fill(o[i].a, o[i].af, 5);
        fill(o[i].b, o[i].bf, 6);
        o[i].c[0] = 0;
        if (pthread_create(&thread[i], NULL, repeat, &o[i]))
            exit(77);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(thread[i], NULL);
        CHECK(o[i].c[0] == 0, "thread %d had other results in other rounds", i);
        CHECK(!memcmp(o[i].cf, o[0].cf, sizeof o->cf), "thread %d differs from 0", i);
    }
}

static int calls;
static void counted(float *c, const float *a, const float *b, int M, int N, int K, int lda,
                    int ldb, int ldc, bool at, bool bt, bool add)
{
    calls++;
    dfn_blas_gemm(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
}

/* Calls of the product in one run and one backward of a linear layer. */
static int calls_of_plan(dfn_mode mode, dfn_precision precision)
{
    dfn_graph *g = dfn_graph_new();
    dfn_plan *p = NULL;
    dfn_weights w = {0}, dw = {0};
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, 24}});
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_LINEAR, "fc", &(dfn_attr){.out = 8}, 1, &x));
    const dfn_plan_config config = {
        .batch = 2, .frames = 5, .mode = mode, .precision = precision, .gemm = counted};
    calls = 0;
    if (dfn_graph_finish(g, NULL) || dfn_plan_new(&p, g, &config, NULL) ||
        dfn_weights_new(&w, g, precision, NULL) || dfn_weights_new(&dw, g, precision, NULL))
        exit(1);
    dfn_run(p, (const void *const *)w.data, NULL, 5);
    dfn_plan_zero_grad(p);
    dfn_backward(p, (const void *const *)w.data, dw.data, NULL);
    dfn_weights_free(&w);
    dfn_weights_free(&dw);
    dfn_plan_free(p);
    dfn_graph_free(g);
    return calls;
}

/* What a linear layer makes of 64 inputs that are no bfloat16, but round to 1. */
static float output(dfn_plan_config config)
{
    enum { INPUTS = 64, FRAMES = 16 };
    dfn_graph *g = dfn_graph_new();
    dfn_plan *p = NULL;
    dfn_weights w = {0};
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, INPUTS}});
    const dfn_value y =
        dfn_graph_add(g, DFN_OP_LINEAR, "fc", &(dfn_attr){.out = INPUTS}, 1, &x);
    dfn_graph_output(g, "y", y);
    config.batch = 1;
    config.frames = FRAMES;
    if (dfn_graph_finish(g, NULL) || dfn_plan_new(&p, g, &config, NULL) ||
        dfn_weights_new(&w, g, DFN_F32, NULL))
        exit(1);
    for (int i = 0; i < INPUTS * FRAMES; i++)
        ((float *)dfn_plan_data(p, x))[i] = 1 + 1.0f / 1024;
    for (int i = 0; i < INPUTS * INPUTS; i++)
        ((float *)w.data[0])[i] = 1;
    dfn_run(p, (const void *const *)w.data, NULL, FRAMES);
    const float first = *(const float *)dfn_plan_data(p, y);
    dfn_weights_free(&w);
    dfn_plan_free(p);
    dfn_graph_free(g);
    return first;
}

/* Numbers are rounded where that was asked for and the processor may, and only there. */
static void check_rounding(void)
{
    const unsigned all = dfn_cpu_detect(), without = all & ~(unsigned)DFN_CPU_BF16;
    const float exact = 64.0625f;
#ifdef TEST_BF16 /* the kernel is in the build */
    const float rounded = all & DFN_CPU_BF16 ? 64 : exact;
#else
    const float rounded = exact;
#endif
#define OUTPUT(...) output((dfn_plan_config){__VA_ARGS__})
    CHECK(OUTPUT(.mode = DFN_TRAIN, .cpu = all, .bf16 = true) == rounded, "not rounded");
    CHECK(OUTPUT(.mode = DFN_TRAIN, .cpu = all) == exact, "not asked for");
    CHECK(OUTPUT(.mode = DFN_TRAIN, .cpu = without, .bf16 = true) == exact, "not allowed");
    CHECK(OUTPUT(.mode = DFN_TRAIN, .bf16 = true) == exact, "portable C");
    CHECK(OUTPUT(.mode = DFN_EVAL, .cpu = all, .bf16 = true) == exact, "a validation");
    CHECK(OUTPUT(.mode = DFN_INFER, .cpu = all, .bf16 = true) == exact, "a stream");
    CHECK(OUTPUT(.mode = DFN_TRAIN, .cpu = all, .bf16 = true, .gemm = dfn_blas_gemm) ==
              exact,
          "somebody else's product");
#undef OUTPUT
}

int main(void)
{
    operands *o = calloc(4, sizeof *o);
    if (!o)
        return 1;
    dfn_blas_init();
    for (int s = 0; s < SHAPES; s++)
        check_product(shapes[s], o);
    check_threads(o, 4);
    free(o);
    CHECK(calls_of_plan(DFN_TRAIN, DFN_F32) == 3, "%d calls", calls);
    CHECK(calls_of_plan(DFN_EVAL, DFN_F32) == 3, "%d calls", calls);
    CHECK(calls_of_plan(DFN_INFER, DFN_F32) == 0, "%d calls", calls);
    CHECK(calls_of_plan(DFN_TRAIN, DFN_F64) == 0, "%d calls", calls);
    check_rounding();
    printf("products as for %s\n", dfn_blas_core());
    return check_report();
}
