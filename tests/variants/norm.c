#include "variants.h"

static const double eps = FLT_EPSILON;
enum { ROWS = 3 };
static const double epsilon = 1e-5;

/* Mean and largest deviation of a row, and 1 / sqrt(variance + epsilon). */
typedef struct row {
    double size, r;
} row;

static row look_at(const double *x, size_t D)
{
    double mean = 0, var = 0, size = 0;
    for (size_t i = 0; i < D; i++)
        mean += x[i] / (double)D;
    for (size_t i = 0; i < D; i++) {
        var += (x[i] - mean) * (x[i] - mean) / (double)D;
        size = fmax(size, fabs(x[i] - mean));
    }
    return (row){size + fabs(mean) / 2, 1 / sqrt(var + epsilon)};
}

/* z = (x - mean) r: the mean is rounded once, the variance errs by a few roundings. With
 * numbers far from 0 (shift), rounding the mean is what counts. */
static double error_of_z(row a, double z) { return eps * (6 * fabs(z) + 2 * a.size * a.r); }

static void shifted(pair *p, double shift)
{
    for (size_t i = 0; i < p->n; i++)
        p->d[i] = (double)(p->f[i] = (float)(p->d[i] + shift));
}

static void run(const variant *v, size_t D, double shift)
{
    const size_t n = ROWS * D;
    pair x = pair_new(n, 1, D), y = pair_new(n, 1, 2), w = pair_new(D, 1, 3);
    pair b = pair_new(D, 1, 4);
    double bound[ROWS * VARIANT_MAX];
    shifted(&x, shift);
    dfn_layer_norm_fwd_f64(y.d, x.d, w.d, b.d, epsilon, ROWS, (int)D);
    for (size_t i = 0; i < n; i++) {
        const double z = (y.d[i] - b.d[i % D]) / w.d[i % D];
        bound[i] = fabs(w.d[i % D]) * error_of_z(look_at(x.d + i / D * D, D), z) +
                   2 * eps * (fabs(b.d[i % D]) + fabs(y.d[i]));
    }
    v->k.layer_norm_fwd(y.f, x.f, w.f, b.f, (float)epsilon, ROWS, (int)D);
    pair_check(v, "layer norm", &y, bound);
    pair_free(&x);
    pair_free(&y);
    pair_free(&w);
    pair_free(&b);
}

void variant_layer_norm_fwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++)
        for (double shift = 0; shift < 200; shift += 100)
            run(v, (size_t)variant_sizes[s], shift);
}

/* Every term of dx is at most r (1 + |z|^2); the mean of D of them errs by D roundings. */
static void run_bwd(const variant *v, size_t D, bool weights)
{
    const size_t n = ROWS * D;
    pair x = pair_new(n, 1, D), dx = pair_new(n, 1, 2), dy = pair_new(n, 1, 3);
    pair w = pair_new(D, 1, 4), dw = pair_new(D, 1, 5), db = pair_new(D, 1, 6);
    double bound[ROWS * VARIANT_MAX], of_w[VARIANT_MAX] = {0};
    for (size_t i = 0; i < n; i++) {
        const row a = look_at(x.d + i / D * D, D);
        const double z = a.size * a.r,
                     e = error_of_z(a, z) + (double)(D + 4) * eps * (1 + z);
        bound[i] = a.r * (1 + z) * 2 * e + 2 * eps * (fabs(dx.d[i]) + a.r * (2 + z * z));
        of_w[i % D] += e + 2 * eps * (1 + z);
    }
    v->k.layer_norm_bwd(dx.f, weights ? dw.f : NULL, weights ? db.f : NULL, dy.f, x.f, w.f,
                        (float)epsilon, ROWS, (int)D);
    dfn_layer_norm_bwd_f64(dx.d, weights ? dw.d : NULL, weights ? db.d : NULL, dy.d, x.d,
                           w.d, epsilon, ROWS, (int)D);
    pair_check(v, "layer norm backward, dx", &dx, bound);
    pair_check(v, "layer norm backward, dw", &dw, of_w);
    pair_check(v, "layer norm backward, db", &db, of_w);
    pair *all[] = {&x, &dx, &dy, &w, &dw, &db};
    for (int i = 0; i < 6; i++)
        pair_free(all[i]);
}

void variant_layer_norm_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++)
        run_bwd(v, (size_t)variant_sizes[s], s % 2);
}

/* Differences of x are exact to a rounding of the larger one, exp errs by one ulp and the
 * difference's; a sum of D positive terms errs by D roundings at most. */
void variant_softmax_fwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++)
        for (double scale = 1; scale < 100; scale *= 40) {
            const size_t D = (size_t)variant_sizes[s], n = ROWS * D;
            pair x = pair_new(n, scale, D), y = pair_new(n, 1, 2);
            double bound[ROWS * VARIANT_MAX];
            shifted(&x, -3 * scale); /* nothing near 0 */
            dfn_softmax_fwd_f64(y.d, x.d, ROWS, (int)D);
            for (size_t i = 0; i < n; i++)
                bound[i] = fabs(y.d[i]) * eps * ((double)D + 4 + 4 * scale) + 2e-38;
            v->k.softmax_fwd(y.f, x.f, ROWS, (int)D);
            pair_check(v, "softmax", &y, bound);
            pair_free(&x);
            pair_free(&y);
        }
}

void variant_softmax_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t D = (size_t)variant_sizes[s], n = ROWS * D;
        pair dx = pair_new(n, 1, 1), dy = pair_new(n, 1, 2), y = pair_new(n, 1, 3);
        double bound[ROWS * VARIANT_MAX];
        for (size_t i = 0; i < n; i++) { /* |dy y| < 1 in a sum of D terms */
            const double dot = (double)D * (double)(D + 1) * eps;
            bound[i] =
                fabs(y.d[i]) * (dot + 2 * eps * (double)(D + 1)) + 2 * eps * fabs(dx.d[i]);
        }
        v->k.softmax_bwd(dx.f, dy.f, y.f, ROWS, (int)D);
        dfn_softmax_bwd_f64(dx.d, dy.d, y.d, ROWS, (int)D);
        pair_check(v, "softmax backward", &dx, bound);
        pair_free(&dx);
        pair_free(&dy);
        pair_free(&y);
    }
}
