/* What a packed layer computes is told to the last bit but for float32's own roundings: the
 * bound of test_pack is that of what bf16 and int8 lose, so wide that a scale a little too
 * large fits in it. Here weights and inputs are rounded as packed.h and gemm.c say, in
 * double, and the rest is exact. */
#include "check.h"
#include "op/packed.h"
#include "pack_rig.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { I = 37, O = 21, H = 12, MOST = I };

/* How near a tie float may decide otherwise, in steps: of numbers that are exact, where up
 * to 127 of them have 1.5 roundings; and of h, which float has computed. */
static const double exact = 2e-5, computed = 3e-4;

/* A number of steps to the nearest. */
static double whole(double steps, double near)
{
    CHECK(fabs(fabs(steps - floor(steps)) - 0.5) > near, "%.9g steps: near a tie", steps);
    return nearbyint(steps);
}

/* 8 significant bits; steps of top / 127. */
static void round_row(double *y, const double *x, int n, dfn_weight_format f, double near)
{
    double top = 0;
    for (int i = 0; i < n; i++)
        top = fmax(top, fabs(x[i]));
    for (int i = 0; i < n; i++) {
        int exponent;
        const double part = frexp(x[i], &exponent);
        y[i] = x[i];
        if (f == DFN_WEIGHTS_BF16)
            y[i] = ldexp(whole(ldexp(part, 8), near), exponent - 8);
        if (f == DFN_WEIGHTS_INT8 && top > 0)
            y[i] = whole(x[i] / top * 127, near) * top / 127;
    }
}

/* Row o of a layer, rounded, times a rounded vector; *sizes is the sum of the absolute
 * products. */
static double product(const double *w, const double *x, int o, int n, dfn_weight_format f,
                      double *sizes)
{
    double row[MOST], sum = 0;
    round_row(row, w + o * n, n, f, exact);
    *sizes = 0;
    for (int i = 0; i < n; i++) {
        sum += row[i] * x[i];
        *sizes += fabs(row[i] * x[i]);
    }
    return sum;
}

static void hear(double *x, int t, dfn_weight_format f)
{
    double heard[I];
    for (int i = 0; i < I; i++)
        heard[i] = (double)(float)pack_usual(0, 0, t, (size_t)i, I);
    round_row(x, heard, I, f, exact);
}

/* Roundings: of sums of I products, or for int8, whose sums are exact, of two scales, their
 * product, that with the sum, and the last addition. */
static double bound(dfn_weight_format f, double sizes)
{
    return (f == DFN_WEIGHTS_INT8 ? 5 : I + 3) * (double)FLT_EPSILON * sizes;
}

static void check_linear(const pack_result *got, const dfn_weights *w, dfn_weight_format f,
                         const char *level)
{
    const double *b = w->data[1];
    for (int t = 0; t < PACK_FRAMES; t++) {
        double x[I], sizes;
        hear(x, t, f);
        for (int o = 0; o < O; o++) {
            const double want = b[o] + product(w->data[0], x, o, I, f, &sizes);
            const double y = got->y[t * O + o], most = bound(f, sizes + fabs(b[o]));
            CHECK(fabs(y - want) <= most,
                  "%s, format %d: [%d][%d] is %.9g, want %.9g +- %.3g", level, (int)f, t, o,
                  y, want, most);
        }
    }
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* h of the next frame; *sizes: the largest sum of absolute products of any gate. */
static void step(double *h, const double *x, const dfn_weights *w, dfn_weight_format f,
                 double *sizes)
{
    const double *bi = w->data[2], *bh = w->data[3];
    double rounded[H], gx[3 * H], gh[3 * H], a, b;
    round_row(rounded, h, H, f, computed);
    for (int o = 0; o < 3 * H; o++) {
        gx[o] = bi[o] + product(w->data[0], x, o, I, f, &a);
        gh[o] = bh[o] + product(w->data[1], rounded, o, H, f, &b);
        *sizes = fmax(*sizes, a + b + fabs(bi[o]) + fabs(bh[o]));
    }
    for (int i = 0; i < H; i++) {
        const double r = sigmoid(gx[i] + gh[i]), z = sigmoid(gx[H + i] + gh[H + i]);
        const double n = tanh(gx[2 * H + i] + r * gh[2 * H + i]);
        h[i] = (1 - z) * n + z * h[i];
    }
}

/* An error of a gate's sum reaches h at most twice as large: once through n, by a quarter
 * of |m| < 2 through r, by a quarter of |h - n| < 2 through z. That of h comes back through
 * the sums of |W_h|. */
static void check_gru(const pack_result *got, const dfn_weights *w, dfn_weight_format f,
                      const char *level)
{
    double h[H] = {0}, back = 0, error = 0, sizes = 0;
    const double *wh = w->data[1], eps = (double)FLT_EPSILON;
    for (int o = 0; o < 3 * H; o++) {
        double sum = 0;
        for (int i = 0; i < H; i++)
            sum += fabs(wh[o * H + i]);
        back = fmax(back, sum);
    }
    for (int t = 0; t < PACK_FRAMES; t++) {
        double x[I];
        hear(x, t, f);
        step(h, x, w, f, &sizes);
        error += 2 * (back * error + bound(f, sizes)) + 16 * eps; /* 16: the functions */
        for (int i = 0; i < H; i++)
            CHECK(fabs(got->y[t * H + i] - h[i]) <= error,
                  "gru, %s, format %d: [%d][%d] is %.9g, want %.9g +- %.3g", level, (int)f,
                  t, i, got->y[t * H + i], h[i], error);
    }
}

/* Smaller by a power of two: exact in both precisions. */
static void shrink(dfn_weights *f32, dfn_weights *f64, const dfn_graph *g)
{
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++) {
            ((float *)f32->data[i])[j] /= 8;
            ((double *)f64->data[i])[j] /= 8;
        }
}

