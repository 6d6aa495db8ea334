#include "run/events.h"

#include "run/log_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Fields of TensorFlow's Event, Summary, Summary.Value, Audio and SessionLog messages. */
enum { EVENT_TIME = 1, EVENT_STEP, EVENT_VERSION, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SCALAR = 2, VALUE_AUDIO = 6 };
enum { AUDIO_RATE = 1, AUDIO_CHANNELS, AUDIO_FRAMES, AUDIO_DATA, AUDIO_TYPE };
enum { SESSION_STATUS = 1, SESSION_START = 1 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct dfn_events {
    int fd;
    char path[PATH_MAX];
    uint32_t crc_table[256];
    dfn_bytes record, event, summary, value, audio, wav;
};

/* ---- bytes ----------------------------------------------------------------------------
 */

static void add_little(dfn_bytes *b, uint64_t v, int n)
{
    unsigned char bytes[8];
    for (int i = 0; i < n; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    dfn_bytes_add(b, bytes, (size_t)n);
}

static void add_varint(dfn_bytes *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        add_little(b, (v & 0x7f) | 0x80, 1);
    add_little(b, v, 1);
}

static void add_key(dfn_bytes *b, int field, int wire)
{
    add_varint(b, (uint64_t)(field << 3 | wire));
}

static void add_number(dfn_bytes *b, int field, uint64_t v)
{
    add_key(b, field, WIRE_VARINT);
    add_varint(b, v);
}

static void add_float(dfn_bytes *b, int field, double x)
{
    const float value = (float)x;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    add_key(b, field, WIRE_32);
    add_little(b, bits, 4);
}

static void add_double(dfn_bytes *b, int field, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    add_key(b, field, WIRE_64);
    add_little(b, bits, 8);
}

static void add_bytes(dfn_bytes *b, int field, const void *data, size_t n)
{
    add_key(b, field, WIRE_BYTES);
    add_varint(b, n);
    dfn_bytes_add(b, data, n);
}

/* Add a finished message, and empty it. */
static void add_message(dfn_bytes *b, int field, dfn_bytes *message)
{
    add_bytes(b, field, message->data, message->count);
    b->failed |= message->failed;
    message->count = 0;
    message->failed = false;
}

/* ---- records --------------------------------------------------------------------------
 */

/* CRC-32C (Castagnoli), reflected. */
static void fill_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        table[i] = crc;
    }
}

static uint32_t masked_crc(const uint32_t table[256], const unsigned char *data, size_t n)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void begin_event(dfn_events *e, uint64_t step)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    add_double(&e->event, EVENT_TIME, (double)t.tv_sec + 1e-9 * (double)t.tv_nsec);
    add_number(&e->event, EVENT_STEP, step);
}

static dfn_status end_event(dfn_events *e, dfn_error *err)
{
    dfn_bytes *r = &e->record;
    add_little(r, e->event.count, 8);
    if (!r->failed)
        add_little(r, masked_crc(e->crc_table, r->data, 8), 4);
    dfn_bytes_add(r, e->event.data, e->event.count);
    add_little(r, masked_crc(e->crc_table, e->event.data, e->event.count), 4);
    r->failed |= e->event.failed;
    e->event.count = 0;
    e->event.failed = false;
    return dfn_bytes_append(r, e->fd, e->path, err);
}

/* ---- files ----------------------------------------------------------------------------
 */

