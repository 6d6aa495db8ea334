/* quantize_sound.c - what the models are compared with: files, or a sound made here. */
#include "batch.h"
#include "bench.h"
#include "quantize.h"
#include "sound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MADE_SECONDS = 20, MADE_RATE = 48000 };
enum { BLOCK = 4800, FILE_SECONDS = 60, CHANNEL_MAX = 64, RATE_MAX = 192000 };
enum { SAMPLES_MAX = 600 * 48000 }; /* of all files: ten minutes in one channel */

/* A clip of `frames` in the list, zeroed; NULL: out of memory. */
static quantize_clip *add(quantize_sound *s, int rate, int channels, size_t frames)
{
    quantize_clip *more = realloc(s->clip, ((size_t)s->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    s->clip = more;
    quantize_clip *c = &s->clip[s->count];
    const size_t n = (size_t)channels * frames;
    *c = (quantize_clip){.rate = rate, .channels = channels, .frames = frames};
    c->in = calloc(3 * n, sizeof *c->in);
    if (!c->in)
        return NULL;
    c->want = c->in + n;
    c->got = c->want + n;
    s->count++;
    s->seconds += (double)frames / rate;
    return c;
}

/* Up to `room` frames, interleaved; their number, or -1. */
static int64_t read_frames(sound *in, float **out, int64_t room, dfn_error *err)
{
    const size_t channels = (size_t)in->info.channels;
    int64_t have = 0, size = 0;
    int n = 1;
    while (n > 0 && have < room) {
        if (have + BLOCK > size) {
            size = 2 * size + BLOCK;
            float *more = realloc(*out, (size_t)size * channels * sizeof *more);
            if (!more) {
                dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
                return -1;
            }
            *out = more;
        }
        const int64_t left = room - have;
        n = sound_read(in, *out + (size_t)have * channels, left < BLOCK ? (int)left : BLOCK,
                       err);
        have += n > 0 ? n : 0;
    }
    return n < 0 ? -1 : have;
}

static bool split(quantize_sound *s, const sound *in, const float *mixed, int64_t frames,
                  dfn_error *err)
{
    const int channels = in->info.channels;
    const size_t n = (size_t)frames;
    quantize_clip *c = n ? add(s, in->info.samplerate, channels, n) : NULL;
    if (n && !c) {
        dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
        return false;
    }
    for (int k = 0; k < channels; k++)
        for (size_t i = 0; i < n; i++)
            c->in[(size_t)k * n + i] = mixed[i * (size_t)channels + (size_t)k];
    return true;
}

/* The beginning of a file. */
static bool read_file(quantize_sound *s, const char *path, int64_t *room)
{
    dfn_error err;
    sound in = {.fd = -1};
    float *mixed = NULL;
    bool good = sound_open(&in, path, &err);
    const SF_INFO *info = &in.info;
    if (good && (info->channels < 1 || info->channels > CHANNEL_MAX ||
                 info->samplerate < 8000 || info->samplerate > RATE_MAX)) {
        dfn_fail(&err, DFN_ERR_UNSUPPORTED, "%d channels of %d Hz are not supported",
                 info->channels, info->samplerate);
        good = false;
    }
    if (good) {
        const int64_t most = *room / info->channels, usual = info->samplerate;
        const int64_t want = most < FILE_SECONDS * usual ? most : FILE_SECONDS * usual;
        const int64_t n = read_frames(&in, &mixed, want, &err);
        good = n >= 0 && split(s, &in, mixed, n, &err);
        s->cut |= good && n == want && info->frames > n;
        *room -= good ? n * info->channels : 0;
    }
    if (!good)
        cli_error(path, "%s", err.text);
    free(mixed);
    sound_close(&in, NULL);
    return good;
}

static bool make(quantize_sound *s)
{
    quantize_clip *c = add(s, MADE_RATE, 1, (size_t)MADE_SECONDS * MADE_RATE);
    if (!c) {
        cli_error(NULL, "out of memory");
        return false;
    }
    const size_t n = c->frames, half = n / 2;
    s->made = true;
    /* that fan, and then a noise of -30 dBFS, so that there is work */
    bench_signal_fill(c->in, n, BENCH_SPEECH);
    bench_signal_fill(c->want, half, BENCH_NOISE);
    for (size_t i = half; i < n; i++)
        c->in[i] += 0.5F * c->want[i - half];
    return true;
}

bool quantize_sound_read(quantize_sound *s, char **paths, int n)
{
    if (!n)
        return make(s);
    job_list list = {0};
    int64_t room = SAMPLES_MAX;
    bool good = true;
    for (int i = 0; good && i < n; i++)
        if (!jobs_add(&list, paths[i], NULL, true)) {
            cli_error(NULL, "out of memory");
            good = false;
        }
    for (int i = 0; i < list.count; i++) /* those have had their message */
        good &= list.job[i].state != JOB_FAILED;
    for (int i = 0; good && i < list.count; i++) {
        s->cut |= room < BLOCK * CHANNEL_MAX;
        good = room < BLOCK * CHANNEL_MAX || read_file(s, list.job[i].input, &room);
    }
    jobs_free(&list);
    if (good && !s->count)
        cli_error(paths[0], "has no samples to calibrate with");
    return good && s->count;
}

void quantize_sound_free(quantize_sound *s)
{
    for (int i = 0; i < s->count; i++)
        free(s->clip[i].in);
    free(s->clip);
    *s = (quantize_sound){0};
}
