/* stft_new.c - set-up of a dfn_stft: window and tables in one block. */
#include "dsp/stft.h"
#include "graph/arena.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

static dfn_stft *layout(dfn_arena *a, int size, int hop)
{
    dfn_stft *s = dfn_arena_take(a, 1, sizeof *s);
    float *window = dfn_arena_take(a, (size_t)size, sizeof *window);
    float *frame = dfn_arena_take(a, (size_t)size, sizeof *frame);
    void *fft = dfn_arena_take(a, dfn_fft_bytes(size), 1);
    if (s)
        *s = (dfn_stft){.size = size,
                        .hop = hop,
                        .scale = 1 / (float)size, /* size^2 / (2 hop), as size is 2 hop */
                        .window = window,
                        .frame = frame,
                        .fft = dfn_fft_place(fft, size)};
    return s;
}

dfn_status dfn_stft_new(dfn_stft **out, int fft_size, int hop_size, dfn_error *err)
{
    dfn_arena measure = {0};
    *out = NULL;
    if (hop_size < 1 || fft_size / 2 != hop_size || !dfn_fft_supported(fft_size))
        return dfn_fail(err, DFN_ERR_ARG,
                        "no framing with a transform of %d and a hop of %d: the transform "
                        "must be twice the hop, 4 to %d, with no prime factor above 5",
                        fft_size, hop_size, (int)DFN_FFT_MAX);
    layout(&measure, fft_size, hop_size);
    dfn_arena place = {.base = dfn_block_new(measure.used)};
    if (!place.base)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a transform of %d", fft_size);
    dfn_stft *s = layout(&place, fft_size, hop_size);
    for (int i = 0; i < fft_size; i++) {
        const double v = sin(PI * (i + 0.5) / fft_size);
        s->window[i] = (float)sin(PI / 2 * v * v);
    }
    *out = s;
    return DFN_OK;
}

void dfn_stft_free(dfn_stft *s) { free(s); }
