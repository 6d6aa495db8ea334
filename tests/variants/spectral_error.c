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

/* ---- the same of transforms side by side ----------------------------------------------
 *
 * Numbers of few bits and twiddles of 0 and 1 make the way to the spectra and back exact, so
 * that the bounds above hold; the way of the oracle is plain complex arithmetic. */

enum { N = 6, BINS = N + 1, ROW = 2 * DFN_LANES };
static const int place[N] = {0, 3, 5, 1, 4, 2};
static const float twist[N / 2 + 1][2] = {{1, 0}, {0, -1}, {-1, 0}, {0, -1}};

/* A number of the array of one lane, in its place. */
static double *at(double *z, int k, int lane, int part)
{
    return z + place[k % N] * ROW + part * DFN_LANES + lane;
}

/* X[k] of one lane. */
static void bin_of(double out[2], double *z, int k, int lane)
{
    const int far = N - k, fold = k <= N / 2 ? k : far;
    const double a = *at(z, k, lane, 0), b = *at(z, k, lane, 1);
    const double c = *at(z, far, lane, 0), d = -*at(z, far, lane, 1);
    /* w^k = -(w^(N - k))* */
    const double re = k == N ? -1 : k == fold ? twist[fold][0] : -twist[fold][0];
    const double im = k == N ? 0 : twist[fold][1];
    const double t[2] = {(a - c) / 2,
                         (b - d) / 2}; /* -j w t = (w.im t.re + w.re t.im) .. */
    out[0] = (a + c) / 2 + im * t[0] + re * t[1];
    out[1] = (b + d) / 2 + im * t[1] - re * t[0];
}

/* From gradients of all bins, or their bounds, to those of the complex numbers, exchanged:
 * the transpose of bin_of(), whose derivatives are its values for unit numbers. */
static void back(double *dz, const double *g, bool bound)
{
    double unit[N * ROW];
    for (int k = 0; k < N; k++)
        for (int part = 0; part < 2; part++) {
            memset(unit, 0, sizeof unit);
            *at(unit, k, 0, part) = 1;
            for (int lane = 0; lane < DFN_LANES; lane++) {
                double sum = 0;
                for (int i = 0; i < BINS; i++) {
                    double u[2];
                    bin_of(u, unit, i, 0);
                    for (int j = 0; j < 2 && (i % N || !j); j++)
                        sum +=
                            (bound ? fabs(u[j]) : u[j]) * g[2 * (i * DFN_LANES + lane) + j];
                }
                *at(dz, k, lane, 1 - part) = sum;
            }
        }
}

static pair transforms(double scale, uint32_t seed)
{
    pair z = pair_new(N * ROW, 1, seed);
    for (size_t i = 0; i < z.n; i++)
        z.d[i] = z.f[i] = roundf(z.f[i] * 128) / 128 * (float)scale;
    return z;
}

/* Spectra of the first bins, lane after lane. */
static void spectra(pair *x, pair *z, int bins)
{
    for (int i = 0; i < bins * DFN_LANES; i++)
        bin_of(x->d + 2 * i, z->d, i / DFN_LANES, i % DFN_LANES);
}

void variant_lanes_error(const variant *v)
{
    static const double two[] = {1, 0, 0x1p-50, 0x1p-20, 0x1p-10, 0x1p20};
    for (int i = 0; i < SCALES * SCALES * POWERS * (BINS + 1); i++) {
        const double g = powers[i % POWERS];
        const int bins = i / (SCALES * SCALES * POWERS), all = bins * DFN_LANES;
        pair y = transforms(two[i / POWERS % SCALES], 1);
        pair s = transforms(two[i / POWERS / SCALES % SCALES], 2);
        numbers x = numbers_new(all ? (size_t)all : 1, 1, 1);
        double e_bound[3] = {0}, dy[2 * BINS * DFN_LANES] = {0};
        double dy_bound[2 * BINS * DFN_LANES] = {0}, bound[N * ROW];
        float alone[3], same[N * ROW];
        memcpy(same, y.f, sizeof same);
        spectra(&x.y, &y, bins);
        spectra(&x.s, &s, bins);
        v->k.lanes_error(alone, same, s.f, place, twist[0], x.c.f, (float)g, N, bins,
                         false);
        variant_same(v, "transforms without gradient", same, y.f, N * ROW);
        v->k.lanes_error(x.e.f, y.f, s.f, place, twist[0], x.c.f, (float)g, N, bins, true);
        variant_same(v, "errors side by side without gradient", alone, x.e.f, 3);
        dfn_spectral_error_f64(x.e.d, dy, x.y.d, x.s.d, x.c.d, g, (size_t)all);
        if (all)
            bounds(&x, g, e_bound, dy_bound);
        pair_check(v, "errors side by side", &x.e, e_bound);
        back(y.d, dy, false);
        back(bound, dy_bound, true);
        for (int j = 0; j < N * ROW; j++) /* three roundings of sums of four */
            bound[j] += 3 * 4 * eps * fabs(y.d[j]);
        pair_check(v, "gradients side by side", &y, bound);
        numbers_free(&x);
        pair_free(&y);
        pair_free(&s);
    }
}
