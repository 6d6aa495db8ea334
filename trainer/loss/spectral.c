/* spectral.c - compressed spectra on the frames of the network, and what was taken away:
 * one pass over both (core/op/spectral_error.c). */
#include "loss/terms.h"

void OP(loss_spectral)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    const dfn_loss_config *k = &l->config;
    const double weight = k->weight[DFN_LOSS_SPECTRAL];
    const double taken = k->weight[DFN_LOSS_OVER_SUPPRESSION];
    double count = 0, sum[3] = {0};
    if (weight <= 0 && taken <= 0)
        return;
    for (int b = 0; b < l->clips; b++)
        count += (double)l->bins_of[b] * (l->frames - in->skip);
    if (!(count > 0))
        return;
    const double more = weight * k->spectral_magnitude, less = more * k->spectral_under;
    const double apart = weight * k->spectral_complex / 2, scale = in->scale / count;
    const REAL c[3] = {(REAL)(more * scale), (REAL)((less + taken) * scale),
                       (REAL)(apart * scale)};
    for (int b = 0; b < l->clips; b++)
        for (int t = in->skip; t < l->frames; t++) {
            const size_t at = loss_row(l, b, t, 2 * l->bins);
            REAL e[3];
            l->kernels.spectral_error(e, in->d_enhanced ? in->d_enhanced + at : NULL,
                                      in->enhanced + at, in->target + at, c,
                                      (REAL)k->spectral_gamma, (size_t)l->bins_of[b]);
            for (int i = 0; i < 3; i++)
                sum[i] += (double)e[i];
        }
    if (weight > 0)
        terms[DFN_LOSS_SPECTRAL] = (more * sum[0] + less * sum[1] + apart * sum[2]) / count;
    if (taken > 0) /* NaN is in the first sum */
        terms[DFN_LOSS_OVER_SUPPRESSION] =
            taken * (isnan(sum[0]) ? sum[0] : sum[1]) / count;
}
