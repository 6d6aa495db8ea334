/* stft.c - overlap-add analysis and synthesis, one hop at a time. */
#include "dsp/stft.h"

#include <string.h>

void dfn_stft_analyse(dfn_stft *s, float *spec, float *memory, const float *in)
{
    if (s->fast) {
        s->analyse(s->fast, spec, memory, in);
        return;
    }
    const int old = s->size - s->hop;
    for (int i = 0; i < old; i++)
        s->frame[i] = memory[i] * s->window[i];
    for (int i = 0; i < s->hop; i++)
        s->frame[old + i] = in[i] * s->window[old + i];
    memcpy(memory, in, (size_t)s->hop * sizeof *in);
    dfn_fft_forward(s->fft, spec, s->frame);
    for (int i = 0; i < s->size + 2; i++)
        spec[i] *= s->scale;
}

void dfn_stft_synthesise(dfn_stft *s, float *out, float *memory, const float *spec)
{
    if (s->fast) {
        s->synthesise(s->fast, out, memory, spec);
        return;
    }
    dfn_fft_inverse(s->fft, s->frame, spec);
    for (int i = 0; i < s->hop; i++) {
        out[i] = s->frame[i] * s->window[i] + memory[i];
        memory[i] = s->frame[s->hop + i] * s->window[s->hop + i];
    }
}
