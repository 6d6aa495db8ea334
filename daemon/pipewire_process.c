/* pipewire_process.c - what runs in the audio thread of libpipewire.
 *
 * Both streams are of one group, so that one thread runs them in one cycle. The capture has
 * data first; it triggers the playback, which takes it, cleans it and passes it on. */
#include "pipewire.h"

#include <string.h>

enum { BLOCK = 1024 };
static const float silence[BLOCK];

/* The channels of a buffer, as far as they can be trusted: they lie in shared memory. */
typedef struct block {
    float *channel[DFND_PW_CHANNELS]; /* NULL: silence */
    size_t frames;
} block;

static struct pw_buffer *newest(struct pw_stream *stream)
{
    struct pw_buffer *last = NULL, *b;
    while ((b = pw_stream_dequeue_buffer(stream))) {
        if (last)
            pw_stream_queue_buffer(stream, last);
        last = b;
    }
    return last;
}

static uint32_t read_once(const uint32_t *shared)
{
    return *(const volatile uint32_t *)shared;
}

/* What a captured buffer holds: the shortest channel counts. */
static block captured(const struct spa_buffer *b, int channels)
{
    block k = {.frames = SIZE_MAX};
    for (uint32_t c = 0; c < (uint32_t)channels; c++) {
        if (c >= b->n_datas || !b->datas[c].data || !b->datas[c].chunk)
            continue;
        const struct spa_data *d = &b->datas[c];
        const uint32_t offset = SPA_MIN(read_once(&d->chunk->offset), d->maxsize) & ~3u;
        const uint32_t size = SPA_MIN(read_once(&d->chunk->size), d->maxsize - offset);
        if (read_once((const uint32_t *)&d->chunk->flags) & SPA_CHUNK_FLAG_CORRUPTED)
            continue;
        k.channel[c] = SPA_PTROFF(d->data, offset, float);
        k.frames = SPA_MIN(k.frames, size / sizeof(float));
    }
    if (k.frames == SIZE_MAX)
        k.frames = 0;
    return k;
}

/* Where to write; `frames` is what fits. */
static block writable(const struct spa_buffer *b, int channels)
{
    block k = {.frames = SIZE_MAX};
    for (uint32_t c = 0; c < (uint32_t)channels; c++) {
        if (c >= b->n_datas || !b->datas[c].data)
            return (block){.frames = 0};
        k.channel[c] = b->datas[c].data;
        k.frames = SPA_MIN(k.frames, b->datas[c].maxsize / sizeof(float));
    }
    return k;
}

/* Follow the clock of the graph: cycles in which we were not there, and pauses. */
static void follow_clock(dfnd_pw_sound *s)
{
    struct pw_time t;
    if (!s->started) {
        dfnd_engine_reset(s->engine);
        s->now = 0;
    }
    s->started = true;
    if (pw_stream_get_time_n(s->playback, &t, sizeof t) < 0 || !t.rate.denom)
        return;
    const int64_t step = (int64_t)(t.ticks - s->ticks);
    if (s->now && t.now - s->now > SPA_NSEC_PER_SEC / 4) {
        dfnd_engine_reset(s->engine); /* after a pause */
        s->step = s->odd = 0;
    } else if (!s->now || step <= 0) {
        s->step = s->odd = 0; /* the first cycle has no time; some drivers have no clock */
    } else if (step == s->step) {
        s->odd = 0;
    } else if (s->step && step > s->step && step % s->step == 0 && step != s->odd) {
        /* We missed a part, unless it is the same again: then the quantum has changed. */
        s->odd = step;
        atomic_fetch_add_explicit(&s->xruns, 1, memory_order_relaxed);
    } else {
        if (step == s->odd)
            atomic_fetch_sub_explicit(&s->xruns, 1, memory_order_relaxed);
        s->step = step;
        s->odd = 0;
    }
    s->ticks = t.ticks;
    s->now = t.now;
    atomic_store_explicit(&s->rate, (int)t.rate.denom, memory_order_relaxed);
    atomic_store_explicit(&s->quantum, (int)s->step, memory_order_relaxed);
}

/* `frames` of the engine, from `in` as far as that may be heard. */
static void run(dfnd_pw_sound *s, const block *in, const block *out, size_t frames)
{
    const bool open = atomic_load_explicit(&s->open, memory_order_relaxed);
    for (size_t done = 0, n; done < frames; done += n) {
        const float *from[DFND_PW_CHANNELS];
        float *to[DFND_PW_CHANNELS];
        n = SPA_MIN(frames - done, (size_t)BLOCK);
        for (int c = 0; c < s->channels; c++) {
            const bool heard = open && in->channel[c] && done + n <= in->frames;
            from[c] = heard ? in->channel[c] + done : silence;
            to[c] = out->channel[c] + done;
        }
        dfnd_engine_process(s->engine, from, to, n);
    }
}

/* A device that others use runs for us, too, even if nobody hears us. */
static void rest(dfnd_pw_sound *s, const block *out, size_t frames)
{
    for (int c = 0; c < s->channels && frames; c++)
        memset(out->channel[c], 0, frames * sizeof(float));
    s->started = false;
}

static void finish(struct spa_buffer *b, size_t frames)
{
    for (uint32_t c = 0; c < b->n_datas; c++) {
        if (!b->datas[c].chunk)
            continue;
        b->datas[c].chunk->offset = 0;
        b->datas[c].chunk->stride = sizeof(float);
        b->datas[c].chunk->size = (uint32_t)(frames * sizeof(float));
        b->datas[c].chunk->flags = 0;
    }
}

void dfnd_pw_capture_process(void *side)
{
    dfnd_pw_sound *s = &((dfnd_pw_side *)side)->pair->sound;
    if (s->playback && pw_stream_trigger_process(s->playback) >= 0)
        return;
    struct pw_buffer *in = s->capture ? newest(s->capture) : NULL;
    if (in)
        pw_stream_queue_buffer(s->capture, in); /* nobody to hear it */
}

void dfnd_pw_playback_process(void *side)
{
    dfnd_pw_sound *s = &((dfnd_pw_side *)side)->pair->sound;
    struct pw_buffer *in = s->capture ? newest(s->capture) : NULL;
    struct pw_buffer *out = s->playback ? pw_stream_dequeue_buffer(s->playback) : NULL;
    if (out) {
        block from = in ? captured(in->buffer, s->channels) : (block){0};
        const block to = writable(out->buffer, s->channels);
        /* Without a microphone the others get silence, as much as they want. */
        const size_t wanted = out->requested ? (size_t)out->requested : DFND_PW_HOP;
        const size_t frames = SPA_MIN(from.frames ? from.frames : wanted, to.frames);
        if (atomic_load_explicit(&s->used, memory_order_relaxed)) {
            follow_clock(s);
            run(s, &from, &to, frames);
        } else {
            rest(s, &to, frames);
        }
        finish(out->buffer, frames);
        pw_stream_queue_buffer(s->playback, out);
    }
    if (in)
        pw_stream_queue_buffer(s->capture, in);
}
