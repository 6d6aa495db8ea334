#include "variants.h"

static const double eps = FLT_EPSILON, epsilon = 1e-5;
enum { ROWS = 37 };

static void shifted(pair *p, double shift)
{
    for (size_t i = 0; i < p->n; i++)
        p->d[i] = (double)(p->f[i] = (float)(p->d[i] + shift));
}

/* Sums as good as those in double: the mean is rounded when it is stored, a square and the
 * difference in it are rounded once each. */
void variant_batch_norm_stats(const variant *v)
{
    for (int s = 0; s < 2 * VARIANT_SIZES; s++) {
        const size_t C = (size_t)variant_sizes[s / 2];
        pair x = pair_new(ROWS * C, 1, C), mean = pair_new(C, 1, 1),
             var = pair_new(C, 1, 2);
        double bound[VARIANT_MAX], of_var[VARIANT_MAX];
        shifted(&x, s % 2 ? 100 : 0);
        v->k.batch_norm_stats(mean.f, var.f, x.f, ROWS, (int)C);
        dfn_batch_norm_stats_f64(mean.d, var.d, x.d, ROWS, (int)C);
        for (size_t c = 0; c < C; c++) {
            bound[c] = eps * (fabs(mean.d[c]) + sqrt(var.d[c]));
            of_var[c] = 8 * eps * var.d[c];
        }
        pair_check(v, "batch mean", &mean, bound);
        pair_check(v, "batch variance", &var, of_var);
        pair_free(&x);
        pair_free(&mean);
        pair_free(&var);
    }
}

/* Variances in [0.5, 1.5). */
static pair variances(size_t C)
{
    pair p = pair_new(C, 0.5, 7);
    shifted(&p, 1);
    return p;
}

/* No y within 1e-4 of 0, where rounding would decide what a ReLU does. */
static void keep_away(pair *x, const pair *mean, const pair *var, const pair *w,
                      const pair *b, size_t rows)
{
    for (size_t i = 0; i < rows * mean->n; i++) {
        const size_t c = i % mean->n;
        while (fabs((x->d[i] - mean->d[c]) / sqrt(var->d[c] + epsilon) * w->d[c] +
                    b->d[c]) < 1e-4)
            x->d[i] = (double)(x->f[i] = (float)(x->d[i] + 0.01));
    }
}

void variant_batch_norm_fwd(const variant *v)
{
    for (int s = 0; s < 2 * VARIANT_SIZES; s++) {
        const size_t C = (size_t)variant_sizes[s / 2], n = 3 * C;
        const bool relu = s & 1;
        pair y = pair_new(n, 1, 1), x = pair_new(n, 1, 2), mean = pair_new(C, 1, 3);
        pair var = variances(C), w = pair_new(C, 1, 4), b = pair_new(C, 1, 5);
        double bound[3 * VARIANT_MAX];
        for (size_t i = 0; i < n; i++) /* |x - mean| scale is below 3; 6 roundings */
            bound[i] = 6 * eps * 4;
        keep_away(&x, &mean, &var, &w, &b, 3);
        v->k.batch_norm_fwd(y.f, x.f, mean.f, var.f, w.f, b.f, (float)epsilon, relu, 3,
                            (int)C);
        dfn_batch_norm_fwd_f64(y.d, x.d, mean.d, var.d, w.d, b.d, epsilon, relu, 3, (int)C);
        pair_check(v, "batch norm", &y, bound);
        pair *all[] = {&y, &x, &mean, &var, &w, &b};
        for (int i = 0; i < 6; i++)
            pair_free(all[i]);
    }
}

/* |z| is below 3: sums of ROWS products, each wrong by 8 roundings, and one rounding of the
 * sum; dx adds a few more to terms below 1.5 (1 + 1 + 9). */
void variant_batch_norm_bwd(const variant *v)
{
    for (int s = 0; s < 8 * VARIANT_SIZES; s++) {
        const size_t C = (size_t)variant_sizes[s / 8], n = ROWS * C;
        const bool batch = s & 1, weights = s & 2, relu = s & 4;
        pair dx = pair_new(n, 1, 1), dy = pair_new(n, 1, 2), x = pair_new(n, 1, 3);
        pair dw = pair_new(C, 1, 4), db = pair_new(C, 1, 5), mean = pair_new(C, 1, 6);
        pair var = variances(C), w = pair_new(C, 1, 8), b = pair_new(C, 1, 9);
        keep_away(&x, &mean, &var, &w, &b, ROWS);
        double bound[VARIANT_MAX], *of_x = malloc(n * sizeof *of_x);
        for (size_t i = 0; of_x && i < n; i++)
            of_x[i] = 16 * eps * 1.5 * 11;
        for (size_t c = 0; c < C; c++)
            bound[c] = 9 * eps * 3 * (ROWS + 1);
        v->k.batch_norm_bwd(dx.f, weights ? dw.f : NULL, weights ? db.f : NULL, dy.f, x.f,
                            mean.f, var.f, w.f, b.f, (float)epsilon, batch, true, relu,
                            ROWS, (int)C);
        dfn_batch_norm_bwd_f64(dx.d, weights ? dw.d : NULL, weights ? db.d : NULL, dy.d,
                               x.d, mean.d, var.d, w.d, b.d, epsilon, batch, true, relu,
                               ROWS, (int)C);
        pair_check(v, "batch norm backward, dx", &dx, of_x);
        v->k.batch_norm_bwd(dy.f, NULL, NULL, dy.f, x.f, mean.f, var.f, w.f, b.f,
                            (float)epsilon, batch, false, relu, ROWS,
                            (int)C); /* in place */
        dfn_batch_norm_bwd_f64(dy.d, NULL, NULL, dy.d, x.d, mean.d, var.d, w.d, b.d,
                               epsilon, batch, false, relu, ROWS, (int)C);
        pair_check(v, "batch norm backward, in place", &dy, of_x);
        pair_check(v, "batch norm backward, dw", &dw, bound);
        pair_check(v, "batch norm backward, db", &db, bound);
        pair *all[] = {&dx, &dy, &x, &dw, &db, &mean, &var, &w, &b};
        for (int i = 0; i < 9; i++)
            pair_free(all[i]);
        free(of_x);
    }
}
