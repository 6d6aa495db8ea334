/* multi.c - compressed spectra on transforms of several sizes: for each of them
 *
 *   magnitude mean((|Y|^g - |S|^g)^2) + complex mean(|Y' - S'|^2) / 2
 *
 * over frames and the bins within the clip's bandwidth. Source: the multi-resolution
 * spectral loss of DeepFilterNet. */
#include "loss/terms.h"

#include <string.h>

/* Samples outside 0 .. n-1 mirror those inside. */
static int mirror(int i, int n)
{
    const int period = n > 1 ? 2 * (n - 1) : 1;
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

void OP(loss_multi_mirror)(const LOSS *l, REAL *x)
{
    for (int i = 1; i <= l->margin; i++) {
        x[-i] = x[mirror(-i, l->length)];
        x[l->length - 1 + i] = x[mirror(l->length - 1 + i, l->length)];
    }
}

void OP(loss_multi_fold)(const LOSS *l, REAL *dx)
{
    for (int i = 1; i <= l->margin; i++) {
        const int end = l->length - 1 + i;
        dx[mirror(-i, l->length)] += dx[-i];
        dx[mirror(end, l->length)] += dx[end];
        dx[-i] = dx[end] = 0;
    }
}

static int frames_of(const LOSS *l, int size) { return 1 + l->length / (size / 4); }

static int bins_of(const LOSS *l, const LOSS_INPUT *in, int b, int size)
{
    const double hz = in->bandwidth_hz ? in->bandwidth_hz[b] : 0;
    const int all = size / 2 + 1;
    const double top = hz > 0 ? hz * size / l->sample_rate + 1 : all;
    return top < all ? (int)top : all;
}

void OP(loss_multi_count)(LOSS *l, const LOSS_INPUT *in)
{
    for (int i = 0; i < DFN_LOSS_SIZES; i++) {
        const int size = l->multi[i].size;
        l->multi_part[i][0] = l->multi_part[i][1] = l->multi_count[i] = 0;
        for (int b = 0; size > 0 && b < l->clips; b++)
            l->multi_count[i] += (double)frames_of(l, size) * bins_of(l, in, b, size);
    }
}

/* Adds the sums of one size to `sum`, and its gradient to dx. */
static void one_size(LOSS *l, const OP(loss_frames) * f, const REAL *x, const REAL *s,
                     REAL *dx, const REAL c[3], int bins, double sum[3])
{
    const KERNELS *k = &l->kernels;
    const int frames = frames_of(l, f->size);
    REAL *y = l->multi_work[0], *target = l->multi_work[1], e[3];
    for (int t = 0; t < frames; t += DFN_LANES) {
        const int lanes = frames - t < DFN_LANES ? frames - t : DFN_LANES;
        const size_t at = (size_t)t * (size_t)f->hop;
        OP(loss_frames_forward)(f, k, y, x + at - f->half, lanes);
        OP(loss_frames_forward)(f, k, target, s + at - f->half, lanes);
        k->lanes_error(e, y, target, f->place, f->twist, c, (REAL)l->config.multi_gamma,
                       f->half, bins, dx != NULL);
        for (int i = 0; i < 3; i++)
            sum[i] += (double)e[i];
        if (dx)
            OP(loss_frames_transpose)(f, k, dx + at - f->half, y, lanes);
    }
}

void OP(loss_multi)(LOSS *l, const LOSS_INPUT *in, int b, const REAL *x, const REAL *s,
                    REAL *dx, double *terms)
{
    const dfn_loss_config *k = &l->config;
    const double weight = k->weight[DFN_LOSS_MULTI_RESOLUTION];
    for (int i = 0; weight > 0 && i < DFN_LOSS_SIZES; i++) {
        if (l->multi_count[i] <= 0)
            continue;
        const double magnitude = weight * k->multi_magnitude / l->multi_count[i];
        const double apart = weight * k->multi_complex / 2 / l->multi_count[i];
        const REAL m = (REAL)(magnitude * in->scale),
                   c[3] = {m, m, (REAL)(apart * in->scale)};
        double sum[3] = {0};
        one_size(l, &l->multi[i], x, s, dx, c, bins_of(l, in, b, l->multi[i].size), sum);
        const double parts[2] = {magnitude * (sum[0] + sum[1]), apart * sum[2]};
        for (int j = 0; j < 2; j++) {
            l->multi_part[i][j] += parts[j];
            terms[DFN_LOSS_MULTI_RESOLUTION] += parts[j];
        }
    }
}
