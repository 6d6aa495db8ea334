/* enhance_file.c - one sound file through one stream, in blocks.
 *
 * The stream's output comes `latency` samples late: that many are dropped at the start and
 * made up for with silence at the end, so that the output lies on the input to the sample.
 */
#include "batch.h"
#include "cli.h"
#include "format.h"
#include "sound.h"
#include "temp_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4800, CHANNEL_MAX = 64, RATE_MIN = 8000, RATE_MAX = 192000 };
enum { HOPS = 16 }; /* the network runs at a time */

typedef struct pump {
    job *j;
    progress *bar;
    sound in, out;
    temp_file temp;
    dfn_stream *stream;
    float *mixed;              /* [BLOCK][channels] */
    float *plane[CHANNEL_MAX]; /* [channels][BLOCK], one allocation behind `mixed` */
    int64_t taken, given;      /* frames read and written */
    int64_t bad;               /* samples that were NaN or infinite */
    int skip;                  /* frames of latency still to drop */
    dfn_error err;
} pump;

static bool refuse(pump *p, const char *reason)
{
    dfn_fail(&p->err, DFN_ERR_UNSUPPORTED, "%s", reason);
    return false;
}

static bool open_input(pump *p)
{
    if (!sound_open(&p->in, p->j->input, &p->err))
        return false;
    const SF_INFO *info = &p->in.info;
    p->j->sample_rate = info->samplerate;
    p->j->channels = info->channels;
    if (info->samplerate < RATE_MIN || info->samplerate > RATE_MAX) {
        dfn_fail(&p->err, DFN_ERR_UNSUPPORTED,
                 "sample rate %d Hz is not within %d to %d Hz", info->samplerate, RATE_MIN,
                 RATE_MAX);
        return false;
    }
    if (info->channels < 1 || info->channels > CHANNEL_MAX) {
        dfn_fail(&p->err, DFN_ERR_UNSUPPORTED, "%d channels; at most %d are possible",
                 info->channels, CHANNEL_MAX);
        return false;
    }
    return true;
}

/* The format of the output, or 0 with an error. */
static int output_format(pump *p)
{
    const int format = format_for_output(p->j->input, p->j->output, &p->in.info);
    if (!format)
        dfn_fail(&p->err, DFN_ERR_UNSUPPORTED,
                 "%s with these samples can be read but not written; name another format "
                 "with -o",
                 format_name(p->in.info.format));
    if (!format || format_holds(format, p->in.info.frames, p->in.info.channels))
        return format;
    dfn_fail(&p->err, DFN_ERR_UNSUPPORTED,
             "too long for %s; name a .w64 or .flac file with -o", format_name(format));
    return 0;
}

static bool open_output(pump *p, int format, const enhance_settings *s)
{
    struct stat st;
    if (fstat(p->in.fd, &st) != 0)
        return refuse(p, strerror(errno));
    if (s->output_is_folder && !make_folders(p->j->output)) {
        dfn_fail(&p->err, DFN_ERR_IO, "%s, making the folder of %s", strerror(errno),
                 p->j->output);
        return false;
    }
    /* readable and writable by whom the input is, as far as new files may be */
    const mode_t mode = (st.st_mode & 0666 & ~s->umask) | S_IRUSR | S_IWUSR;
    if (!temp_create(&p->temp, p->j->output, mode, &p->err) ||
        !sound_create(&p->out, p->temp.fd, format, &p->in.info, BLOCK, &p->err))
        return false;
    sound_copy_tags(&p->in, &p->out);
    return true;
}

static bool open_stream(pump *p, const enhance_settings *s)
{
    const int channels = p->in.info.channels;
    dfn_stream_config config = {.sample_rate = p->in.info.samplerate,
                                .channels = channels,
                                .independent = s->independent,
                                .cpu = s->cpu};
    /* what a live stream would have, to tell; ours runs more hops at a time */
    if (dfn_stream_find_latency(&p->j->latency, s->model, &config, &p->err) != DFN_OK)
        return false;
    config.hops = HOPS;
    if (dfn_stream_new(&p->stream, s->model, &config, &p->err) != DFN_OK)
        return false;
    for (int i = 0; i < DFN_PARAM_COUNT; i++)
        dfn_stream_set(p->stream, (dfn_param)i, s->param[i]);
    dfn_stream_reset(p->stream);
    p->skip = dfn_stream_latency(p->stream);

    const size_t plane = (size_t)BLOCK;
    p->mixed = malloc(2 * plane * (size_t)channels * sizeof(float));
    if (!p->mixed)
        return refuse(p, "out of memory");
    for (int c = 0; c < channels; c++)
        p->plane[c] = p->mixed + plane * (size_t)(channels + c);
    return true;
}