static void check(const pack_case *c, dfn_weight_format f)
{
    const dfn_weight_format format[2] = {f, f};
    const pack_level *level;
    dfn_graph *g = pack_build(c, true), *packed;
    dfn_weights w32, w64, w;
    dfn_error err = {0};
    dfn_stored stored[4] = {{0}};
    pack_weights(g, &w32, &w64);
    shrink(&w32, &w64, g);
    for (int i = 0; i < g->n_weight; i++)
        stored[i].data = w32.data[i];
    if (dfn_pack(g, stored, format, &packed, &w, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    CHECK(packed->node[1].packed, "%s is not packed", c->name);
    for (int i = 0; (level = pack_level_get(i)); i++) {
        pack_result got = pack_play(&(pack_run){.g = packed,
                                                .w = (const void *const *)w.data,
                                                .cpu = level->cpu,
                                                .B = 1,
                                                .end = PACK_FRAMES,
                                                .len = {2, 1},
                                                .n_len = 2,
                                                .signal = pack_usual});
        if (c->op == DFN_OP_GRU)
            check_gru(&got, &w64, f, level->name);
        else
            check_linear(&got, &w64, f, level->name);
        pack_free(&got);
    }
    dfn_weights_free(&w);
    dfn_weights_free(&w32);
    dfn_weights_free(&w64);
    dfn_graph_free(packed);
    dfn_graph_free(g);
}

/* Runs are rounded as one number is, special ones among them or not. */
static void check_bf16_runs(bool special)
{
    enum { N = 300, TILE = PACKED_TILE };
    const float odd[] = {
        0.0f,       -0.0f,     1e-40f,    FLT_MAX,        -FLT_MAX, 0x1.fefffep127f,
        0x1.fffp0f, 0x1.01p0f, 0x1.03p0f, -0x1.010002p0f, INFINITY, -INFINITY,
        NAN,        -NAN};
    const int n_odd = (int)(sizeof odd / sizeof *odd) - (special ? 0 : 4);
    float w[TILE * N];
    _Alignas(64) float block[TILE * (N / 2 + 1)];
    for (int i = 0; i < TILE * N; i++)
        w[i] = i % 3 ? ldexpf((float)(i * 7919 % 20011 - 10005), i % 40 - 20)
                     : odd[i / 3 % n_odd];
    CHECK(dfn_packed_size(1, N, TILE, DFN_WEIGHTS_BF16) == sizeof block / sizeof *block,
          "another size");
    memset(block, 0, sizeof block);
    dfn_packed_fill(block, 1, N, TILE, DFN_WEIGHTS_BF16,
                    &(packed_source){.w = w, .inner = N, .by_o = N, .by_c = 1});
    const dfn_packed p = dfn_packed_view(block, 1, N, TILE, DFN_WEIGHTS_BF16);
    for (int o = 0; o < TILE; o++)
        for (int i = 0; i < N; i++) {
            uint16_t got;
            memcpy(&got, (const uint16_t *)p.tile + (i / 2 * TILE + o) * 2 + i % 2,
                   sizeof got);
            CHECK(got == packed_bf16(w[o * N + i]), "%a became %#x, want %#x",
                  (double)w[o * N + i], got, packed_bf16(w[o * N + i]));
        }
}

int main(void)
{
    check_bf16_runs(false);
    check_bf16_runs(true);
    static const pack_case cases[] = {
        {"linear", DFN_OP_LINEAR, {.out = O, .bias = true}, 1, I, 0, 0},
        {"gru", DFN_OP_GRU, {.out = H}, 1, I, 0, 0},
    };
    for (dfn_weight_format f = DFN_WEIGHTS_F32; f <= DFN_WEIGHTS_INT8; f++) {
        check(&cases[0], f);
        check(&cases[1], f);
    }
    return check_report();
}
