/* erb.c - frequency bands of equal perceptual width, and the smoothing factor. Float on
 * purpose: libDF computes in float, and a bin more or less would be another model. */
#include <dfnet4/dsp.h>
#include <math.h>

static float erb(float hz) { return 9.265f * log1pf(hz / (24.7f * 9.265f)); }
static float hertz(float e) { return 24.7f * 9.265f * (expf(e / 9.265f) - 1); }

enum { RATE_MAX = 10000000, SIZE_MAX_FFT = 65536, BANDS_MAX = 256 };

dfn_status dfn_erb_widths(int *widths, int sample_rate, int fft_size, int nb_bands,
                          int min_bins, dfn_error *err)
{
    const int bins = fft_size / 2 + 1;
    if (sample_rate < 2 || sample_rate > RATE_MAX || fft_size < 2 ||
        fft_size > SIZE_MAX_FFT || fft_size % 2 || nb_bands < 1 || nb_bands > BANDS_MAX ||
        min_bins < 1 || min_bins > bins / nb_bands)
        return dfn_fail(err, DFN_ERR_ARG,
                        "no %d ERB bands of at least %d bins with %d Hz and a transform "
                        "of %d",
                        nb_bands, min_bins, sample_rate, fft_size);
    const float step = erb((float)(sample_rate / 2)) / (float)nb_bands;
    const float bin_hz = (float)sample_rate / (float)fft_size;
    int edge = 0, over = 0, sum = 0; /* over: bins taken from the next band */
    for (int i = 0; i < nb_bands; i++) {
        const int upper = (int)roundf(hertz((float)(i + 1) * step) / bin_hz);
        int n = upper - edge - over;
        over = n < min_bins ? min_bins - n : 0;
        widths[i] = n + over;
        sum += widths[i];
        edge = upper;
    }
    widths[nb_bands - 1] += bins - sum; /* Nyquist belongs to the last band */
    if (widths[nb_bands - 1] < min_bins)
        return dfn_fail(err, DFN_ERR_ARG,
                        "%d ERB bands of at least %d bins do not fit into %d bins",
                        nb_bands, min_bins, bins);
    return DFN_OK;
}

double dfn_norm_alpha(int sample_rate, int hop_size, double tau_s)
{
    const double alpha = tau_s > 0 ? exp(-hop_size / (sample_rate * tau_s)) : 0;
    for (double unit = 1e3; unit < 1e16; unit *= 10) {
        const double rounded = round(alpha * unit) / unit;
        if (rounded < 1)
            return rounded;
    }
    return 1; /* a time constant of more than 1e15 hops */
}
