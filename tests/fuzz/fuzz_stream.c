/* fuzz_stream.c - a host that does anything it likes with a stream.
 *
 * Input: rate (2 bytes), channels and mode, hops at a time (1 byte each), then commands of
 * one byte and their arguments, until the bytes or HOPS_MAX, and two groups of hops, are
 * used up. Missing bytes are zero. */
#include "cpu.h"
#include "fuzz.h"
#include "tiny_model.h"

#include <dfnet4/stream.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS_MAX = 3, HOPS_MAX = 16 };

typedef struct script {
    const uint8_t *at;
    size_t left;
} script;

static uint32_t take(script *s, int bytes)
{
    uint32_t x = 0;
    for (int i = 0; i < bytes; i++) {
        x |= s->left ? (uint32_t)*s->at << (8 * i) : 0;
        s->at += s->left > 0;
        s->left -= s->left > 0;
    }
    return x;
}

static float take_float(script *s)
{
    const uint32_t bits = take(s, 4);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Samples: up to four raw bit patterns, repeated. */
static void play_block(dfn_stream *s, int channels, int n, script *from)
{
    float pattern[4], *in[CHANNELS_MAX], *out[CHANNELS_MAX];
    const uint32_t how = take(from, 1);
    const int length = 1 + (int)(how & 3);
    const bool in_place = how & 4;
    for (int i = 0; i < length; i++)
        pattern[i] = take_float(from);
    for (int c = 0; c < channels; c++) { /* exact sizes: the sanitizer sees every overrun */
        in[c] = malloc((size_t)n * sizeof(float));
        out[c] = in_place ? in[c] : malloc((size_t)n * sizeof(float));
        for (int i = 0; i < n; i++)
            in[c][i] = pattern[(i + c) % length];
    }
    dfn_stream_process(s, (const float *const *)in, out, (size_t)n);
    for (int c = 0; c < channels; c++) {
        for (int i = 0; i < n; i++)
            if (!(fabsf(out[c][i]) <= 2e6f))
                abort();
        free(in[c]);
        if (!in_place)
            free(out[c]);
    }
}

static void check_meters(const dfn_stream *s)
{
    for (int m = 0; m < DFN_METER_COUNT; m++)
        if (!isfinite(dfn_stream_meter(s, (dfn_meter)m)))
            abort();
    for (int i = 0; i < DFN_PARAM_COUNT; i++) {
        const dfn_param_info *info = dfn_param_get_info((dfn_param)i);
        const float x = dfn_stream_get(s, (dfn_param)i);
        if (!(x >= info->min && x <= info->max))
            abort();
    }
}

static void run(dfn_stream *s, const dfn_stream_config *c, script *from)
{
    const int frames_max = (HOPS_MAX + 2 * c->hops) * c->sample_rate / 100,
              block_max = frames_max / 2;
    const int latency = dfn_stream_latency(s);
    for (int frames = 0; from->left && frames < frames_max;) {
        const uint32_t command = take(from, 1);
        if (command % 8 == 1) {
            const dfn_param p = (dfn_param)(int8_t)take(from, 1);
            dfn_stream_set(s, p, take_float(from));
        } else if (command % 8 == 2) {
            dfn_stream_overload(s, command & 8);
        } else if (command % 8 == 3) {
            dfn_stream_reset(s);
        } else {
            const int n = (int)(take(from, 2) % (uint32_t)block_max);
            play_block(s, c->channels, n, from);
            frames += n + 1;
        }
        check_meters(s);
    }
    if (dfn_stream_latency(s) != latency)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int usual[] = {8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000};
    static dfn_model *model;
    static void *bytes;
    script from = {data, size};
    const uint32_t rate = take(&from, 2), mode = take(&from, 1);
    const int hops = (int8_t)take(&from, 1);
    const dfn_stream_config config = {.sample_rate = rate & 1 ? usual[rate / 2 % 8]
                                                              : 6000 + (int)rate * 3,
                                      .channels = 1 + (int)(mode % CHANNELS_MAX),
                                      .independent = mode & 0x80,
                                      .hops = hops,
                                      .cpu = test_cpu()};
    dfn_stream *s = NULL;
    if (!model)
        model = tiny_model_new(&bytes);
    const dfn_status status = dfn_stream_new(&s, model, &config, NULL);
    const bool possible = config.sample_rate >= 8000 && config.sample_rate <= 192000 &&
                          hops >= 0 && hops <= 64;
    if (status != (possible ? DFN_OK : DFN_ERR_ARG))
        abort();
    if (!status)
        run(s, &config, &from);
    dfn_stream_free(s);
    return 0;
}
