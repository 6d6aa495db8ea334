#include "variants.h"

static const double eps = FLT_EPSILON;

typedef struct shape {
    int F, C, kt, kf, stride, pad;
} shape;

/* Channels around the widths of vectors, kernels that hang over both ends, one that
 * starts behind the last bin, one that sees nothing there at all; three numbers and six
 * at a time, from none to many of them within, one that starts inside. */
static const shape shapes[] = {
    {1, 1, 1, 1, 1, 0},  {5, 3, 2, 3, 1, 1},  {8, 32, 1, 3, 2, 1},  {4, 16, 4, 1, 1, 0},
    {6, 17, 1, 5, 1, 4}, {9, 64, 3, 3, 3, 2}, {3, 130, 2, 3, 1, 1}, {2, 33, 1, 7, 1, 3},
    {3, 5, 2, 2, 1, 4},  {1, 5, 2, 2, 9, 4},  {20, 1, 3, 3, 1, 1},  {21, 2, 3, 3, 1, 1},
    {9, 2, 2, 3, 2, 2},  {1, 1, 2, 3, 1, 1},  {2, 2, 2, 3, 1, 2},   {9, 1, 2, 3, 2, -1},
    {5, 6, 3, 1, 1, 0},  {3, 2, 1, 3, 4, 3},  {7, 16, 3, 1, 1, 0},  {7, 32, 2, 1, 2, 0},
    {8, 16, 2, 3, 1, 1}, {6, 35, 1, 1, 1, 0}, {5, 16, 1, 1, 1, 0}};
enum { SHAPES = sizeof shapes / sizeof *shapes, FRAMES = 4 };

static int outputs(shape s) { return (s.F + 2 * s.pad - s.kf) / s.stride + 1; }

/* `kt` frames, of which frame 0 is missing if there are others. */
typedef struct frames {
    pair all;
    const float *f[FRAMES];
    const double *d[FRAMES];
    float *to_f[FRAMES];
    double *to_d[FRAMES];
} frames;

static frames frames_new(shape s, uint64_t seed)
{
    const size_t n = (size_t)(s.F * s.C);
    frames x = {.all = pair_new((size_t)s.kt * n, 1, seed)};
    for (int d = s.kt > 1 ? 1 : 0; d < s.kt; d++) {
        x.f[d] = x.to_f[d] = x.all.f + (size_t)d * n;
        x.d[d] = x.to_d[d] = x.all.d + (size_t)d * n;
    }
    return x;
}

/* `terms` products of numbers below 1, and as many roundings of their sum. */
static void check(const variant *v, const char *what, pair *p, int terms)
{
    double *bound = malloc(p->n * sizeof *bound);
    for (size_t i = 0; bound && i < p->n; i++)
        bound[i] = (double)((terms + 1) * (terms + 1)) * eps;
    pair_check(v, what, p, bound);
    free(bound);
    pair_free(p);
}

