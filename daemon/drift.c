/* drift.c - a ring between two clocks, read at the rate that keeps the delay.
 *
 * With W(t) the frames written at time t by the writer's clock, R the place of reading and
 * D the delay wanted, all in input frames, e = (W(t) - R - D) / rate:
 *
 *   c = sqrt(2) w e + w^2 (integral of e),  R += (in_rate / out_rate) (1 + c) per frame
 *
 * W jumps by blocks, its clock does not. D is what a block of each side and the jitter can
 * take from the ring, half of the interpolator, and 1 ms for the loop's own errors. */
#include "drift.h"

#include "clock.h"
#include "interp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 8 };
static const double PI = 3.14159265358979323846;
static const double MAX_RATE = 2e-3, MAX_PITCH = 4e-3; /* of the integral, of all */
static const double LOOP_ERROR = 1e-3, FADE_IN = 5e-3, FADE_OUT = 2e-3; /* s */
static const double LOCKED = 10,
                    KNOWN = 4; /* s: ages; the ratio is known even to a new loop */

struct dfnd_drift {
    dfnd_drift_config config;
    dfnd_interp interp;
    double nominal; /* input frames per output frame */
    double target;  /* D, input frames */
    double jitter;  /* input frames */
    size_t size;    /* of the ring, a power of two */
    float *ring; /* [channels][2 size]: all is there twice, so that any window is whole */

    dfnd_clock writer;         /* the writer's */
    dfnd_shared_clock shared;  /* the same, for the reader */
    _Atomic uint64_t written;  /* frames */
    _Atomic uint64_t released; /* by the reader: before this the ring is free */
    _Atomic bool lost;         /* the ring was full */

    /* The reader's. */
    dfnd_clock reader, seen; /* seen: the writer's, as last read */
    int before;              /* frames of the last block */
    uint64_t at;             /* R: whole frames ... */
    double part;             /* ... and the rest */
    double leading;          /* s that the delay may be led back without learning from it */
    double integral, age;    /* of the loop; age: s since the sound runs */
    bool running, ran;
    float gain;           /* of the fade in */
    float last[CHANNELS]; /* what fades out */
    int fading;           /* frames left of that */

    _Atomic double ratio, delay, fill, shown_age;
    _Atomic uint64_t underruns, overruns;
};

/* ---- writing --------------------------------------------------------------------------
 */

void dfnd_drift_write(dfnd_drift *d, const float *const *in, size_t frames, double now)
{
    const uint64_t written = atomic_load_explicit(&d->written, memory_order_relaxed);
    const uint64_t released = atomic_load_explicit(&d->released, memory_order_acquire);
    const size_t room = d->size - (size_t)(written - released);
    const size_t n = frames < room ? frames : room;
    for (int c = 0; c < d->config.channels; c++) {
        float *ring = d->ring + (size_t)c * 2 * d->size;
        for (size_t i = 0; i < n; i++) {
            const size_t k = (size_t)(written + i) & (d->size - 1);
            ring[k] = ring[k + d->size] = in[c][i];
        }
    }
    if (n < frames) {
        atomic_store_explicit(&d->lost, true, memory_order_relaxed);
        dfnd_clock_jump(&d->writer, (int)n, now);
    } else {
        (void)dfnd_clock_tick(&d->writer, (int)n, now);
    }
    dfnd_clock_publish(&d->shared, &d->writer);
    atomic_store_explicit(&d->written, written + n, memory_order_release);
}

/* ---- reading --------------------------------------------------------------------------
 */

/* Begin anew: what is there is dropped, except for the half filter before the first
 * sample. */
static void stop(dfnd_drift *d, uint64_t written)
{
    d->running = false;
    d->gain = 0;
    d->fading = (int)(FADE_OUT * d->config.out_rate);
    d->at = written;
    d->part = 0;
    atomic_store_explicit(&d->released, written, memory_order_release);
}

/* Where the writer is at the reader's time. */
static double writer_place(const dfnd_drift *d)
{
    return d->seen.frame + (d->reader.time - d->seen.time) / d->seen.period;
}

