#include "variants.h"

static const double eps = FLT_EPSILON;

/* In range and around the guards: 1e-15 is below both, 1e-6 below that of phases. */
static const double scales[] = {1, 0, 1e-15, 1e-6, 1e-3, 1e6};
static const double powers[] = {0.25, 0.625, 1};
enum { SCALES = 6, POWERS = 3 };

typedef struct numbers {
    pair y, s, c, dy, e;
} numbers;

static numbers numbers_new(size_t n, double scale, double other)
{
    numbers x = {.y = pair_new(2 * n, scale, 1),
                 .s = pair_new(2 * n, other, 2),
                 .c = pair_new(3, 1, 3),
                 .dy = pair_new(2 * n, 1, 4),
                 .e = pair_new(3, 1, 5)};
    x.y.f[0] = x.y.f[1] = 0; /* some zeros among the others */
    x.y.d[0] = x.y.d[1] = 0;
    if (n > 2) {
        x.s.f[2] = x.s.f[3] = 0;
        x.s.d[2] = x.s.d[3] = 0;
    }
    for (int i = 0; i < 3; i++)
        x.c.d[i] = x.c.f[i] = fabsf(x.c.f[i]);
    return x;
}

static void numbers_free(numbers *x)
{
    pair_free(&x->y);
    pair_free(&x->s);
    pair_free(&x->c);
    pair_free(&x->dy);
    pair_free(&x->e);
}

static double magnitude(const double *x, double g)
{
    const double r = hypot(x[0], x[1]);
    return g < 1 ? pow(fmax(r, 1e-12), g) : r;
}

/* A compressed magnitude m errs by `unit` m: the exponent g/2 log r^2, 28 at most, by three
 * roundings, and those of the product, root and quotient. A difference of two then errs by
 * `off`, whichever of the two is larger, and its square by 2 |difference| off + off^2. */
static void bounds(const numbers *x, double g, double *e, double *dy)
{
    const size_t n = x->y.n / 2;
    const double unit = (3 * g * 28 + 12) * eps;
    e[0] = e[1] = (double)n * eps * (x->e.d[0] + x->e.d[1]);
    e[2] = (double)n * eps * x->e.d[2];
    for (size_t i = 0; i < n; i++) {
        const double *y = x->y.d + 2 * i, r = hypot(y[0], y[1]), low = fmax(r, 1e-12);
        const double a = magnitude(y, g), b = magnitude(x->s.d + 2 * i, g);
        const double off = unit * (a + b), apart = a + b;
        e[0] += 2 * fabs(a - b) * off + off * off;
        e[1] += 2 * fabs(a - b) * off + off * off;
        e[2] += 2 * apart * off + off * off;
        const double slope = g < 1 ? a / low : 1; /* of both parts, at most */
        const double pull = fmax(x->c.d[0], x->c.d[1]) + x->c.d[2];
        dy[2 * i] = dy[2 * i + 1] =
            2 * pull * slope * (off + (unit + 8 * eps) * apart) + 2 * eps;
    }
}

void variant_spectral_error(const variant *v)
{
    for (int i = 0; i < SCALES * SCALES * POWERS * VARIANT_SIZES; i++) {
        const size_t n = (size_t)variant_sizes[i / (SCALES * SCALES * POWERS)];
        const double g = powers[i % POWERS];
        numbers x = numbers_new(n, scales[i / POWERS % SCALES],
                                scales[i / POWERS / SCALES % SCALES]);
        double e_bound[3], dy_bound[2 * VARIANT_MAX];
        float alone[3];
        v->k.spectral_error(alone, NULL, x.y.f, x.s.f, x.c.f, (float)g, n);
        v->k.spectral_error(x.e.f, x.dy.f, x.y.f, x.s.f, x.c.f, (float)g, n);
        dfn_spectral_error_f64(x.e.d, x.dy.d, x.y.d, x.s.d, x.c.d, g, n);
        bounds(&x, g, e_bound, dy_bound);
        pair_check(v, "spectral error", &x.e, e_bound);
        pair_check(v, "spectral error's gradient", &x.dy, dy_bound);
        variant_same(v, "spectral error without gradient", alone, x.e.f, 3);
        numbers_free(&x);
    }
}

/* The kernel above in another order: y and s as bins side by side, d overwritten. */
static void to_lanes(float *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n * DFN_LANES; i++) {
        const size_t at = i / DFN_LANES * 2 * DFN_LANES + i % DFN_LANES;
        to[at] = from[2 * i];
        to[at + DFN_LANES] = from[2 * i + 1];
    }
}

void variant_lanes_error(const variant *v)
{
    enum { N = 3, ALL = N * DFN_LANES };
    for (int i = 0; i < SCALES * SCALES * POWERS; i++) {
        const double g = powers[i % POWERS];
        numbers x = numbers_new(ALL, scales[i / POWERS % SCALES],
                                scales[i / POWERS / SCALES % SCALES]);
        double e_bound[3], dy_bound[2 * VARIANT_MAX];
        float y[2 * ALL], s[2 * ALL], d[2 * ALL], alone[3];
        to_lanes(y, x.y.f, N);
        to_lanes(s, x.s.f, N);
        v->k.lanes_error(alone, NULL, y, s, x.c.f, (float)g, N);
        v->k.lanes_error(x.e.f, d, y, s, x.c.f, (float)g, N);
        v->k.lanes_error(x.e.f, y, y, s, x.c.f, (float)g, N);
        variant_same(v, "gradient in place", d, y, 2 * ALL);
        memset(x.dy.d, 0, 2 * ALL * sizeof *x.dy.d);
        dfn_spectral_error_f64(x.e.d, x.dy.d, x.y.d, x.s.d, x.c.d, g, ALL);
        bounds(&x, g, e_bound, dy_bound);
        for (size_t j = 0; j < ALL; j++) {
            const size_t at = j / DFN_LANES * 2 * DFN_LANES + j % DFN_LANES;
            x.dy.f[2 * j] = d[at];
            x.dy.f[2 * j + 1] = d[at + DFN_LANES];
        }
        pair_check(v, "errors side by side", &x.e, e_bound);
        pair_check(v, "gradients side by side", &x.dy, dy_bound);
        variant_same(v, "errors side by side without gradient", alone, x.e.f, 3);
        numbers_free(&x);
    }
}
