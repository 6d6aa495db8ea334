/* The gradient of every term, in double, against differences. */
#include "loss_shard.h"

/* The difference over five points, whose error is of the order h^4. */
static double difference(double *x, double h, shard *s)
{
    const double keep = *x;
    double y[4];
    for (int j = 0; j < 4; j++) {
        *x = keep + h * (j < 2 ? j - 2 : j - 1);
        y[j] = value(s);
    }
    *x = keep;
    return (y[0] - 8 * y[1] + 8 * y[2] - y[3]) / (12 * h);
}

/* dx[0..n) against differences with steps of 1e-4 of the numbers' size: an error of 1e-16,
 * and 1e-14 of the value, over h, for rounding. Where a term bends because a bin is almost
 * 0, steps have to be smaller; 1e-8 of the largest gradient is for what is left of that.
 * Every third number: real and imaginary parts of all bins, in some frame. */
static void check_gradient(const char *name, double *x, const double *dx, int n,
                           double size, shard *s)
{
    const double y = fabs(value(s));
    double top = 0;
    for (int i = 0; i < n; i++)
        top = check_worse(fabs(dx[i]), top);
    const int step = top > 0 ? 3 : 13;
    for (int i = 0; i < n; i += step) {
        double h = 1e-4 * size, want = NAN, limit = 0;
        for (int j = 0; j < 3 && !(fabs(dx[i] - want) <= limit); j++, h /= 8) {
            want = difference(&x[i], h, s);
            limit = 1e-8 * top + 1e-14 * y / h;
        }
        CHECK(fabs(dx[i] - want) <= limit, "%s[%d]: %.12g, want %.12g +- %.2g", name, i,
              dx[i], want, limit);
    }
}

static void check_gradients(const char *name, const dfn_loss_config *k, double bandwidth)
{
    static shard s;
    open_with(&s, k);
    s.bandwidth[1] = bandwidth;
    const double y = run(&s);
    CHECK(y != 0 && isfinite(y), "%s: %g", name, y);
    CHECK(fabs(value(&s) - y) <= 1e-12 * fabs(y), "%s: %.15g, with gradients %.15g", name,
          value(&s), y);
    check_gradient(name, s.enhanced, s.d_enhanced, ROWS * F * 2, level, &s);
    check_gradient(name, s.mask, s.d_mask, ROWS * E, 0.1, &s);
    check_gradient(name, s.lsnr, s.d_lsnr, ROWS, 1, &s);
    check_gradient(name, s.vad, s.d_vad, ROWS, 0.05, &s);
    check_gradient(name, s.alpha, s.d_alpha, ROWS, 0.1, &s);
    dfn_loss_free_f64(s.loss);
}

static void gradients(void)
{
    for (int i = 0; i < DFN_LOSS_COUNT; i++) {
        const int variants = i == DFN_LOSS_MASK ? 4 : 2;
        for (int v = 0; v < variants; v++) {
            dfn_loss_config k = every_term();
            memset(k.weight, 0, sizeof k.weight);
            k.weight[i] = 2;
            k.spectral_gamma = k.multi_gamma = v ? 1 : 0.5;
            k.mask_target = v;
            check_gradients(dfn_loss_term_name((dfn_loss_term)i), &k, v == 1 ? 13000 : 0);
        }
    }
}

int main(void)
{
    gradients();
    return check_report();
}