/* Is there enough for the delay? Then sound begins right at it. */
static bool start(dfnd_drift *d, uint64_t written)
{
    const double place = writer_place(d) - d->target;
    const double first = (double)d->at + d->interp.taps / 2;
    /* A clock that ran on without blocks says nothing. */
    const bool alive =
        place + d->target <= (double)written + d->config.in_block + d->jitter;
    if (!alive || place < first || written < d->at + (uint64_t)d->config.in_block)
        return false;
    d->at = (uint64_t)place;
    d->part = place - floor(place);
    d->age = d->ran ? fmin(d->age, KNOWN) : 0;
    d->running = d->ran = true;
    d->fading = 0;
    return true;
}

/* Does the delay only have to be led back? A large error of a loop that knows the ratio is
 * a clock that has jumped. */
static bool leads_back(dfnd_drift *d, double error, double length)
{
    if (fabs(error) * d->config.in_rate > d->jitter / 2 && d->age >= KNOWN) {
        d->leading = 10;
        d->age = KNOWN;
    } else if (fabs(error) < 2e-4) {
        d->leading = 0;
    }
    d->leading = fmax(d->leading - length, 0);
    return d->leading > 0;
}

/* Input frames per output frame, for the next block of this length (s). */
static double follow(dfnd_drift *d, double length)
{
    const double error =
        (writer_place(d) - ((double)d->at + d->part) - d->target) / d->config.in_rate;
    const bool leads = leads_back(d, error, length);
    const double fastest =
        0.3 / length; /* long blocks: stay far from where it gets unstable */
    const double w = fmin(2 * PI * dfnd_clock_bandwidth(d->age), fastest);
    const double now = sqrt(2) * w * error;
    if (!leads)
        d->integral += w * w * error * length;
    d->integral = fmin(fmax(d->integral, -MAX_RATE), MAX_RATE);
    const double c = fmin(fmax(now + d->integral, -MAX_PITCH), MAX_PITCH);
    d->age += length;
    atomic_store_explicit(&d->ratio, 1 + d->integral, memory_order_relaxed);
    atomic_store_explicit(&d->delay, error + d->target / d->config.in_rate,
                          memory_order_relaxed);
    return d->nominal * (1 + c);
}

/* Fade from the last value to silence. */
static void fade_out(dfnd_drift *d, float *const *out, size_t from, size_t to)
{
    const float whole = (float)(FADE_OUT * d->config.out_rate);
    for (size_t i = from; i < to; i++) {
        const float gain = d->fading > 0 ? (float)--d->fading / whole : 0;
        for (int c = 0; c < d->config.channels; c++)
            out[c][i] = gain > 0 ? gain * d->last[c] : 0; /* it may be NaN */
    }
}

/* As many frames as the ring has; returns how many. */
static size_t render(dfnd_drift *d, float *const *out, size_t frames, double step,
                     uint64_t written)
{
    const float rise = (float)(1 / (FADE_IN * d->config.out_rate));
    const uint64_t half = (uint64_t)d->interp.taps / 2;
    size_t i = 0;
    for (; i < frames && d->at + half < written; i++) {
        const size_t k = (size_t)(d->at - half + 1) & (d->size - 1);
        for (int c = 0; c < d->config.channels; c++)
            d->last[c] = out[c][i] =
                d->gain *
                dfnd_interp_at(&d->interp, d->part, d->ring + (size_t)c * 2 * d->size + k);
        d->gain = fminf(d->gain + rise, 1);
        d->part += step;
        const double whole = floor(d->part);
        d->at += (uint64_t)whole;
        d->part -= whole;
    }
    atomic_store_explicit(&d->released, d->at - half + 1, memory_order_release);
    return i;
}

/* More in the ring than jitter explains: sound would come too late. */
static bool too_full(const dfnd_drift *d, uint64_t written)
{
    const double most =
        d->target + 2 * d->jitter + d->config.in_block + d->config.out_block * d->nominal;
    return (double)(written - d->at) > most;
}