/* Copies: exact. Of a group, too, whose channels start inside a bin. */
void variant_conv_windows(const variant *v)
{
    for (int i = 0; i < 3 * SHAPES; i++) {
        const shape s = shapes[i / 3];
        const int Fo = outputs(s), nc = i % 3 == 0 ? s.C : i % 3 == 1 ? (s.C + 1) / 2 : 1;
        frames x = frames_new(s, 1);
        for (int d = 0; d < s.kt; d++)
            if (x.f[d]) {
                x.f[d] += s.C - nc;
                x.d[d] += s.C - nc;
            }
        pair p = pair_new((size_t)(Fo * s.kt * s.kf * nc), 1, 2);
        v->k.conv_windows(p.f, x.f, nc, s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        dfn_conv_windows_f64(p.d, x.d, nc, s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        for (size_t k = 0; k < p.n; k++)
            CHECK((double)p.f[k] == p.d[k], "%s, windows: [%zu] is %g, want %g", v->level,
                  k, (double)p.f[k], p.d[k]);
        check(v, "windows", &p, 0);
        pair_free(&x.all);
    }
}

/* Every bin gets at most kf windows of a frame. */
void variant_conv_scatter(const variant *v)
{
    for (int i = 0; i < 3 * SHAPES; i++) {
        const shape s = shapes[i / 3];
        const int Fo = outputs(s), nc = i % 3 == 0 ? s.C : i % 3 == 1 ? (s.C + 1) / 2 : 1;
        frames dx = frames_new(s, 1);
        for (int d = 0; d < s.kt; d++)
            if (dx.to_f[d]) {
                dx.to_f[d] += s.C - nc;
                dx.to_d[d] += s.C - nc;
            }
        pair p = pair_new((size_t)(Fo * s.kt * s.kf * nc), 1, 2);
        v->k.conv_scatter(dx.to_f, p.f, nc, s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        dfn_conv_scatter_f64(dx.to_d, p.d, nc, s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        check(v, "scatter", &dx.all, s.kf);
        pair_free(&p);
    }
}

void variant_conv_repeat(const variant *v)
{
    for (int i = 0; i < VARIANT_SIZES; i++)
        for (int times = 1; times <= 35; times = 2 * times + 1 - times % 2) {
            const int n = variant_sizes[i];
            pair x = pair_new((size_t)n, 1, 1), y = pair_new((size_t)(n * times), 1, 2);
            v->k.conv_repeat(y.f, x.f, n, times);
            dfn_conv_repeat_f64(y.d, x.d, n, times);
            check(v, "repeat", &y, 0);
            pair_free(&x);
        }
}

void variant_conv_depthwise_fwd(const variant *v)
{
    for (int i = 0; i < 2 * SHAPES; i++) {
        const shape s = shapes[i / 2];
        const int Fo = outputs(s);
        frames x = frames_new(s, 1);
        pair y = pair_new((size_t)(Fo * s.C), 1, 2), b = pair_new((size_t)s.C, 1, 3);
        pair w = pair_new((size_t)(s.kt * s.kf * s.C), 1, 4);
        v->k.conv_depthwise_fwd(y.f, x.f, w.f, i % 2 ? b.f : NULL, s.F, s.C, Fo, s.kt, s.kf,
                                s.stride, s.pad);
        dfn_conv_depthwise_fwd_f64(y.d, x.d, w.d, i % 2 ? b.d : NULL, s.F, s.C, Fo, s.kt,
                                   s.kf, s.stride, s.pad);
        check(v, "depthwise", &y, s.kt * s.kf);
        pair_free(&x.all);
        pair_free(&b);
        pair_free(&w);
    }
}

void variant_conv_depthwise_bwd(const variant *v)
{
    for (int i = 0; i < 3 * SHAPES; i++) {
        const shape s = shapes[i / 3];
        const int Fo = outputs(s), K = s.kt * s.kf;
        const bool to_x = i % 3 != 1, to_w = i % 3 != 2;
        frames x = frames_new(s, 1), dx = frames_new(s, 2);
        pair dy = pair_new((size_t)(Fo * s.C), 1, 3), w = pair_new((size_t)(K * s.C), 1, 4);
        pair dw = pair_new((size_t)(K * s.C), 1, 5);
        v->k.conv_depthwise_bwd(to_x ? dx.to_f : NULL, to_w ? dw.f : NULL, dy.f, x.f, w.f,
                                s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        dfn_conv_depthwise_bwd_f64(to_x ? dx.to_d : NULL, to_w ? dw.d : NULL, dy.d, x.d,
                                   w.d, s.F, s.C, Fo, s.kt, s.kf, s.stride, s.pad);
        check(v, "depthwise, dx", &dx.all, s.kf);
        check(v, "depthwise, dw", &dw, Fo);
        pair_free(&x.all);
        pair_free(&dy);
        pair_free(&w);
    }
}

/* Groups of a few numbers up to more than a vector; blocks of rows and what is left. */
static const struct {
    int F, G, I, O, kt;
} along[] = {{1, 1, 1, 1, 1},  {9, 2, 8, 5, 5},   {17, 2, 5, 8, 3}, {96, 2, 8, 5, 5},
             {8, 2, 16, 5, 4}, {11, 2, 7, 9, 2},  {20, 3, 4, 5, 2}, {21, 2, 16, 5, 5},
             {3, 1, 17, 3, 4}, {10, 2, 3, 16, 1}, {7, 1, 8, 33, 2}, {16, 2, 20, 11, 2}};
enum { ALONG = sizeof along / sizeof *along, TAPS = 5, TIMES = 4 };

/* kt frames of n numbers; with `holes`, every third one is missing. */
static void along_frames(pair *all, const float **f, const double **d, int kt, int n,
                         bool holes)
{
    *all = pair_new((size_t)(kt * n), 1, 1);
    for (int k = 0; k < kt; k++) {
        f[k] = holes && k % 3 == 1 ? NULL : all->f + k * n;
        d[k] = holes && k % 3 == 1 ? NULL : all->d + k * n;
    }
}

void variant_conv_along_fwd(const variant *v)
{
    for (int i = 0; i < 4 * TIMES * ALONG; i++) {
        const int a = i / 4 / TIMES, F = along[a].F, G = along[a].G, I = along[a].I;
        const int O = along[a].O, kt = along[a].kt, n = i / 4 % TIMES + 1;
        const bool bias = i % 2, add = i / 2 % 2;
        const float *f[TAPS + TIMES];
        const double *d[TAPS + TIMES];
        pair x, y = pair_new((size_t)(n * F * G * O), 1, 2),
                b = pair_new((size_t)(G * O), 1, 3);
        pair w = pair_new((size_t)(kt * I * G * O), 1, 4);
        along_frames(&x, f, d, kt + n - 1, F * G * I, n % 2);
        v->k.conv_along_fwd(y.f, f, w.f, bias ? b.f : NULL, F, G, I, O, kt, n, add);
        dfn_conv_along_fwd_f64(y.d, d, w.d, bias ? b.d : NULL, F, G, I, O, kt, n, add);
        check(v, "along time", &y, kt * I + 2);
        pair_free(&x);
        pair_free(&b);
        pair_free(&w);
    }
}

void variant_conv_along_dw(const variant *v)
{
    for (int i = 0; i < 2 * ALONG; i++) {
        const int a = i / 2, F = along[a].F, G = along[a].G, I = along[a].I;
        const int O = along[a].O, kt = along[a].kt;
        const float *f[TAPS];
        const double *d[TAPS];
        pair x, dy = pair_new((size_t)(F * G * O), 1, 2);
        pair dw = pair_new((size_t)(kt * I * G * O), 1, 4);
        along_frames(&x, f, d, kt, F * G * I, i % 2);
        v->k.conv_along_dw(dw.f, dy.f, f, F, G, I, O, kt);
        dfn_conv_along_dw_f64(dw.d, dy.d, d, F, G, I, O, kt);
        check(v, "along time, dw", &dw, F + 1);
        pair_free(&x);
        pair_free(&dy);
    }
}

/* Outputs of one group of a wider row: what lies between must stay. */
void variant_conv_narrow_fwd(const variant *v)
{
    static const int rows[] = {1, 3, 4, 9};
    for (int s = 0; s < VARIANT_SIZES; s++)
        for (int i = 0; i < 4; i++) {
            const int O = variant_sizes[s], K = 1 + (5 * s) % 15, N = rows[i];
            const int stride = O + 3 * (i % 2);
            pair y = pair_new((size_t)(N * stride), 1, 1),
                 p = pair_new((size_t)(N * K), 1, 2);
            pair w = pair_new((size_t)(K * O), 1, 3), b = pair_new((size_t)O, 1, 4);
            v->k.conv_narrow_fwd(y.f, p.f, w.f, i % 3 ? b.f : NULL, N, K, O, stride);
            dfn_conv_narrow_fwd_f64(y.d, p.d, w.d, i % 3 ? b.d : NULL, N, K, O, stride);
            check(v, "narrow", &y, K);
            pair_free(&p);
            pair_free(&w);
            pair_free(&b);
        }
}
