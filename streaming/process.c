/* process.c - the audio call: collect hops, run those that fall due, hand out. */
#include "fpu.h"
#include "state.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const float loudest = 1000; /* +60 dBFS */

static float get(const _Atomic float *x)
{
    return atomic_load_explicit(x, memory_order_relaxed);
}

static void put(_Atomic float *x, double value)
{
    atomic_store_explicit(x, (float)value, memory_order_relaxed);
}

static bool bypassed(const dfn_stream *s)
{
    return get(&s->param[DFN_PARAM_BYPASS]) >= 0.5f;
}

/* Tests that say no for NaN, instead of isfinite() and branches: this becomes SIMD.
 * Choices, not minimum and maximum, which some compilers see and which take denormals for
 * zero. */
static float clean(float x)
{
    const float size = fabsf(x), clipped = size <= FLT_MAX ? copysignf(loudest, x) : 0;
    return size <= loudest ? x : clipped;
}

/* The sum of squares, a sum per lane of a vector. At most a hop at a time: each of these
 * has too few terms to lose what a meter shows. */
static double energy(const float *x, int n)
{
    enum { LANES = 16 };
    float lane[LANES] = {0};
    double sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += x[i + k] * x[i + k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    for (int k = 0; k < LANES; k++)
        sum += (double)lane[k];
    return sum;
}

/* The output where the bypass fades: from or to the dry signal. */
static void mix(dfn_fade *fade, bool bypass, float *out, const float *wet, const float *dry,
                int n)
{
    for (int i = 0; i < n; i++)
        out[i] = dfn_mix(wet[i], dry[i], dfn_fade_step(fade, bypass));
}

/* Take n samples in and give n out; neither a quantum nor a ring ends inside. in may be
 * out: all of it is taken before any is given. */
static dfn_fade pass(dfn_stream *s, int c, const float *in, float *out, int n, bool bypass)
{
    dfn_channel *ch = &s->channel[c];
    dfn_fade fade = s->bypass;
    const size_t bytes = (size_t)n * sizeof *out;
    const float *wet = ch->wet + s->wet_at;
    float *dry = ch->dry + s->dry_at, *restrict fresh = ch->quantum + s->filled;
    for (int i = 0; i < n; i++)
        fresh[i] = clean(in[i]);
    s->power_in += energy(fresh, n);
    s->power_late += energy(dry, n);
    if (!bypass && fade.at == 0)
        memcpy(out, wet, bytes);
    else if (bypass && fade.at == fade.length)
        memcpy(out, dry, bytes);
    else
        mix(&fade, bypass, out, wet, dry, n);
    s->power_out += energy(out, n);
    memcpy(dry, fresh, bytes);
    return fade;
}

static double decibel(double power) { return 10 * log10(fmax(power, 1e-12)); }

static void update_meters(dfn_stream *s)
{
    const double n = (double)s->quantum * s->channels;
    const double in = decibel(s->power_in / n), late = decibel(s->power_late / n);
    const double out = decibel(s->power_out / n);
    put(&s->meter[DFN_METER_INPUT_DB], in);
    put(&s->meter[DFN_METER_OUTPUT_DB], out);
    put(&s->meter[DFN_METER_REDUCTION_DB], fmin(out - late, 0));
    s->power_in = s->power_late = s->power_out = 0;
}

/* The quantum's samples at the model's rate, behind the few that were left over: at least
 * one hop. Returns how many there are now. */
static int to_model(dfn_stream *s, dfn_channel *ch)
{
    const dfn_schedule *t = &s->schedule;
    int n = s->hop_n;
    if (ch->to_model) {
        n += dfn_resample(ch->to_model, (double)t->model_rate / t->rate, ch->quantum,
                          s->quantum, ch->hop + n, s->hop_max - n);
    } else {
        memcpy(ch->hop + n, ch->quantum, (size_t)s->quantum * sizeof *ch->hop);
        n += s->quantum;
    }
    return n;
}

/* `hop`, enhanced, at the host's rate behind n samples of wet[]; returns the new count. */
static int to_host(const dfn_stream *s, dfn_channel *ch, const float *hop, int n)
{
    const dfn_schedule *t = &s->schedule;
    if (ch->to_host)
        return n + dfn_resample(ch->to_host, (double)t->rate / t->model_rate, hop,
                                s->hop_size, ch->wet + n, s->wet_max - n);
    memcpy(ch->wet + n, hop, (size_t)s->hop_size * sizeof *ch->wet);
    return n + s->hop_size;
}

/* Never needed unless a converter holds back more than it did at set-up. */
static int fill(float *x, int n, int want)
{
    for (; n < want; n++)
        x[n] = 0;
    return n;
}

/* One more hop of every channel into the queue. */
static void collect(dfn_stream *s)
{
    const size_t size = (size_t)s->hop_size;
    int n = 0;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        n = fill(ch->hop, to_model(s, ch), s->hop_size);
        memcpy(ch->queue + (size_t)s->queued * size, ch->hop, size * sizeof *ch->hop);
        memmove(ch->hop, ch->hop + size, ((size_t)n - size) * sizeof *ch->hop);
    }
    s->hop_n = n - s->hop_size;
    s->hops++;
    dfn_stream_queue(s);
}