static void count(_Atomic uint64_t *n)
{
    atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

void dfnd_drift_read(dfnd_drift *d, float *const *out, size_t frames, double now)
{
    const uint64_t written = atomic_load_explicit(&d->written, memory_order_acquire);
    const bool lost = atomic_exchange_explicit(&d->lost, false, memory_order_relaxed);
    (void)dfnd_clock_read(&d->seen, &d->shared);
    (void)dfnd_clock_tick(&d->reader, d->before, now);
    d->before = (int)frames;
    atomic_store_explicit(&d->fill, (double)(written - d->at), memory_order_relaxed);
    size_t done = 0;
    if (lost || too_full(d, written)) {
        if (d->running)
            count(&d->overruns);
        stop(d, written);
    } else if (d->running || start(d, written)) {
        const double step = follow(d, (double)frames / d->config.out_rate);
        done = render(d, out, frames, step, written);
        if (done < frames) {
            count(&d->underruns);
            stop(d, written);
        }
    }
    fade_out(d, out, done, frames);
    atomic_store_explicit(&d->shown_age, d->running ? d->age : -1, memory_order_relaxed);
}

/* ---- the rest -------------------------------------------------------------------------
 */

static dfn_status check_config(const dfnd_drift_config *c, dfn_error *err)
{
    if (c->channels < 1 || c->channels > CHANNELS || c->in_block < 1 || c->out_block < 1 ||
        c->in_block > 1 << 20 || c->out_block > 1 << 20 || !(c->jitter >= 0))
        return dfn_fail(err, DFN_ERR_ARG,
                        "cannot connect two devices: %d channels, blocks "
                        "of %d and %d frames",
                        c->channels, c->in_block, c->out_block);
    return DFN_OK;
}

static void plan(dfnd_drift *d)
{
    const dfnd_drift_config *c = &d->config;
    d->nominal = c->in_rate / c->out_rate;
    const double out_block = c->out_block * d->nominal;
    d->jitter = c->jitter > 0 ? c->jitter * c->in_rate : (c->in_block + out_block) / 2;
    d->target =
        c->in_block + out_block + d->jitter + d->interp.taps / 2 + LOOP_ERROR * c->in_rate;
    const double most =
        d->target + 2 * d->jitter + 2 * c->in_block + out_block + d->interp.taps;
    for (d->size = 1024; (double)d->size < most;)
        d->size *= 2;
    /* Blocks that are off by more than this are a gap, not jitter. */
    const double limit = (d->jitter + c->in_block + out_block) / c->in_rate;
    dfnd_clock_init(&d->writer, c->in_rate, limit);
    dfnd_clock_init(&d->seen, c->in_rate, limit);
    dfnd_clock_init(&d->reader, c->out_rate, limit);
    dfnd_clock_publish(&d->shared, &d->writer);
}

dfn_status dfnd_drift_new(dfnd_drift **out, const dfnd_drift_config *config, dfn_error *err)
{
    dfn_status status = check_config(config, err);
    if (status)
        return status;
    dfnd_drift *d = calloc(1, sizeof *d);
    if (!d)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory to connect two devices");
    d->config = *config;
    status = dfnd_interp_new(&d->interp, config->in_rate / config->out_rate, err);
    if (!status) {
        plan(d);
        d->ring = calloc((size_t)config->channels * 2 * d->size, sizeof *d->ring);
        if (!d->ring)
            status = dfn_fail(err, DFN_ERR_NOMEM, "no memory to connect two devices");
    }
    if (status) {
        dfnd_drift_free(d);
        return status;
    }
    d->ratio = 1;
    d->shown_age = -1;
    *out = d;
    return DFN_OK;
}

void dfnd_drift_free(dfnd_drift *d)
{
    if (!d)
        return;
    dfnd_interp_free(&d->interp);
    free(d->ring);
    free(d);
}

double dfnd_drift_delay(const dfnd_drift *d) { return d->target / d->config.in_rate; }

void dfnd_drift_get_status(const dfnd_drift *d, dfnd_drift_status *s)
{
    const double age = atomic_load_explicit(&d->shown_age, memory_order_relaxed);
    s->ratio = atomic_load_explicit(&d->ratio, memory_order_relaxed);
    s->delay = atomic_load_explicit(&d->delay, memory_order_relaxed);
    s->fill = atomic_load_explicit(&d->fill, memory_order_relaxed);
    s->underruns = atomic_load_explicit(&d->underruns, memory_order_relaxed);
    s->overruns = atomic_load_explicit(&d->overruns, memory_order_relaxed);
    s->running = age >= 0;
    s->locked = age >= LOCKED;
}
