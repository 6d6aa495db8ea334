/* si_sdr.c - scale-invariant signal-to-distortion ratio (Le Roux et al. 2019). */
#include <dfnet4/metrics.h>
#include <math.h>

dfn_status dfn_si_sdr(double *db, const float *reference, const float *estimate, size_t n,
                      dfn_error *err)
{
    const double eps = 0x1p-23;
    double rr = 0, er = 0, ee = 0;
    for (size_t i = 0; i < n; i++) {
        rr += (double)reference[i] * reference[i];
        er += (double)estimate[i] * reference[i];
        ee += (double)estimate[i] * estimate[i];
    }
    if (!isfinite(rr) || !isfinite(ee))
        return dfn_fail(err, DFN_ERR_ARG, "SI-SDR: a sample is not a finite number");
    if (rr <= 0)
        return dfn_fail(err, DFN_ERR_ARG, "SI-SDR: the reference is silent");
    const double a = (er + eps) / (rr + eps);
    /* A second pass, since |a r|^2 - 2 a <e, r> + |e|^2 cancels for a good estimate. */
    double rest = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = a * reference[i] - estimate[i];
        rest += d * d;
    }
    *db = 10 * log10((a * a * rr + eps) / (rest + eps));
    return DFN_OK;
}
