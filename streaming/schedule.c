/* schedule.c - make converters, and find out how much they hold back. */
#include "resample.h"

#include <stdlib.h>

enum {
    MARGIN = 1
}; /* converters add up positions in floating point: one sample either way */

dfn_status dfn_resampler_new(SRC_STATE **out, dfn_error *err)
{
    int why = 0;
    *out = src_new(SRC_SINC_MEDIUM_QUALITY, 1, &why);
    return *out ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "resampler: %s", src_strerror(why));
}

/* Host samples until `want` samples have come out of a fresh converter. */
static int count_until(SRC_STATE *src, double ratio, int want, float *out, int room)
{
    const float silence = 0;
    int n = 0;
    for (int got = 0; got < want; n++)
        got += dfn_resample(src, ratio, &silence, 1, out, room);
    return n;
}

/* Quanta after which borders fall on the same fraction of a sample again. */
static int period(const dfn_schedule *s)
{
    int n = 1;
    while ((int64_t)n * s->rate * s->hop_size % s->model_rate)
        n++;
    return n;
}

/* Lead: quantum k ends at lead + floor(k q) host samples, q = quantum length, and must give
 * hop k. The first one gives it after n samples; floor(k q) - floor(q) + 1 >= (k - 1) q, so
 * one more sample is enough for all others where q is no integer.
 * Prefill: before hop k has run, border(k + 1) samples are asked for. */
static void dry_run(dfn_schedule *s, SRC_STATE *in, SRC_STATE *out, float *work, int room)
{
    const double ratio = (double)s->model_rate / s->rate;
    const int quantum = (int)((int64_t)s->rate * s->hop_size / s->model_rate);
    const int last = period(s) + 8; /* the filters have filled after 8 hops */
    const float *silence = work + room;

    s->lead = count_until(in, ratio, s->hop_size + MARGIN, work, room) - quantum;
    s->lead += (int64_t)quantum * s->model_rate != (int64_t)s->rate * s->hop_size;
    s->prefill = 0;
    int64_t made = 0;
    for (int k = 0; k <= last; k++) {
        const int64_t missing = dfn_schedule_border(s, k + 1) - made + MARGIN;
        if (s->prefill < missing)
            s->prefill = (int)missing;
        made += dfn_resample(out, 1 / ratio, silence, s->hop_size, work, room);
    }
}

/* Host samples of n quanta, rounded up: no n of them are longer, but for the lead. */
static int length(const dfn_schedule *s, int n)
{
    const int64_t samples = (int64_t)n * s->rate * s->hop_size;
    return (int)((samples + s->model_rate - 1) / s->model_rate);
}

dfn_status dfn_schedule_make(dfn_schedule *s, int rate, int model_rate, int hop_size,
                             int hops, dfn_error *err)
{
    SRC_STATE *in = NULL, *out = NULL;
    *s = (dfn_schedule){.rate = rate, .model_rate = model_rate, .hop_size = hop_size};
    s->prefill = hops * hop_size;
    if (rate == model_rate)
        return DFN_OK;
    const int room = (int)((int64_t)rate * hop_size / model_rate) + hop_size + 64;
    float *work = calloc((size_t)(room + hop_size), sizeof *work);
    dfn_status status = work ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!status)
        status = dfn_resampler_new(&in, err);
    if (!status)
        status = dfn_resampler_new(&out, err);
    if (!status)
        dry_run(s, in, out, work, room);
    s->prefill += length(s, hops - 1); /* read while the others of a group are collected */
    src_delete(in);
    src_delete(out);
    free(work);
    return status;
}
