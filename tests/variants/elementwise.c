#include "variants.h"

static const double eps = FLT_EPSILON;

/* alpha x + beta: two roundings, or one */
void variant_affine_fwd(const variant *v)
{
    const double alpha = 1.25, beta = -0.375;
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair x = pair_new(n, 8, 1), y = pair_new(n, 1, 2);
        double bound[VARIANT_MAX];
        for (size_t i = 0; i < n; i++)
            bound[i] = eps * (fabs(alpha * x.d[i]) + fabs(beta));
        v->k.affine_fwd(y.f, x.f, (float)alpha, (float)beta, n);
        dfn_affine_fwd_f64(y.d, x.d, alpha, beta, n);
        pair_check(v, "affine", &y, bound);
        pair_free(&x);
        pair_free(&y);
    }
}

void variant_affine_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair dy = pair_new(n, 8, 1), dx = pair_new(n, 1, 2);
        double bound[VARIANT_MAX];
        for (size_t i = 0; i < n; i++)
            bound[i] = eps * (fabs(1.25 * dy.d[i]) + fabs(dx.d[i]));
        v->k.affine_bwd(dx.f, dy.f, 1.25f, n);
        dfn_affine_bwd_f64(dx.d, dy.d, 1.25, n);
        pair_check(v, "affine backward", &dx, bound);
        pair_free(&dy);
        pair_free(&dx);
    }
}

/* Two inputs of two kernels, one of which may be repeated along the last axis or an earlier
 * one, or be the other. */
typedef struct two {
    int n[4], sa[4], sb[4];
    size_t count;
    bool same;
} two;

enum { FORMS = 5, REPEATS = 2 * 3 /* the axes 0 and 1 */ };

static two two_of(int form, int size)
{
    two t = {.n = {2, 3, 1, size}, .sa = {3 * size, size, 0, 1}, .same = form == 4};
    const int steps[FORMS][4] = {{3 * size, size, 0, 1},
                                 {3, 1, 0, 0},
                                 {size, 0, 0, 1},
                                 {0, 0, 0, 0},
                                 {3 * size, size, 0, 1}};
    memcpy(t.sb, steps[form], sizeof t.sb);
    t.count = REPEATS * (size_t)size;
    return t;
}

typedef void (*forward_f)(float *, const float *, const float *, const int *, const int *,
                          const int *);
typedef void (*forward_d)(double *, const double *, const double *, const int *,
                          const int *, const int *);

/* One rounding of a number below 2. Once with the inputs in the other order. */
static void run_two(const variant *v, const char *what, forward_f f, forward_d d)
{
    for (int i = 0; i < 2 * FORMS * VARIANT_SIZES; i++) {
        const two t = two_of(i / 2 % FORMS, variant_sizes[i / 2 / FORMS]);
        pair y = pair_new(t.count, 1, 1), a = pair_new(t.count, 1, 2);
        pair b = pair_new(t.count, 1, 3);
        const pair *other = t.same ? &a : &b;
        double bound[REPEATS * VARIANT_MAX];
        for (size_t k = 0; k < t.count; k++)
            bound[k] = 2 * eps;
        if (i % 2) {
            f(y.f, a.f, other->f, t.n, t.sa, t.sb);
            d(y.d, a.d, other->d, t.n, t.sa, t.sb);
        } else {
            f(y.f, other->f, a.f, t.n, t.sb, t.sa);
            d(y.d, other->d, a.d, t.n, t.sb, t.sa);
        }
        pair_check(v, what, &y, bound);
        pair_free(&y);
        pair_free(&a);
        pair_free(&b);
    }
}

void variant_add_fwd(const variant *v) { run_two(v, "sum", v->k.add_fwd, dfn_add_fwd_f64); }

void variant_mul_fwd(const variant *v)
{
    run_two(v, "product", v->k.mul_fwd, dfn_mul_fwd_f64);
}

/* At most all `count` products meet in one number. */
static void run_two_bwd(const variant *v, bool mul)
{
    for (int i = 0; i < FORMS * VARIANT_SIZES; i++) {
        const two t = two_of(i % FORMS, variant_sizes[i / FORMS]);
        pair da = pair_new(t.count, 1, 1), db = pair_new(t.count, 1, 2);
        pair a = pair_new(t.count, 1, 3), b = pair_new(t.count, 1, 4);
        pair dy = pair_new(t.count, 1, 5);
        pair *to = t.same ? &da : &db;
        const pair *other = t.same ? &a : &b;
        const double terms = t.same ? 3 : t.sb[3] && t.sb[1] ? 2 : (double)t.count;
        double bound[REPEATS * VARIANT_MAX];
        for (size_t k = 0; k < t.count; k++)
            bound[k] = eps * (terms + 1) * (terms + 1);
        if (mul) {
            v->k.mul_bwd(da.f, to->f, dy.f, a.f, other->f, t.n, t.sa, t.sb);
            dfn_mul_bwd_f64(da.d, to->d, dy.d, a.d, other->d, t.n, t.sa, t.sb);
        } else {
            v->k.add_bwd(da.f, to->f, dy.f, t.n, t.sa, t.sb);
            dfn_add_bwd_f64(da.d, to->d, dy.d, t.n, t.sa, t.sb);
        }
        pair_check(v, mul ? "product backward, da" : "sum backward, da", &da, bound);
        pair_check(v, mul ? "product backward, db" : "sum backward, db", to, bound);
        pair *all[] = {&da, &db, &a, &b, &dy};
        for (int k = 0; k < 5; k++)
            pair_free(all[k]);
    }
}

void variant_add_bwd(const variant *v) { run_two_bwd(v, false); }
void variant_mul_bwd(const variant *v) { run_two_bwd(v, true); }

enum { INPUTS = 5 };

void variant_weighted_sum_fwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair y = pair_new(n, 1, 1), x = pair_new(INPUTS * n, 1, 2);
        pair p = pair_new(INPUTS, 1, 3);
        const float *f[INPUTS];
        const double *d[INPUTS];
        double bound[VARIANT_MAX];
        for (size_t k = 0; k < INPUTS; k++) {
            f[k] = x.f + k * n;
            d[k] = x.d + k * n;
        }
        for (size_t i = 0; i < n; i++)
            bound[i] = eps * INPUTS * (INPUTS + 1);
        v->k.weighted_sum_fwd(y.f, f, p.f, INPUTS, n);
        dfn_weighted_sum_fwd_f64(y.d, d, p.d, INPUTS, n);
        pair_check(v, "weighted sum", &y, bound);
        pair_free(&y);
        pair_free(&x);
        pair_free(&p);
    }
}

void variant_weighted_sum_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair dx = pair_new(n, 1, 1), dy = pair_new(n, 1, 2), x = pair_new(n, 1, 3);
        pair dp = pair_new(1, 1, 4), p = pair_new(1, 1, 5);
        double bound[VARIANT_MAX];
        for (size_t i = 0; i < n; i++)
            bound[i] = 4 * eps;
        v->k.weighted_sum_bwd(dx.f, dp.f, dy.f, x.f, p.f, n);
        dfn_weighted_sum_bwd_f64(dx.d, dp.d, dy.d, x.d, p.d, n);
        pair_check(v, "weighted sum backward, dx", &dx, bound);
        bound[0] = eps * (double)(n + 1) * (double)(n + 1);
        pair_check(v, "weighted sum backward, dp", &dp, bound);
        pair *all[] = {&dx, &dy, &x, &dp, &p};
        for (int i = 0; i < 5; i++)
            pair_free(all[i]);
    }
}
