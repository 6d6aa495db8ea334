/* convert.c - a history of samples, and a place in it. */
#include "convert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int dfnd_convert_most(const dfnd_convert *c, int frames)
{
    return (int)ceil(frames * c->step) + 2;
}

dfn_status dfnd_convert_new(dfnd_convert *c, int channels, double in_rate, double out_rate,
                            int frames, dfn_error *err)
{
    *c = (dfnd_convert){.channels = channels, .step = in_rate / out_rate};
    const dfn_status status = dfnd_interp_new(&c->interp, c->step, err);
    if (status)
        return status;
    c->room = c->interp.taps + dfnd_convert_most(c, frames);
    c->have = c->interp.taps - 1; /* of silence */
    c->history = calloc((size_t)channels * c->room, sizeof *c->history);
    if (c->history)
        return DFN_OK;
    dfnd_convert_free(c);
    return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a resampler");
}

void dfnd_convert_free(dfnd_convert *c)
{
    dfnd_interp_free(&c->interp);
    free(c->history);
    c->history = NULL;
}

int dfnd_convert_need(const dfnd_convert *c, int frames)
{
    if (frames < 1)
        return 0;
    const int end = (int)floor(c->at + (frames - 1) * c->step) + c->interp.taps;
    return end > c->have ? end - c->have : 0;
}

void dfnd_convert_run(dfnd_convert *c, const float *const *in, float *const *out,
                      int frames)
{
    const int more = dfnd_convert_need(c, frames);
    const double begin = c->at, end = begin + frames * c->step;
    const int drop = (int)floor(end) < c->have + more ? (int)floor(end) : c->have + more;
    for (int k = 0; k < c->channels; k++) {
        float *x = c->history + (size_t)k * c->room;
        memcpy(x + c->have, in[k], (size_t)more * sizeof *x);
        for (int i = 0; i < frames; i++) {
            const double at = begin + i * c->step, whole = floor(at);
            out[k][i] = dfnd_interp_at(&c->interp, at - whole, x + (int)whole);
        }
        memmove(x, x + drop, (size_t)(c->have + more - drop) * sizeof *x);
    }
    c->have += more - drop;
    c->at = end - drop;
}
