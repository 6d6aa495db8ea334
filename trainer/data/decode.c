#include "data/decode.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file is decoded in memory as a whole: two hours are 1.4 GB. */
enum { BLOCK = 4096, HOURS_MAX = 2 };

/* Why sf_open failed is a global of libsndfile. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;

/* "Error : File contains data in an unknown format.\n" -> without trimmings. */
static dfn_status sound_error(SNDFILE *file, dfn_error *err)
{
    const char *text = sf_strerror(file);
    text += strncmp(text, "Error : ", 8) ? 0 : 8;
    int length = (int)strlen(text);
    while (length > 0 && strchr(". \n", text[length - 1]))
        length--;
    return dfn_fail(err, DFN_ERR_FORMAT, "damaged or not a sound file: %.*s", length, text);
}

static dfn_status open_sound(SNDFILE **file, SF_INFO *info, const char *path,
                             dfn_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return dfn_fail(err, DFN_ERR_IO, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return dfn_fail(err, DFN_ERR_IO, "is not a regular file");
    if (st.st_size == 0)
        return dfn_fail(err, DFN_ERR_FORMAT, "the file is empty");
    pthread_mutex_lock(&open_lock);
    *info = (SF_INFO){0};
    *file = sf_open(path, SFM_READ, info);
    const dfn_status status = *file ? DFN_OK : sound_error(NULL, err);
    pthread_mutex_unlock(&open_lock);
    return status;
}

/* Room for BLOCK more samples. */
static bool grow(dfn_decoded *d, size_t *room)
{
    if (d->count + BLOCK <= *room)
        return true;
    const size_t more = *room + *room / 2 + BLOCK;
    float *bigger = realloc(d->data, more * sizeof *bigger);
    if (!bigger)
        return false;
    d->data = bigger;
    *room = more;
    return true;
}

static void mix_down(float *out, const float *in, int frames, int channels, bool first)
{
    for (int i = 0; i < frames; i++) {
        double sum = 0;
        for (int c = 0; c < channels; c++)
            sum += (double)in[i * channels + c];
        out[i] = first ? in[i * channels] : (float)(sum / channels);
    }
}

static dfn_status read_all(dfn_decoded *d, SNDFILE *file, const SF_INFO *info, bool first,
                           float *block, dfn_error *err)
{
    const size_t most = (size_t)HOURS_MAX * 3600 * (size_t)info->samplerate;
    /* what the header says may be wrong, and is a first guess only */
    size_t room =
        info->frames > 0 && info->frames < INT32_MAX ? (size_t)info->frames + BLOCK : 0;
    d->data = malloc((room ? room : 1) * sizeof *d->data);
    for (sf_count_t n; d->data && grow(d, &room); d->count += (size_t)n) {
        n = sf_readf_float(file, block, BLOCK);
        if (sf_error(file))
            return sound_error(file, err);
        if (n <= 0)
            return DFN_OK;
        if (d->count + (size_t)n > most)
            return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                            "is longer than %d hours: cut it into pieces", HOURS_MAX);
        mix_down(d->data + d->count, block, (int)n, info->channels, first);
    }
    return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
}

static dfn_status resample(dfn_decoded *d, dfn_error *err)
{
    const double ratio = (double)DFN_SOUND_RATE / d->rate;
    if (!src_is_valid_ratio(ratio))
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "its rate of %d Hz is not supported",
                        d->rate);
    const double length = ceil((double)d->count * ratio);
    float *out = malloc(((size_t)length + 1) * sizeof *out);
    if (!out)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    SRC_DATA job = {.data_in = d->data,
                    .data_out = out,
                    .input_frames = (long)d->count,
                    .output_frames = (long)length,
                    .src_ratio = ratio};
    const int bad = src_simple(&job, SRC_SINC_BEST_QUALITY, 1);
    free(d->data);
    d->data = out;
    d->rate = DFN_SOUND_RATE;
    d->count = (size_t)job.output_frames_gen;
    return bad ? dfn_fail(err, DFN_ERR_UNSUPPORTED, "cannot be resampled: %s",
                          src_strerror(bad))
               : DFN_OK;
}

static dfn_status check(dfn_decoded *d, dfn_error *err)
{
    for (size_t i = 0; i < d->count; i++) {
        const float a = fabsf(d->data[i]);
        if (!isfinite(a))
            return dfn_fail(err, DFN_ERR_FORMAT, "sample %zu is not a finite number", i);
        d->peak = a > d->peak ? a : d->peak;
    }
    return d->count ? DFN_OK : dfn_fail(err, DFN_ERR_FORMAT, "has no samples");
}

static void clear(dfn_decoded *d)
{
    free(d->data);
    *d = (dfn_decoded){0};
}

dfn_status dfn_decode_plain(dfn_decoded *out, const char *path, bool first, dfn_error *err)
{
    SNDFILE *file;
    SF_INFO info;
    *out = (dfn_decoded){0};
    dfn_status status = open_sound(&file, &info, path, err);
    if (status)
        return status;
    float *block = malloc(BLOCK * (size_t)info.channels * sizeof *block);
    out->rate = out->file_rate = info.samplerate;
    out->channels = info.channels;
    status = block ? read_all(out, file, &info, first, block, err)
                   : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    free(block);
    sf_close(file);
    const int samples = info.format & SF_FORMAT_SUBMASK;
    out->exact = (samples == SF_FORMAT_PCM_16 || samples == SF_FORMAT_PCM_S8 ||
                  samples == SF_FORMAT_PCM_U8) &&
                 (info.channels == 1 || first) && info.samplerate == DFN_SOUND_RATE;
    if (!status)
        status = check(out, err);
    if (status)
        clear(out);
    return status;
}

dfn_status dfn_decode(dfn_decoded *out, const char *path, bool first, dfn_error *err)
{
    dfn_status status = dfn_decode_plain(out, path, first, err);
    if (!status && out->rate != DFN_SOUND_RATE) {
        out->peak = 0;
        status = resample(out, err);
        status = status ? status : check(out, err);
    }
    if (status)
        clear(out);
    return status;
}

dfn_status dfn_decoded_judge(const dfn_decoded *d, bool long_enough, dfn_error *err)
{
    const float faintest = 1e-4f; /* -80 dBFS: 16 bit hold 3 steps of it */
    const size_t shortest = (size_t)d->rate / 10;
    if (long_enough && d->count < shortest)
        return dfn_fail(err, DFN_ERR_FORMAT,
                        "is too short: %zu samples, at least %zu are needed", d->count,
                        shortest);
    if (!(d->peak >= faintest))
        return dfn_fail(err, DFN_ERR_FORMAT, "is silent: its peak is below -80 dBFS");
    return DFN_OK;
}