/* Process the planes' first `frames` frames and write what is due. */
static bool pass(pump *p, int frames)
{
    const int channels = p->in.info.channels;
    dfn_stream_process(p->stream, (const float *const *)p->plane, p->plane, (size_t)frames);
    const int drop = p->skip < frames ? p->skip : frames;
    p->skip -= drop;
    const int64_t due = p->taken - p->given;
    const int count = due < frames - drop ? (int)due : frames - drop;
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < count; i++)
            p->mixed[i * channels + c] = p->plane[c][drop + i];
    p->given += count;
    return count == 0 || sound_write(&p->out, p->mixed, count, &p->err);
}

static void split(pump *p, int frames)
{
    const int channels = p->in.info.channels;
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < frames; i++) {
            const float x = p->mixed[i * channels + c];
            p->bad += !isfinite(x);
            p->plane[c][i] = x;
        }
}

/* Add `frames` more to what the bar shows. */
static void advance(pump *p, int frames)
{
    const int64_t before = p->taken, total = p->in.info.frames;
    p->taken += frames;
    const double each = total > 0 ? (double)p->j->bytes / (double)total : 0;
    p->bar->bytes += (int64_t)((double)p->taken * each) - (int64_t)((double)before * each);
    p->bar->audio_usec += (int64_t)frames * 1000000 / p->in.info.samplerate;
}

static bool run(pump *p)
{
    int n;
    while ((n = sound_read(&p->in, p->mixed, BLOCK, &p->err)) > 0) {
        if (batch_signal)
            return refuse(p, "interrupted");
        split(p, n);
        advance(p, n);
        if (!pass(p, n))
            return false;
    }
    if (n < 0)
        return false;
    while (p->given < p->taken) {
        for (int c = 0; c < p->in.info.channels; c++)
            memset(p->plane[c], 0, BLOCK * sizeof(float));
        if (!pass(p, BLOCK))
            return false;
    }
    return true;
}

/* What only shows after the last sample. */
static bool judge(pump *p)
{
    job *j = p->j;
    const int64_t samples = p->taken * p->in.info.channels;
    if (p->taken < p->in.info.frames) {
        dfn_fail(&p->err, DFN_ERR_FORMAT,
                 "the file is cut off or damaged: %lld of %lld samples",
                 (long long)p->taken, (long long)p->in.info.frames);
        return false;
    }
    if (samples && p->bad == samples)
        return refuse(p, "holds no sound: every sample is NaN or infinite");
    if (!samples)
        snprintf(j->reason, sizeof j->reason, "has no samples; neither has its output");
    else if (p->bad)
        snprintf(j->reason, sizeof j->reason,
                 "%lld samples are NaN or infinite; taken as silence", (long long)p->bad);
    return true;
}

/* Finish the output. An encoder that writes nothing until the first sample (FLAC) leaves no
 * file for a sound of length zero; its input is such a file, if it is of that format. */
static bool close_output(pump *p, int format)
{
    struct stat st;
    if (!sound_close(&p->out, &p->err))
        return false;
    if (fstat(p->temp.fd, &st) != 0)
        return refuse(p, strerror(errno));
    if (st.st_size == 0 && format == p->in.info.format)
        return sound_copy_file(&p->in, p->temp.fd, &p->err);
    return sound_verify(p->temp.fd, &p->in.info, p->taken, &p->err);
}

static bool convert(pump *p, const enhance_settings *s)
{
    if (!open_input(p))
        return false;
    const int format = output_format(p);
    p->j->frames = p->in.info.frames;
    if (!format || s->dry_run)
        return format != 0;
    if (!open_stream(p, s) || !open_output(p, format, s) || !run(p) || !judge(p) ||
        !close_output(p, format))
        return false;
    p->j->frames = p->taken;
    return temp_commit(&p->temp, p->j->output, s->force, &p->err);
}

void enhance_file(job *j, const enhance_settings *s, progress *bar)
{
    pump *p = calloc(1, sizeof *p);
    if (!p) {
        job_fail(j, "out of memory");
        return;
    }
    p->j = j;
    p->bar = bar;
    p->in.fd = p->out.fd = p->temp.fd = -1;
    const double start = batch_clock();
    const bool good = convert(p, s);
    sound_close(&p->in, NULL);
    sound_close(&p->out, NULL);
    temp_discard(&p->temp);
    dfn_stream_free(p->stream);
    free(p->mixed);
    j->elapsed = batch_clock() - start;
    if (good)
        j->state = JOB_DONE;
    else if (!batch_signal)
        job_fail(j, "%s", p->err.text);
    free(p);
}
