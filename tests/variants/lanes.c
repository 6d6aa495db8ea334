#include "variants.h"

static const double eps = FLT_EPSILON;

enum { LANES = DFN_LANES, ROW = 2 * LANES };

static double *bound_of(size_t n, double x)
{
    double *b = malloc(n * sizeof *b);
    if (!b)
        abort();
    for (size_t i = 0; i < n; i++)
        b[i] = x;
    return b;
}

static void check(const variant *v, const char *what, const pair *p, double bound)
{
    double *b = bound_of(p->n, bound);
    pair_check(v, what, p, b);
    free(b);
}

/* exp(-2 pi j i / turn) for i = 0, step, 2 step .. */
static void roots(pair *w, double turn, double step)
{
    for (size_t i = 0; i < w->n / 2; i++) {
        const double angle = -2 * 3.14159265358979323846 * (double)i * step / turn;
        w->d[2 * i] = w->f[2 * i] = (float)cos(angle);
        w->d[2 * i + 1] = w->f[2 * i + 1] = (float)sin(angle);
    }
}

/* Frames that overlap, touch and leave gaps; of even length, as transforms have. */
static const struct {
    int n, hop, lanes;
} frames[] = {{4, 1, 1},   {4, 3, 16},  {16, 4, 16}, {18, 4, 7},   {30, 40, 3},
              {32, 8, 15}, {36, 1, 16}, {64, 16, 9}, {100, 25, 16}};
enum { FRAMES = 9 };

void variant_lanes_gather(const variant *v)
{
    for (int i = 0; i < FRAMES; i++) {
        const int n = frames[i].n, hop = frames[i].hop, lanes = frames[i].lanes;
        pair y = pair_new((size_t)(n * LANES), 1, 1), w = pair_new((size_t)n, 1, 3);
        pair x = pair_new((size_t)((lanes - 1) * hop + n), 1, 2);
        v->k.lanes_gather(y.f, x.f, w.f, n, hop, lanes);
        dfn_lanes_gather_f64(y.d, x.d, w.d, n, hop, lanes);
        check(v, "frames side by side", &y, eps); /* one product */
        pair_free(&y);
        pair_free(&w);
        pair_free(&x);
    }
}

void variant_lanes_scatter(const variant *v)
{
    for (int i = 0; i < FRAMES; i++) {
        const int n = frames[i].n, hop = frames[i].hop, lanes = frames[i].lanes;
        pair y = pair_new((size_t)(n * LANES), 1, 1), w = pair_new((size_t)n, 1, 3);
        pair x = pair_new((size_t)((lanes - 1) * hop + n), 1, 2);
        v->k.lanes_scatter(x.f, y.f, w.f, n, hop, lanes);
        dfn_lanes_scatter_f64(x.d, y.d, w.d, n, hop, lanes);
        check(v, "frames added up", &x, 17 * 17 * eps); /* 16 products and the old number */
        pair_free(&y);
        pair_free(&w);
        pair_free(&x);
    }
}

/* Sums of `radix` numbers below 1.42 and a product with w: two roundings for each term. */
void variant_lanes_pass(const variant *v)
{
    static const int sizes[][2] = {{1, 1}, {1, 7}, {2, 1}, {3, 2}, {5, 3}};
    static const int radices[] = {2, 3, 4, 5, 8};
    for (int i = 0; i < 5 * 5 * 2; i++) {
        const int m = sizes[i / 10][0], blocks = sizes[i / 10][1];
        const int radix = radices[i / 2 % 5];
        pair x = pair_new((size_t)(m * blocks * radix * ROW), 1, 2);
        pair w = pair_new((size_t)(m * (radix - 1) * 2), 1, 3);
        roots(&w, 7, 1);
        v->k.lanes_pass(x.f, w.f, radix, m, blocks, i % 2);
        dfn_lanes_pass_f64(x.d, w.d, radix, m, blocks, i % 2);
        check(v, "pass of a transform", &x, 2 * radix * 1.42 * radix * eps);
        pair_free(&x);
        pair_free(&w);
    }
}
