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
    for (int i = 0; i < 5; i++)
        for (int radix = 2; radix <= 5; radix++) {
            const int m = sizes[i][0], s = sizes[i][1];
            const size_t n = (size_t)(m * s * radix * ROW);
            pair y = pair_new(n, 1, 1), x = pair_new(n, 1, 2);
            pair w = pair_new((size_t)(m * (radix - 1) * 2), 1, 3);
            roots(&w, 7, 1);
            v->k.lanes_pass(y.f, x.f, w.f, radix, m, s);
            dfn_lanes_pass_f64(y.d, x.d, w.d, radix, m, s);
            check(v, "pass of a transform", &y, 2 * radix * 1.42 * radix * eps);
            pair_free(&y);
            pair_free(&x);
            pair_free(&w);
        }
}

/* Three numbers below 1.42, each multiplied at most once: four roundings of sums. */
static void rows(const variant *v, const char *what, bool join)
{
    static const int sizes[] = {2, 3, 4, 15, 16};
    for (int i = 0; i < 5; i++) {
        const int n = sizes[i];
        pair z = pair_new((size_t)((n + 1) * ROW), 1, 1);
        pair w = pair_new((size_t)(n / 2 + 1) * 2, 1, 2);
        roots(&w, 2 * n, 1);
        (join ? v->k.lanes_join : v->k.lanes_split)(z.f, w.f, n);
        (join ? dfn_lanes_join_f64 : dfn_lanes_split_f64)(z.d, w.d, n);
        check(v, what, &z, 4 * 3 * 1.42 * eps);
        pair_free(&z);
        pair_free(&w);
    }
}

void variant_lanes_split(const variant *v) { rows(v, "split of a real transform", false); }

void variant_lanes_join(const variant *v) { rows(v, "join of a real transform", true); }
