/* quantize_score.c - how near the quantised model's sound comes to that of float32.
 *
 * Segmental SNR: segments of 20 ms, each clamped to -10 .. 60 dB, the mean of those that
 * float32 leaves above -60 dBFS. SI-SDR: of all samples at once. Log-spectral distance: of
 * frames of 20 ms every 10 ms, the root mean square over bins of the difference of the
 * power spectra in dB, with 1e-10 added to either; the mean of frames as above. */
#include "bench.h"
#include "quantize.h"

#include <dfnet4/dsp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4800, CHANNEL_MAX = 64, HOPS = 16, WARM_UP = 30, TIMED = 300 };

static size_t part(const quantize_clip *c, double *seconds)
{
    const double own = (double)c->frames / c->rate;
    const size_t n = *seconds < own ? (size_t)(*seconds * c->rate) : c->frames;
    *seconds -= *seconds < own ? *seconds : own;
    return n;
}

/* The output without its delay. block: [channels][BLOCK] */
static void play(dfn_stream *s, const quantize_clip *c, size_t n, float *block, float *to)
{
    float *plane[CHANNEL_MAX];
    const size_t late = (size_t)dfn_stream_latency(s);
    for (int k = 0; k < c->channels; k++)
        plane[k] = block + (size_t)k * BLOCK;
    for (size_t at = 0; at < n + late; at += BLOCK) {
        for (int k = 0; k < c->channels; k++)
            for (size_t i = 0; i < BLOCK; i++)
                plane[k][i] = at + i < n ? c->in[(size_t)k * c->frames + at + i] : 0;
        dfn_stream_process(s, (const float *const *)plane, plane, BLOCK);
        for (int k = 0; k < c->channels; k++)
            for (size_t i = 0; i < BLOCK; i++)
                if (at + i >= late && at + i - late < n)
                    to[(size_t)k * c->frames + at + i - late] = plane[k][i];
    }
}

bool quantize_play(const quantize_sound *s, const dfn_model *m, unsigned cpu,
                   double seconds, bool want, dfn_error *err)
{
    for (int i = 0; i < s->count && seconds > 0; i++) {
        const quantize_clip *c = &s->clip[i];
        const dfn_stream_config config = {
            .sample_rate = c->rate, .channels = c->channels, .cpu = cpu, .hops = HOPS};
        dfn_stream *stream;
        if (dfn_stream_new(&stream, m, &config, err))
            return false;
        float *block = malloc((size_t)c->channels * BLOCK * sizeof *block);
        const size_t n = part(c, &seconds);
        if (block)
            play(stream, c, n, block, want ? c->want : c->got);
        else
            dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
        free(block);
        dfn_stream_free(stream);
        if (!block)
            return false;
    }
    return true;
}

typedef struct sums {
    double db, rr, re, ee, lsd;
    long segments, frames;
} sums;

static void add_segments(sums *s, const float *want, const float *got, size_t n,
                         size_t segment)
{
    for (size_t i = 0; i + segment <= n; i += segment) {
        double energy = 0, error = 0;
        for (size_t j = i; j < i + segment; j++) {
            const double r = (double)want[j], e = (double)got[j];
            energy += r * r;
            error += (r - e) * (r - e);
            s->rr += r * r;
            s->re += r * e;
            s->ee += e * e;
        }
        if (energy < 1e-6 * (double)segment) /* -60 dBFS */
            continue;
        const double db = 10 * log10(energy / (error + 1e-30));
        s->db += db < -10 ? -10 : db > 60 ? 60 : db; /* NaN stays */
        s->segments++;
    }
}

