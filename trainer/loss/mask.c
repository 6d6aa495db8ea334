/* mask.c - gains of ERB bands against those that give the target.
 *
 *   e = (t^gamma - max(m, 1e-12)^gamma_pred)^2, times `under` where m is smaller
 *   L = sum over k of factor[k] mean(max(e, 1e-13)^(power[k] / 2))
 *
 * Source: the mask loss of DeepFilterNet. */
#include "loss/terms.h"

static const double QUIET = 1e-10, SMALLEST = 1e-12, SMALLEST_ERROR = 1e-13;

/* |x|, |s| and, for targets that look at it, |x - s| of one frame. */
static void magnitudes(LOSS *l, const REAL *x, const REAL *s)
{
    const int target = l->config.mask_target;
    const bool noise = target == DFN_MASK_WG || target == DFN_MASK_IRM;
    for (int i = 0; noise && i < l->bins; i++) {
        const REAL re = x[2 * i] - s[2 * i], im = x[2 * i + 1] - s[2 * i + 1];
        l->abs_n[i] = SQRT(re * re + im * im);
    }
    l->kernels.complex_abs_fwd(l->abs_x, x, (size_t)l->bins);
    l->kernels.complex_abs_fwd(l->abs_s, s, (size_t)l->bins);
}

/* Ideal gain of each bin, in abs_s. */
static void bin_gains(LOSS *l)
{
    const REAL *x = l->abs_x, *n = l->abs_n, quiet = (REAL)QUIET;
    REAL *s = l->abs_s;
    switch (l->config.mask_target) {
    case DFN_MASK_IAM:
        for (int i = 0; i < l->bins; i++) {
            const REAL g = s[i] / (x[i] + quiet);
            s[i] = g > 1 ? 1 : g;
        }
        break;
    case DFN_MASK_WG:
        for (int i = 0; i < l->bins; i++) {
            const REAL p = s[i] * s[i];
            s[i] = p / (p + n[i] * n[i] + quiet);
        }
        break;
    case DFN_MASK_IRM:
        for (int i = 0; i < l->bins; i++)
            s[i] = s[i] / (s[i] + n[i] + quiet);
        break;
    default: break; /* magnitudes themselves */
    }
}

static double mean(const REAL *x, int n)
{
    REAL sum[8] = {0}; /* independent ones: an addition waits for the one before */
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += x[i + j];
    for (int j = 0; i < n; i++, j++)
        sum[j] += x[i];
    double total = 0;
    for (int j = 0; j < 8; j++)
        total += (double)sum[j];
    return total / n;
}

static double to_half(double e, double power)
{
    return power == 2 ? e : power == 4 ? e * e : pow(e, power / 2);
}

/* Value of one band, and its derivative in *slope; `level` is what the gain multiplies. */
static double band(const dfn_loss_config *k, double target, double level, double m,
                   double *slope)
{
    const double product = level * m, p = product < SMALLEST ? SMALLEST : product;
    const double predicted = (double)POW((REAL)p, (REAL)k->mask_gamma_pred);
    const double d = predicted - (double)POW((REAL)target, (REAL)k->mask_gamma);
    const double under = d < 0 ? k->mask_under : 1;
    const double e = under * d * d, kept = e < SMALLEST_ERROR ? SMALLEST_ERROR : e;
    double value = 0, de = 0;
    for (int i = 0; i < 2; i++) {
        const double part = k->mask_factor[i] * to_half(kept, k->mask_power[i]);
        value += part;
        de += part * k->mask_power[i] / 2 / kept;
    }
    *slope = e > SMALLEST_ERROR && product > SMALLEST
                 ? de * 2 * under * d * k->mask_gamma_pred * predicted / p * level
                 : 0;
    return value;
}

static double frame(LOSS *l, const REAL *m, REAL *dm, int bands, double scale)
{
    const bool spectrum = l->config.mask_target == DFN_MASK_SPECTRUM;
    double sum = 0, slope;
    for (int e = 0, at = 0; e < bands; at += l->widths[e++]) {
        const double target = mean(l->abs_s + at, l->widths[e]);
        const double level = spectrum ? mean(l->abs_x + at, l->widths[e]) : 1;
        sum += band(&l->config, target, level, (double)m[e], &slope);
        if (dm)
            dm[e] += (REAL)(scale * slope);
    }
    return sum;
}

void OP(loss_mask)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    const double weight = l->config.weight[DFN_LOSS_MASK];
    double count = 0, sum = 0;
    if (weight <= 0 || !in->mask)
        return;
    for (int b = 0; b < l->clips; b++)
        count += (double)l->bands_of[b] * (l->frames - in->skip);
    if (!(count > 0))
        return;
    for (int b = 0; b < l->clips; b++)
        for (int t = in->skip; t < l->frames; t++) {
            const size_t at = loss_row(l, b, t, 2 * l->bins);
            const size_t gains = loss_row(l, b, t, l->bands);
            magnitudes(l, in->noisy + at, in->target + at);
            bin_gains(l);
            sum += frame(l, in->mask + gains, in->d_mask ? in->d_mask + gains : NULL,
                         l->bands_of[b], weight * in->scale / count);
        }
    terms[DFN_LOSS_MASK] = weight * sum / count;
}