/* The queue behind what is not yet read. */
static void hand_out(dfn_stream *s)
{
    const int want = (int)(dfn_schedule_border(&s->schedule, s->hops + s->hops_max) -
                           dfn_schedule_border(&s->schedule, s->hops));
    int n = 0;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        n = s->wet_n - s->wet_at;
        memmove(ch->wet, ch->wet + s->wet_at, (size_t)n * sizeof *ch->wet);
        for (int i = 0; i < s->queued; i++)
            n = to_host(s, ch, ch->queue + (size_t)i * (size_t)s->hop_size, n);
        n = fill(ch->wet, n, want);
    }
    s->wet_at = 0;
    s->wet_n = n;
    s->queued = 0;
}

static void end_quantum(dfn_stream *s)
{
    collect(s);
    if (s->queued == s->hops_max) {
        dfn_stream_run(s);
        hand_out(s);
    }
    update_meters(s);
    s->quantum = (int)(dfn_schedule_border(&s->schedule, s->hops + 1) -
                       dfn_schedule_border(&s->schedule, s->hops));
    s->filled = 0;
}

void dfn_stream_process(dfn_stream *s, const float *const *in, float *const *out,
                        size_t frames)
{
    const dfn_fpu_mode mode = dfn_fpu_enter();
    for (size_t at = 0; at < frames;) {
        int n = s->quantum - s->filled;
        if (n > s->latency - s->dry_at)
            n = s->latency - s->dry_at;
        if ((size_t)n > frames - at)
            n = (int)(frames - at);
        const bool bypass = bypassed(s);
        dfn_fade after = s->bypass;
        for (int c = 0; c < s->channels; c++)
            after = pass(s, c, in[c] + at, out[c] + at, n, bypass);
        s->bypass = after;
        s->wet_at += n;
        s->filled += n;
        s->dry_at = (s->dry_at + n) % s->latency;
        at += (size_t)n;
        if (s->filled == s->quantum)
            end_quantum(s);
    }
    dfn_fpu_leave(mode);
}

void dfn_stream_restart(dfn_stream *s)
{
    memset(s->block, 0, s->audio_bytes);
    for (int c = 0; c < s->channels && s->channel[c].to_model; c++) {
        src_reset(s->channel[c].to_model);
        src_reset(s->channel[c].to_host);
    }
    dfn_stream_restart_network(s);
    s->hops = 0;
    s->quantum = (int)dfn_schedule_border(&s->schedule, 1);
    s->filled = s->hop_n = s->wet_at = s->dry_at = s->late_at = s->settle = 0;
    s->queued = s->alone = s->silence = 0;
    s->wet_n = s->schedule.prefill;
    s->enhancing = true;
    s->bypass.at = bypassed(s) ? s->bypass.length : 0;
    s->power_in = s->power_late = s->power_out = 0;
    put(&s->meter[DFN_METER_LSNR_DB], 0);
    put(&s->meter[DFN_METER_VAD], 0);
    put(&s->meter[DFN_METER_REDUCTION_DB], 0);
    put(&s->meter[DFN_METER_INPUT_DB], -120);
    put(&s->meter[DFN_METER_OUTPUT_DB], -120);
}

void dfn_stream_reset(dfn_stream *s)
{
    const dfn_fpu_mode mode = dfn_fpu_enter();
    dfn_stream_restart(s);
    dfn_fpu_leave(mode);
}
