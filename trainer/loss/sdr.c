/* sdr.c - scale-invariant SDR of whole clips and of short segments, negative.
 *
 *   a = (<s,x> + e) / (<s,s> + e), SDR = 10 log10((|a s|^2 + e) / (|x - a s|^2 + e))
 *
 * with e = 2^-23 and no removal of means. Where the target is silent it says nothing: such
 * clips and segments do not count. Source: Le Roux et al., "SDR - half-baked or well
 * done?", e as the losses of DeepFilterNet have it. */
#include "data/clones.h"
#include "loss/terms.h"

static const double TINY = 1.0 / (1 << 23);
static const double SILENT = 1e-9; /* mean square: -90 dB */

typedef struct products {
    double xx, sx, ss;
} products;

/* In double, since the distortion is the small difference of large sums. */
DFN_CLONES static products multiply(const REAL *x, const REAL *s, int n)
{
    double xx[8] = {0}, sx[8] = {0}, ss[8] = {0};
    products p = {0};
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) {
            const double a = (double)x[i + j], b = (double)s[i + j];
            xx[j] += a * a;
            sx[j] += a * b;
            ss[j] += b * b;
        }
    for (int j = 0; i < n; i++, j++) {
        xx[j] += squared((double)x[i]);
        sx[j] += (double)x[i] * (double)s[i];
        ss[j] += squared((double)s[i]);
    }
    for (int j = 0; j < 8; j++) {
        p.xx += xx[j];
        p.sx += sx[j];
        p.ss += ss[j];
    }
    return p;
}

static double power(const REAL *s, int n) { return OP(loss_power)(s, NULL, n) / n; }

double OP(loss_si_sdr)(const REAL *x, const REAL *s, REAL *dx, int n, double scale)
{
    const products p = multiply(x, s, n);
    const double inverse = 1 / (p.ss + TINY), a = (p.sx + TINY) * inverse;
    const double kept = a * a * p.ss;
    const double lost = fmax(p.xx - 2 * a * p.sx + kept, 0);
    const double db = 10 / log(10);
    if (dx) { /* d kept = 2 a ss da, d lost = 2 (x - a s) dx - 2 (sx - a ss) da */
        const double up = db * scale / (kept + TINY), down = db * scale / (lost + TINY);
        const double da = 2 * (a * p.ss * up + (p.sx - a * p.ss) * down);
        const REAL of_x = (REAL)(-2 * down);
        const REAL of_s = (REAL)(da * inverse + 2 * a * down);
        for (int i = 0; i < n; i++)
            dx[i] += of_x * x[i] + of_s * s[i];
    }
    return db * log((kept + TINY) / (lost + TINY));
}

static int step(const dfn_loss_config *k, int size)
{
    const int n = (int)((1 - k->segment_overlap) * size);
    return n < 1 ? 1 : n;
}

void OP(loss_sdr_count)(LOSS *l)
{
    const dfn_loss_config *k = &l->config;
    const double floor_power = pow(10, k->segment_floor / 10);
    l->sdr_clips = l->segments[0] = l->segments[1] = 0;
    for (int b = 0; b < l->clips; b++) {
        const REAL *s = loss_target(l, b);
        if (k->weight[DFN_LOSS_SI_SDR] > 0)
            l->sdr_clips += power(s, l->length) > SILENT;
        for (int j = 0; j < 2 && k->weight[DFN_LOSS_SEGMENTAL] > 0; j++) {
            const int size = k->segment_size[j];
            for (int at = 0; size > 0 && at + size <= l->length; at += step(k, size))
                l->segments[j] += power(s + at, size) > floor_power;
        }
    }
}

static double segments(LOSS *l, const REAL *x, const REAL *s, REAL *dx, int size,
                       double scale)
{
    const double floor_power = pow(10, l->config.segment_floor / 10);
    double sum = 0;
    for (int at = 0; at + size <= l->length; at += step(&l->config, size))
        if (power(s + at, size) > floor_power)
            sum += OP(loss_si_sdr)(x + at, s + at, dx ? dx + at : NULL, size, scale);
    return sum;
}

void OP(loss_sdr)(LOSS *l, const LOSS_INPUT *in, const REAL *x, const REAL *s, REAL *dx,
                  double *terms)
{
    const dfn_loss_config *k = &l->config;
    const double whole = k->weight[DFN_LOSS_SI_SDR] / l->sdr_clips;
    const int n = l->length;
    if (k->weight[DFN_LOSS_SI_SDR] > 0 && power(s, n) > SILENT)
        terms[DFN_LOSS_SI_SDR] -= whole * OP(loss_si_sdr)(x, s, dx, n, -whole * in->scale);
    for (int j = 0; j < 2; j++) {
        const double part = k->weight[DFN_LOSS_SEGMENTAL] / l->segments[j];
        if (k->weight[DFN_LOSS_SEGMENTAL] > 0 && l->segments[j] > 0)
            terms[DFN_LOSS_SEGMENTAL] -=
                part * segments(l, x, s, dx, k->segment_size[j], -part * in->scale);
    }
}
