#include "variants.h"

static const double eps = FLT_EPSILON;

/* Scales at which squares leave the range, and zeros. */
static const double scales[] = {1, 0, 1e-30, 1e-15, 1e15, 1e30};
enum { SCALES = 6 };

static void free_all(pair *p, int n)
{
    for (int i = 0; i < n; i++)
        pair_free(&p[i]);
}

static void fill(double *bound, double x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bound[i] = x;
}

/* With b and db the arrays of a and da in every other run, as for |x|^2. */
void variant_complex_mul_fwd(const variant *v)
{
    for (int s = 0; s < 4 * VARIANT_SIZES; s++) {
        const size_t n = 2 * (size_t)variant_sizes[s / 4];
        const double sign = s & 1 ? 1 : -1;
        pair p[] = {pair_new(n, 1, 1), pair_new(n, 1, 2), pair_new(n, 1, 3)};
        const pair *b = s & 2 ? &p[1] : &p[2];
        double bound[2 * VARIANT_MAX];
        fill(bound, 4 * eps, n);
        v->k.complex_mul_fwd(p[0].f, p[1].f, b->f, (float)sign, n / 2);
        dfn_complex_mul_fwd_f64(p[0].d, p[1].d, b->d, sign, n / 2);
        pair_check(v, "complex product", &p[0], bound);
        free_all(p, 3);
    }
}

void variant_complex_mul_bwd(const variant *v)
{
    for (int s = 0; s < 4 * VARIANT_SIZES; s++) {
        const size_t n = 2 * (size_t)variant_sizes[s / 4];
        const double sign = s & 1 ? 1 : -1;
        const bool same = s & 2;
        pair p[] = {pair_new(n, 1, 1), pair_new(n, 1, 2), pair_new(n, 1, 3),
                    pair_new(n, 1, 4), pair_new(n, 1, 5)};
        pair *da = &p[0], *db = same ? da : &p[1], *a = &p[2], *b = same ? a : &p[3];
        double bound[2 * VARIANT_MAX];
        fill(bound, 16 * eps, n); /* up to 5 in size, in two steps */
        v->k.complex_mul_bwd(da->f, db->f, p[4].f, a->f, b->f, (float)sign, n / 2);
        dfn_complex_mul_bwd_f64(da->d, db->d, p[4].d, a->d, b->d, sign, n / 2);
        pair_check(v, "complex product backward, da", da, bound);
        pair_check(v, "complex product backward, db", db, bound);
        free_all(p, 5);
    }
}

void variant_complex_abs_fwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        pair p[] = {pair_new(n, 1, 1), pair_new(2 * n, scales[s % SCALES], 2)};
        double bound[VARIANT_MAX];
        v->k.complex_abs_fwd(p[0].f, p[1].f, n);
        dfn_complex_abs_fwd_f64(p[0].d, p[1].d, n);
        for (size_t i = 0; i < n; i++)
            bound[i] = 1.5 * eps * p[0].d[i];
        pair_check(v, "magnitude", &p[0], bound);
        free_all(p, 2);
    }
}

void variant_complex_abs_bwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        pair p[] = {pair_new(2 * n, 1, 1), pair_new(n, 1, 2),
                    pair_new(2 * n, scales[s % SCALES], 3), pair_new(n, 1, 4)};
        double bound[2 * VARIANT_MAX];
        fill(bound, 4 * eps * 2, 2 * n);
        dfn_complex_abs_fwd_f64(p[3].d, p[2].d, n);
        for (size_t i = 0; i < n; i++)
            p[3].d[i] = (double)(p[3].f[i] = (float)p[3].d[i]);
        v->k.complex_abs_bwd(p[0].f, p[1].f, p[2].f, p[3].f, n);
        dfn_complex_abs_bwd_f64(p[0].d, p[1].d, p[2].d, p[3].d, n);
        pair_check(v, "magnitude backward", &p[0], bound);
        free_all(p, 4);
    }
}

void variant_complex_unit_fwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        pair p[] = {pair_new(2 * n, 1, 1), pair_new(2 * n, scales[s % SCALES], 2)};
        double bound[2 * VARIANT_MAX];
        fill(bound, 5 * eps, 2 * n);
        v->k.complex_unit_fwd(p[0].f, p[1].f, 0.015625f, n);
        dfn_complex_unit_fwd_f64(p[0].d, p[1].d, 0.015625, n);
        pair_check(v, "unit", &p[0], bound);
        free_all(p, 2);
    }
}

void variant_complex_unit_bwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        pair p[] = {pair_new(2 * n, 1, 1), pair_new(2 * n, 1, 2),
                    pair_new(2 * n, scales[s % SCALES], 3)};
        double bound[2 * VARIANT_MAX];
        fill(bound, 16 * eps * 2 / 0.015625, 2 * n); /* dy / e at most */
        v->k.complex_unit_bwd(p[0].f, p[1].f, p[2].f, 0.015625f, n);
        dfn_complex_unit_bwd_f64(p[0].d, p[1].d, p[2].d, 0.015625, n);
        pair_check(v, "unit backward", &p[0], bound);
        free_all(p, 3);
    }
}

/* x^g = exp(g log x): the exponent, up to 28 at 1e-12 and 70 at 1e30, errs by two roundings
 * of its own, and its error is that of the result. */
void variant_complex_compress_fwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        const double g = s % 2 ? 0.25 : 0.625;
        pair p[] = {pair_new(2 * n, 1, 1), pair_new(2 * n, scales[s % SCALES], 2)};
        double bound[2 * VARIANT_MAX];
        v->k.complex_compress_fwd(p[0].f, p[1].f, (float)g, n);
        dfn_complex_compress_fwd_f64(p[0].d, p[1].d, g, n);
        for (size_t i = 0; i < 2 * n; i++)
            bound[i] = (2 * g * 70 + 6) * eps * fabs(p[0].d[i]);
        pair_check(v, "compressed", &p[0], bound);
        free_all(p, 2);
    }
}

void variant_complex_compress_bwd(const variant *v)
{
    for (int s = 0; s < SCALES * VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        const double g = s % 2 ? 0.25 : 0.625;
        pair p[] = {pair_new(2 * n, 1, 1), pair_new(2 * n, 1, 2),
                    pair_new(2 * n, scales[s % SCALES], 3)};
        double bound[2 * VARIANT_MAX];
        for (size_t i = 0; i < n; i++) {
            const double r = hypot(p[2].d[2 * i], p[2].d[2 * i + 1]), c = fmax(r, 1e-12);
            const double top = pow(c, g) / c; /* of both parts */
            bound[2 * i] = bound[2 * i + 1] = (2 * g * 70 + 16) * eps * 2 * top + 2 * eps;
        }
        v->k.complex_compress_bwd(p[0].f, p[1].f, p[2].f, (float)g, n);
        dfn_complex_compress_bwd_f64(p[0].d, p[1].d, p[2].d, g, n);
        pair_check(v, "compressed backward", &p[0], bound);
        free_all(p, 3);
    }
}