/* Readers take files in the order of their names: time first, then our number. */
static dfn_status create(dfn_events *e, const char *folder, dfn_error *err)
{
    enum { TRIES = 10000 };
    e->fd = -1;
    for (int i = 0; i < TRIES && e->fd < 0; i++) {
        const int n =
            snprintf(e->path, sizeof e->path, "%s/events.out.tfevents.%010lld.%04d", folder,
                     (long long)time(NULL), i);
        if (n >= (int)sizeof e->path)
            return dfn_fail(err, DFN_ERR_ARG, "%s: the name is too long", folder);
        e->fd = open(e->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (e->fd < 0 && errno != EEXIST)
            break;
    }
    return e->fd >= 0 ? DFN_OK
                      : dfn_fail(err, DFN_ERR_IO, "%s: %s", e->path, strerror(errno));
}

static dfn_status begin_file(dfn_events *e, uint64_t step, dfn_error *err)
{
    static const char version[] = "brain.Event:2";
    begin_event(e, 0);
    add_bytes(&e->event, EVENT_VERSION, version, sizeof version - 1);
    dfn_status status = end_event(e, err);
    if (status || !step)
        return status;
    /* A session that starts here: steps from this one on, of older files, are void. */
    begin_event(e, step + 1);
    add_number(&e->value, SESSION_STATUS, SESSION_START);
    add_message(&e->event, EVENT_SESSION, &e->value);
    return end_event(e, err);
}

dfn_status dfn_events_open(dfn_events **out, const char *folder, uint64_t step,
                           dfn_error *err)
{
    *out = NULL;
    dfn_events *e = calloc(1, sizeof *e);
    if (!e)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for an event file");
    fill_table(e->crc_table);
    dfn_status status = create(e, folder, err);
    if (!status)
        status = begin_file(e, step, err);
    if (status)
        dfn_events_close(e);
    else
        *out = e;
    return status;
}

void dfn_events_close(dfn_events *e)
{
    if (!e)
        return;
    if (e->fd >= 0)
        close(e->fd);
    dfn_bytes *all[] = {&e->record, &e->event, &e->summary, &e->value, &e->audio, &e->wav};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        dfn_bytes_free(all[i]);
    free(e);
}

dfn_status dfn_events_scalars(dfn_events *e, const char *group, uint64_t step,
                              const dfn_log_number *numbers, size_t n, dfn_error *err)
{
    begin_event(e, step);
    for (size_t i = 0; i < n; i++) {
        char tag[256];
        snprintf(tag, sizeof tag, "%s/%s", group, numbers[i].name);
        add_bytes(&e->value, VALUE_TAG, tag, strlen(tag));
        add_float(&e->value, VALUE_SCALAR, numbers[i].value);
        add_message(&e->summary, SUMMARY_VALUE, &e->value);
    }
    add_message(&e->event, EVENT_SUMMARY, &e->summary);
    return end_event(e, err);
}

static void make_wav(dfn_bytes *wav, const float *x, size_t samples, int rate)
{
    enum { HEADER = 36, FORMAT = 16, PCM = 1, MONO = 1, BYTES = 2 };
    const size_t bytes = samples * BYTES;
    dfn_bytes_add(wav, "RIFF", 4);
    add_little(wav, HEADER + bytes, 4);
    dfn_bytes_add(wav, "WAVEfmt ", 8);
    add_little(wav, FORMAT, 4);
    add_little(wav, PCM, 2);
    add_little(wav, MONO, 2);
    add_little(wav, (uint64_t)rate, 4);
    add_little(wav, (uint64_t)rate * BYTES, 4);
    add_little(wav, BYTES, 2);
    add_little(wav, 8 * BYTES, 2);
    dfn_bytes_add(wav, "data", 4);
    add_little(wav, bytes, 4);
    for (size_t i = 0; i < samples; i++) {
        const double v = isfinite(x[i]) ? rint(32768.0 * x[i]) : 0;
        add_little(wav, (uint64_t)(int64_t)fmin(fmax(v, -32768), 32767), BYTES);
    }
}

dfn_status dfn_events_audio(dfn_events *e, const char *tag, uint64_t step, const float *x,
                            size_t samples, int rate, dfn_error *err)
{
    static const char type[] = "audio/wav";
    if (samples > (size_t)1 << 28 || rate < 1)
        return dfn_fail(err, DFN_ERR_ARG, "%s: %zu samples at %d Hz as an example", e->path,
                        samples, rate);
    make_wav(&e->wav, x, samples, rate);
    add_float(&e->audio, AUDIO_RATE, rate);
    add_number(&e->audio, AUDIO_CHANNELS, 1);
    add_number(&e->audio, AUDIO_FRAMES, samples);
    add_message(&e->audio, AUDIO_DATA, &e->wav);
    add_bytes(&e->audio, AUDIO_TYPE, type, sizeof type - 1);
    add_bytes(&e->value, VALUE_TAG, tag, strlen(tag));
    add_message(&e->value, VALUE_AUDIO, &e->audio);
    add_message(&e->summary, SUMMARY_VALUE, &e->value);
    begin_event(e, step);
    add_message(&e->event, EVENT_SUMMARY, &e->summary);
    return end_event(e, err);
}

dfn_status dfn_events_sync(dfn_events *e, dfn_error *err)
{
    return fsync(e->fd) ? dfn_fail(err, DFN_ERR_IO, "%s: %s", e->path, strerror(errno))
                        : DFN_OK;
}
