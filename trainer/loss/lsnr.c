/* lsnr.c - local SNR of the target, and the heads that follow it: of the local SNR itself,
 * and of the share a that the deep filter has.
 *
 *   E_s(t) = sum |S_t|^2, N(t) = sum |X_t - S_t|^2 over the bins that count
 *   E_n(t) = (N(t-1) + 2 N(t) + N(t+1)) / 4, at the ends without what is not there
 *   target = 10 log10(E_s / E_n), limited to 1 dB more than what the network can say
 *
 * A frame without speech has the lowest SNR, with or without noise. The reference has
 * E_n = (N(t) + N(t+1)) / 4, and a floor that depends on the level. */
#include "data/clones.h"
#include "loss/terms.h"

enum { SUMS = 32 };

DFN_CLONES double OP(loss_power)(const REAL *x, const REAL *y, int n)
{
    REAL sum[SUMS] = {0};
    double total = 0;
    int i = 0;
    for (; !y && i + SUMS <= n; i += SUMS)
        for (int j = 0; j < SUMS; j++)
            sum[j] += x[i + j] * x[i + j];
    for (; y && i + SUMS <= n; i += SUMS)
        for (int j = 0; j < SUMS; j++) {
            const REAL d = x[i + j] - y[i + j];
            sum[j] += d * d;
        }
    for (; i < n; i++)
        total += squared((double)(y ? x[i] - y[i] : x[i]));
    for (int j = 0; j < SUMS; j++)
        total += (double)sum[j];
    return total;
}

static void powers(LOSS *l, const LOSS_INPUT *in, int b)
{
    const int n = 2 * l->bins_of[b];
    for (int t = in->skip; t < l->frames; t++) {
        const REAL *s = in->target + loss_row(l, b, t, 2 * l->bins);
        l->speech[t] = OP(loss_power)(s, NULL, n);
        l->noise[t] = OP(loss_power)(in->noisy + loss_row(l, b, t, 2 * l->bins), s, n);
    }
}

static double noise_around(const LOSS *l, int t, int first)
{
    const double *n = l->noise, next = t + 1 < l->frames ? n[t + 1] : 0;
    if (l->config.lsnr_reference)
        return fmax((n[t] + next) / 4, 1e-12);
    const double last = t > first ? n[t - 1] : 0;
    const double weight = 2 + (t + 1 < l->frames) + (t > first);
    return fmax((last + 2 * n[t] + next) / weight, 1e-30); /* no 0 to divide by */
}

void OP(loss_lsnr_target)(LOSS *l, const LOSS_INPUT *in)
{
    for (int b = 0; b < l->clips; b++) {
        double *target = l->lsnr_target + loss_row(l, b, 0, 1);
        powers(l, in, b);
        for (int t = in->skip; t < l->frames; t++) {
            const double ratio = l->speech[t] / noise_around(l, t, in->skip);
            const double db = 10 * log10(fmax(ratio, 1e-12));
            target[t] = fmin(fmax(db, l->lsnr_low), l->lsnr_high);
        }
    }
}

void OP(loss_lsnr)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    const double weight = l->config.weight[DFN_LOSS_LSNR];
    const double count = (double)l->clips * (l->frames - in->skip);
    double sum = 0;
    if (weight <= 0 || !in->lsnr || !(count > 0))
        return;
    for (int b = 0; b < l->clips; b++)
        for (int t = in->skip; t < l->frames; t++) {
            const size_t at = loss_row(l, b, t, 1);
            const double d = (double)in->lsnr[at] - l->lsnr_target[at];
            sum += d * d;
            if (in->d_lsnr)
                in->d_lsnr[at] += (REAL)(weight * in->scale / count * 2 * d);
        }
    terms[DFN_LOSS_LSNR] = weight * sum / count;
}

/* 0 below low, 1 above high */
static double ramp(double x, const double edge[2])
{
    return fmin(fmax((x - edge[0]) / (edge[1] - edge[0]), 0), 1);
}

void OP(loss_df_alpha)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    const dfn_loss_config *k = &l->config;
    const double weight = k->weight[DFN_LOSS_DF_ALPHA];
    const double count = (double)l->clips * (l->frames - in->skip);
    double sum = 0;
    if (weight <= 0 || !in->alpha || !(count > 0))
        return;
    for (int b = 0; b < l->clips; b++)
        for (int t = in->skip; t < l->frames; t++) {
            const size_t at = loss_row(l, b, t, 1);
            const double a = (double)in->alpha[at], lsnr = l->lsnr_target[at];
            const double off = 1 - ramp(lsnr, k->alpha_off), too_much = a * off;
            const double on = k->alpha_on_factor * ramp(lsnr, k->alpha_on);
            sum += too_much * too_much + fabs(1 - a) * on;
            if (in->d_alpha)
                in->d_alpha[at] += (REAL)(weight * in->scale / count *
                                          (2 * too_much * off - (a < 1 ? on : -on)));
        }
    terms[DFN_LOSS_DF_ALPHA] = weight * sum / count;
}
