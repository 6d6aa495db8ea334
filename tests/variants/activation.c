#include "variants.h"

/* Errors of math.h in units in the last place, and one rounding more. Portable C has those
 * of libm instead, which are smaller, and of 1 + erf(x), which cancels where x < 0. */
static double function_error(dfn_activation act)
{
    return (double)FLT_EPSILON * (act == DFN_ACT_GELU ? 8 : 4);
}

static void run(const variant *v, dfn_activation act, size_t n, double scale)
{
    const double alpha = 0.25;
    pair x = pair_new(n, scale, n + act), y = pair_new(n, 1, 2), one = pair_new(n, 1, 2);
    double bound[VARIANT_MAX];
    dfn_activation_fwd_f64(y.d, x.d, act, alpha, n);
    for (size_t i = 0; i < n; i++)
        bound[i] = act == DFN_ACT_GELU ? function_error(act) * fabs(x.d[i])
                                       : function_error(act) * fabs(y.d[i]) +
                                             2e-38 * (1 + fabs(x.d[i])); /* counts as 0 */
    v->k.activation_fwd(y.f, x.f, act, (float)alpha, n);
    pair_check(v, "activation", &y, bound);
    for (size_t i = 0; i < n; i++)
        v->k.activation_fwd(one.f + i, x.f + i, act, (float)alpha, 1);
    variant_same(v, "activation, one by one", y.f, one.f, n);
    v->k.activation_fwd(x.f, x.f, act, (float)alpha, n);
    variant_same(v, "activation in place", y.f, x.f, n);
    pair_free(&x);
    pair_free(&y);
    pair_free(&one);
}

/* A network that computes NaN must not look healthy behind an activation. */
static void check_nan(const variant *v, dfn_activation act)
{
    for (size_t n = 1; n < 40; n++) {
        float x[40] = {0}, y[40];
        double want;
        x[n - 1] = NAN;
        v->k.activation_fwd(y, x, act, 0.25f, n);
        dfn_activation_fwd_f64(&want, &(double){NAN}, act, 0.25, 1);
        CHECK(isnan(y[n - 1]) && isnan(want), "%s, activation %d of NaN: %g, oracle %g",
              v->level, (int)act, (double)y[n - 1], want);
    }
}

void variant_activation_fwd(const variant *v)
{
    for (dfn_activation act = DFN_ACT_NONE; act < DFN_ACT_COUNT; act++)
        check_nan(v, act);
    for (dfn_activation act = DFN_ACT_NONE; act < DFN_ACT_COUNT; act++)
        for (int s = 0; s < VARIANT_SIZES; s++)
            for (double scale = 0.01; scale < 100; scale *= 21) /* 0.01 to 92 */
                run(v, act, (size_t)variant_sizes[s], scale);
}

/* Where slopes cancel, silu's and gelu's, the parts are at most 1 + |x|. */
static void run_bwd(const variant *v, dfn_activation act, size_t n, double scale)
{
    const double alpha = 0.25;
    pair x = pair_new(n, scale, n + act), y = pair_new(n, 1, 2);
    pair dx = pair_new(n, 1, 3), dy = pair_new(n, 1, 4), one = pair_new(n, 1, 3);
    double bound[VARIANT_MAX];
    dfn_activation_fwd_f64(y.d, x.d, act, alpha, n);
    for (size_t i = 0; i < n; i++) {
        y.d[i] = (double)(y.f[i] = (float)y.d[i]);
        const double parts = act == DFN_ACT_SILU || act == DFN_ACT_GELU
                                 ? 1 + fmin(fabs(x.d[i]), 5) /* s (1 - s) x, x phi(x) */
                                 : 1;
        bound[i] = 2 * function_error(act) * fabs(dy.d[i]) * parts +
                   (double)FLT_EPSILON * (fabs(dx.d[i]) + fabs(dy.d[i]) * parts);
    }
    for (size_t i = 0; i < n; i++)
        v->k.activation_bwd(one.f + i, dy.f + i, x.f + i, y.f + i, act, (float)alpha, true,
                            1);
    v->k.activation_bwd(dx.f, dy.f, x.f, y.f, act, (float)alpha, true, n);
    dfn_activation_bwd_f64(dx.d, dy.d, x.d, y.d, act, alpha, true, n);
    pair_check(v, "activation backward", &dx, bound);
    variant_same(v, "activation backward, one by one", dx.f, one.f, n);
    v->k.activation_bwd(dy.f, dy.f, x.f, y.f, act, (float)alpha, false, n); /* in place */
    dfn_activation_bwd_f64(dy.d, dy.d, x.d, y.d, act, alpha, false, n);
    pair_check(v, "activation backward, in place", &dy, bound);
    pair_free(&x);
    pair_free(&y);
    pair_free(&dx);
    pair_free(&dy);
    pair_free(&one);
}

void variant_activation_bwd(const variant *v)
{
    for (dfn_activation act = DFN_ACT_NONE; act < DFN_ACT_COUNT; act++)
        for (int s = 0; s < VARIANT_SIZES; s++)
            for (double scale = 0.01; scale < 100; scale *= 21)
                run_bwd(v, act, (size_t)variant_sizes[s], scale);
}
