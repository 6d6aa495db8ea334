#include "variants.h"

static const double eps = FLT_EPSILON;
enum { BANDS = 40 };

static double power_of(const double *x, int width)
{
    double sum = 0;
    for (int i = 0; i < 2 * width; i++)
        sum += x[i] * x[i];
    return sum / width;
}

/* A sum of n squares errs by n roundings, its logarithm by 4.34 of those and its own; the
 * level is a mean of two of them. Quiet input meets the floor, loud input the ceiling. */
void variant_erb_feature_fwd(const variant *v)
{
    static const double scales[] = {1, 1e-7, 0, 1e18};
    for (int E = 1; E <= BANDS; E += E < 34 ? 11 : 6)
        for (int k = 0; k < 4; k++) {
            int widths[BANDS], bins = 0;
            for (int e = 0; e < E; e++)
                bins += widths[e] = 1 + e * e / 7;
            pair y = pair_new((size_t)E, 1, 1), s = pair_new((size_t)E, 90, 2);
            pair x = pair_new(2 * (size_t)bins, scales[k], 3);
            double bound[BANDS];
            for (int e = 0, at = 0; e < E; at += 2 * widths[e++]) {
                const double p = fmin(power_of(x.d + at, widths[e]), 1e30) + 1e-10;
                bound[e] = eps * (4.4 * (2 * widths[e] + 4) + 4 * fabs(10 * log10(p)) +
                                  2 * fabs(s.d[e]));
            }
            v->k.erb_feature_fwd(y.f, s.f, x.f, widths, E, 0.9f);
            dfn_erb_feature_fwd_f64(y.d, s.d, x.d, widths, E, (double)0.9f);
            pair_check(v, "erb feature, level", &s, bound);
            for (int e = 0; e < E; e++)
                bound[e] = bound[e] / 20 + 2 * eps * fabs(y.d[e]);
            pair_check(v, "erb feature", &y, bound);
            pair_free(&y);
            pair_free(&s);
            pair_free(&x);
        }
}

static void positive(pair *p, double least)
{
    for (size_t i = 0; i < p->n; i++)
        p->d[i] = (double)(p->f[i] = fabsf(p->f[i]) + (float)least);
}

/* Scales at which squares leave the range, and where levels are clipped. */
static const double scales[] = {1, 0, 1e-30, 1e-15, 1e15, 1e30};
enum { SCALES = 6 };

void variant_unit_norm_fwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES * SCALES; s++) {
        const size_t n = (size_t)variant_sizes[s / SCALES];
        const double scale = scales[s % SCALES];
        pair x = pair_new(2 * n, scale, n), y = pair_new(2 * n, 1, 2);
        pair level = pair_new(n, scale, 3), split = pair_new(2 * n, 1, 2);
        double bound[2 * VARIANT_MAX], of_level[VARIANT_MAX];
        positive(&level, 0);
        pair again = pair_new(n, scale, 3);
        positive(&again, 0);
        v->k.unit_norm_fwd(y.f, level.f, x.f, (int)n, 0.75f);
        dfn_unit_norm_fwd_f64(y.d, level.d, x.d, (int)n, 0.75);
        for (size_t i = 0; i < n; i++) {
            of_level[i] = 6 * eps * level.d[i];
            bound[2 * i] = 8 * eps * fabs(y.d[2 * i]);
            bound[2 * i + 1] = 8 * eps * fabs(y.d[2 * i + 1]);
        }
        pair_check(v, "unit norm, level", &level, of_level);
        pair_check(v, "unit norm", &y, bound);
        for (size_t i = 0; i < n; i++)
            v->k.unit_norm_fwd(split.f + 2 * i, again.f + i, x.f + 2 * i, 1, 0.75f);
        variant_same(v, "unit norm bin by bin", y.f, split.f, 2 * n);
        pair_free(&x);
        pair_free(&y);
        pair_free(&level);
        pair_free(&again);
        pair_free(&split);
    }
}

void variant_unit_norm_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair x = pair_new(2 * n, 1, n), dx = pair_new(2 * n, 1, 2), ds = pair_new(n, 1, 3);
        pair dy = pair_new(2 * n, 1, 4), level = pair_new(n, 1, 5);
        double bound[2 * VARIANT_MAX], of_s[VARIANT_MAX];
        positive(&level, 0.01);
        for (size_t i = 0; i < n; i += 3) /* at the limits nothing passes */
            level.d[i] = (double)(level.f[i] = i % 2 ? 1e-12f : 1e30f);
        x.d[0] = x.d[1] = x.f[0] = x.f[1] = 0;
        for (size_t i = 0; i < n; i++) {
            const double scale = 1 / sqrt(level.d[i]),
                         r = hypot(x.d[2 * i], x.d[2 * i + 1]);
            const double after = fabs(ds.d[i]) + 2 * r * scale / level.d[i];
            of_s[i] = 12 * eps * after;
            bound[2 * i] = bound[2 * i + 1] = 12 * eps * (1 + scale + after);
        }
        v->k.unit_norm_bwd(dx.f, ds.f, dy.f, x.f, level.f, (int)n, 0.75f);
        dfn_unit_norm_bwd_f64(dx.d, ds.d, dy.d, x.d, level.d, (int)n, 0.75);
        pair_check(v, "unit norm backward, dx", &dx, bound);
        pair_check(v, "unit norm backward, ds", &ds, of_s);
        pair *all[] = {&x, &dx, &ds, &dy, &level};
        for (int i = 0; i < 5; i++)
            pair_free(all[i]);
    }
}

/* Both layouts of coefficients, and groups that start inside a frame. */
void variant_deep_filter_fwd(const variant *v)
{
    enum { ORDER = 5 };
    for (int s = 0; s < 2 * VARIANT_SIZES; s++) {
        const int bins = variant_sizes[s / 2], order = 1 + s % ORDER;
        const int bin_step = s % 2 ? order : 1, tap_step = s % 2 ? 1 : bins;
        const size_t n = 2 * (size_t)bins;
        pair y = pair_new(n, 1, 1), c = pair_new(n * (size_t)order, 1, 2);
        pair x = pair_new(n * ORDER + 2, 1, 3);
        const float *f[ORDER];
        const double *d[ORDER];
        double bound[2 * VARIANT_MAX];
        for (int k = 0; k < order; k++) {
            f[k] = x.f + 2 + (size_t)k * n;
            d[k] = x.d + 2 + (size_t)k * n;
        }
        for (size_t i = 0; i < n; i++)
            bound[i] = 2 * order * (2 * order + 1) * eps;
        v->k.deep_filter_fwd(y.f, c.f, f, bins, order, bin_step, tap_step);
        dfn_deep_filter_fwd_f64(y.d, c.d, d, bins, order, bin_step, tap_step);
        pair_check(v, "deep filter", &y, bound);
        pair_free(&y);
        pair_free(&c);
        pair_free(&x);
    }
}