/* work: two spectra of hop + 1 bins and two memories of a hop, zeros at first */
static void add_spectra(sums *s, dfn_stft *stft, const float *want, const float *got,
                        size_t n, size_t hop, float *work)
{
    float *a = work, *b = a + 2 * (hop + 1), *was_a = b + 2 * (hop + 1);
    float *was_b = was_a + hop;
    for (size_t i = 0; i + hop <= n; i += hop) {
        double energy = 0, sum = 0;
        dfn_stft_analyse(stft, a, was_a, want + i);
        dfn_stft_analyse(stft, b, was_b, got + i);
        for (size_t j = i; j < i + hop; j++)
            energy += (double)want[j] * (double)want[j];
        if (energy < 1e-6 * (double)hop)
            continue;
        for (size_t k = 0; k <= hop; k++) {
            const double p = pow((double)a[2 * k], 2) + pow((double)a[2 * k + 1], 2);
            const double q = pow((double)b[2 * k], 2) + pow((double)b[2 * k + 1], 2);
            sum += pow(10 * log10((p + 1e-10) / (q + 1e-10)), 2);
        }
        s->lsd += sqrt(sum / (double)(hop + 1));
        s->frames++;
    }
}

static bool add_clip(sums *s, const quantize_clip *c, size_t n, dfn_error *err)
{
    const size_t hop = (size_t)c->rate / 100;
    const size_t room = 4 * (hop + 1) + 2 * hop;
    dfn_stft *stft;
    if (dfn_stft_new(&stft, (int)(2 * hop), (int)hop, 0, err))
        return false;
    float *work = malloc(room * sizeof *work);
    if (!work)
        dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (int k = 0; work && k < c->channels; k++) {
        const size_t at = (size_t)k * c->frames;
        memset(work, 0, room * sizeof *work);
        add_segments(s, c->want + at, c->got + at, n, 2 * hop);
        add_spectra(s, stft, c->want + at, c->got + at, n, hop, work);
    }
    dfn_stft_free(stft);
    free(work);
    return work;
}

bool quantize_compare(const quantize_sound *s, double seconds, quantize_score *out,
                      dfn_error *err)
{
    sums all = {0};
    for (int i = 0; i < s->count && seconds > 0; i++)
        if (!add_clip(&all, &s->clip[i], part(&s->clip[i], &seconds), err))
            return false;
    const double target = all.re * all.re / all.rr;
    *out = (quantize_score){.snr = all.db / (double)all.segments,
                            .si_sdr = 10 * log10(target / (all.ee - target)),
                            .lsd = all.lsd / (double)all.frames,
                            .segments = all.segments};
    return true;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_hops(dfn_stream *const stream[2], size_t hop, float *x, double us[2])
{
    double taken[2][TIMED];
    bench_signal_fill(x, (WARM_UP + TIMED) * hop, BENCH_SPEECH);
    float *out = x + (WARM_UP + TIMED) * hop;
    for (int t = 0; t < WARM_UP + TIMED; t++)
        for (int i = 0; i < 2; i++) {
            const float *in = x + (size_t)t * hop;
            const int64_t start = bench_clock();
            dfn_stream_process(stream[i], &in, &out, hop);
            if (t >= WARM_UP)
                taken[i][t - WARM_UP] = (double)(bench_clock() - start) / 1e3;
        }
    for (int i = 0; i < 2; i++) {
        qsort(taken[i], TIMED, sizeof *taken[i], ascending);
        us[i] = taken[i][TIMED / 2];
    }
}

bool quantize_time(quantize_job *j, dfn_error *err)
{
    const dfn_model_info *info = dfn_model_get_info(j->plain);
    const size_t hop = (size_t)info->hop_size;
    const dfn_stream_config config = {
        .sample_rate = info->sample_rate, .channels = 1, .cpu = j->settings->cpu};
    dfn_stream *stream[2] = {NULL, NULL};
    double us[2] = {0, 0};
    float *x = malloc((WARM_UP + TIMED + 1) * hop * sizeof *x);
    if (!x)
        dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    const bool good = x && !dfn_stream_new(&stream[0], j->plain, &config, err) &&
                      !dfn_stream_new(&stream[1], j->model, &config, err);
    if (good)
        time_hops(stream, hop, x, us);
    j->before.hop_us = us[0];
    j->after.hop_us = us[1];
    dfn_stream_free(stream[0]);
    dfn_stream_free(stream[1]);
    free(x);
    return good;
}
