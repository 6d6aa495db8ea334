/* portaudio_open.c - streams for an instance: one for both devices if they share a clock,
 * else one for each. Worker. */
#include "portaudio_callback.h"

#include <math.h>
#include <pa_linux_alsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What streams are opened with. */
typedef struct plan {
    int in, out; /* devices */
    bool one_clock, jack;
    int in_channels, out_channels;
    double in_rate, out_rate;
    unsigned long in_block, out_block;
} plan;

static int rank(PaHostApiTypeId type)
{
    switch (type) {
    case paJACK: return 0;
    case paCoreAudio:
    case paWASAPI: return 1;
    case paALSA: return 2;
    case paOSS: return 4;
    default: return 3;
    }
}

dfnd_pa_entry *dfnd_pa_entries(int *count)
{
    const int n = Pa_GetDeviceCount();
    dfnd_pa_entry *list = calloc(n > 0 ? (size_t)n : 1, sizeof *list);
    *count = 0;
    for (int d = 0; list && d < n; d++) {
        const PaDeviceInfo *i = Pa_GetDeviceInfo(d);
        const PaHostApiInfo *api = i ? Pa_GetHostApiInfo(i->hostApi) : NULL;
        list[d] = (dfnd_pa_entry){.api = "", .name = ""};
        if (api)
            list[d] = (dfnd_pa_entry){.api = api->name,
                                      .name = i->name,
                                      .rank = rank(api->type),
                                      .in = i->maxInputChannels,
                                      .out = i->maxOutputChannels,
                                      .is_default_in = api->defaultInputDevice == d,
                                      .is_default_out = api->defaultOutputDevice == d};
        *count = d + 1;
    }
    return list;
}

/* ---- planning -------------------------------------------------------------------------
 */

/* The card in "USB Audio (hw:1,0)"; -1: none. */
static int card_of(const char *name)
{
    const char *hw = strstr(name, "(hw:");
    return hw ? (int)strtol(hw + 4, NULL, 10) : -1;
}

static bool share_clock(const dfnd_pa_entry *list, int in, int out)
{
    if (strcmp(list[in].api, list[out].api))
        return false;
    const int card = card_of(list[in].name);
    return in == out || list[in].rank == rank(paJACK) ||
           (card >= 0 && card == card_of(list[out].name));
}

/* A named device decides about the API of a default one. */
static dfn_status choose(plan *p, const char *device, const char *output, dfn_error *err)
{
    int count;
    dfnd_pa_entry *list = dfnd_pa_entries(&count);
    if (!list)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    const char *api = NULL;
    p->in = p->out = -1;
    if (!*device && *output) {
        p->out = dfnd_pa_choose(list, count, output, false, NULL, err);
        api = p->out >= 0 ? list[p->out].api : NULL;
    }
    if (p->out >= 0 || *device || !*output)
        p->in = dfnd_pa_choose(list, count, device, true, api, err);
    if (p->in >= 0 && p->out < 0)
        p->out = dfnd_pa_choose(list, count, output, false, list[p->in].api, err);
    const bool both = p->in >= 0 && p->out >= 0;
    if (both) {
        p->one_clock = share_clock(list, p->in, p->out);
        p->jack = list[p->in].rank == rank(paJACK);
    }
    free(list);
    return both ? DFN_OK : err->status;
}

/* What a device says it can. Behind ALSA's plugins there is a sound server with blocks of
 * its own, 1024 as a rule, that nobody tells us: shorter ones would come in bursts. */
static double low_latency(const PaDeviceInfo *i, bool input)
{
    const double low = input ? i->defaultLowInputLatency : i->defaultLowOutputLatency;
    const bool alsa = Pa_GetHostApiInfo(i->hostApi)->type == paALSA;
    return alsa && card_of(i->name) < 0 ? fmax(low, 1024 / 48000.0) : low;
}

/* A power of two near the device's low latency: odd ones make sound servers crackle. */
static unsigned long block_for(double latency, double rate)
{
    unsigned long block = 64;
    if (!(latency > 0 && latency < 0.2)) /* JACK's are not filled in */
        latency = 256 / 48000.0;
    while (block < 2048 && (double)block < 0.75 * latency * rate)
        block *= 2;
    return block;
}

static PaStreamParameters parameters(int device, int channels, bool input, double rate,
                                     unsigned long block)
{
    const double low = low_latency(Pa_GetDeviceInfo(device), input);
    const double two = 2 * (double)block / rate;
    return (PaStreamParameters){.device = device,
                                .channelCount = channels,
                                .sampleFormat = paFloat32,
                                .suggestedLatency = low > two && low < 0.2 ? low : two};
}

/* ---- opening --------------------------------------------------------------------------
 */

static bool another_try(PaError e)
{
    return e == paInvalidSampleRate || e == paInvalidChannelCount ||
           e == paSampleFormatNotSupported || e == paBadIODeviceCombination;
}

/* Input, output or both (-1: none), at a rate and with channels that it accepts: the
 * engine's rate first, then the device's own. */
static PaError open_stream(PaStream **s, int in, int *in_channels, int out,
                           int *out_channels, double *rate, unsigned long *block,
                           PaStreamCallback *call, dfnd_pa_lane *l)
{
    const PaDeviceInfo *a = in >= 0 ? Pa_GetDeviceInfo(in) : NULL;
    const PaDeviceInfo *b = out >= 0 ? Pa_GetDeviceInfo(out) : NULL;
    const double rates[] = {DFND_RATE, (b ? b : a)->defaultSampleRate, 44100};
    PaError e = paInvalidSampleRate;
    for (int k = 0; k < 12 && another_try(e); k++) {
        const int ci = a ? k / 3 % 2 ? a->maxInputChannels : *in_channels : 0;
        const int co = b ? k / 6 % 2 ? b->maxOutputChannels : *out_channels : 0;
        *rate = rates[k % 3];
        const double latency =
            fmax(a ? low_latency(a, true) : 0, b ? low_latency(b, false) : 0);
        const unsigned long frames = *block ? block_for(latency, *rate) : 0;
        const unsigned long length = frames ? frames : 256;
        PaStreamParameters ip, op;
        if (a)
            ip = parameters(in, ci, true, *rate, length);
        if (b)
            op = parameters(out, co, false, *rate, length);
        e = Pa_OpenStream(s, a ? &ip : NULL, b ? &op : NULL, *rate, frames,
                          paClipOff | paDitherOff, call, l);
        if (!e) {
            *in_channels = ci;
            *out_channels = co;
            *block = frames;
        }
    }
    return e;
}

static void boost(PaStream *s, int device)
{
    const PaDeviceInfo *i = Pa_GetDeviceInfo(device);
    if (Pa_GetHostApiInfo(i->hostApi)->type == paALSA)
        PaAlsa_EnableRealtimeScheduling(s, 1); /* where this user may */
    Pa_SetStreamFinishedCallback(s, dfnd_pa_on_finished);
}

static int least(int a, int b) { return a < b ? a : b; }

static PaError open_all(plan *p, dfnd_pa_lane *l)
{
    PaError e;
    p->in_channels = least(l->channels, Pa_GetDeviceInfo(p->in)->maxInputChannels);
    p->out_channels = least(2, Pa_GetDeviceInfo(p->out)->maxOutputChannels);
    p->in_block = p->out_block = !p->jack; /* 0: JACK knows its block best */
    if (p->one_clock) {
        e = open_stream(&l->streams[0], p->in, &p->in_channels, p->out, &p->out_channels,
                        &p->in_rate, &p->in_block, dfnd_pa_on_both, l);
        p->out_rate = p->in_rate;
        p->out_block = p->in_block;
        if (!e)
            boost(l->streams[0], p->in);
        return e;
    }
    int none = 0;
    e = open_stream(&l->streams[0], p->in, &p->in_channels, -1, &none, &p->in_rate,
                    &p->in_block, dfnd_pa_on_in, l);
    if (e)
        return e;
    boost(l->streams[0], p->in);
    e = open_stream(&l->streams[1], -1, &none, p->out, &p->out_channels, &p->out_rate,
                    &p->out_block, dfnd_pa_on_out, l);
    if (!e)
        boost(l->streams[1], p->out);
    return e;
}

static dfn_status explain(dfn_error *err, const plan *p, PaError e)
{
    const PaHostErrorInfo *host = Pa_GetLastHostErrorInfo();
    const bool more = e == paUnanticipatedHostError && host && host->errorText;
    return dfn_fail(err, e == paDeviceUnavailable ? DFN_ERR_IO : DFN_ERR_UNSUPPORTED,
                    "cannot open %s with %s: %s", Pa_GetDeviceInfo(p->in)->name,
                    Pa_GetDeviceInfo(p->out)->name,
                    more ? host->errorText : Pa_GetErrorText(e));
}

static dfn_status connect(dfnd_backend *b, dfnd_pa_lane *l, const plan *p, dfn_error *err)
{
    const int unknown = 1024; /* a usual block of JACK; longer ones make us open it anew */
    const dfnd_duplex_config config = {.engine = l->engine,
                                       .channels = l->channels,
                                       .in_channels = p->in_channels,
                                       .out_channels = p->out_channels,
                                       .in_rate = p->in_rate,
                                       .out_rate = p->out_rate,
                                       .in_block = p->in_block          ? (int)p->in_block
                                                   : l->block > unknown ? l->block
                                                                        : unknown,
                                       .out_block = p->out_block         ? (int)p->out_block
                                                    : l->block > unknown ? l->block
                                                                         : unknown,
                                       .one_clock = p->one_clock};
    dfnd_duplex *d;
    const dfn_status status = dfnd_duplex_new(&d, &config, err);
    if (status)
        return status;
    l->block = config.in_block > config.out_block ? config.in_block : config.out_block;
    pthread_mutex_lock(&b->lock);
    l->duplex = d;
    if (l->removed)
        dfnd_duplex_let_go(d); /* the engine may be gone */
    pthread_mutex_unlock(&b->lock);
    return DFN_OK;
}

static void describe(dfnd_pa_report *r, const plan *p, const dfnd_pa_lane *l)
{
    const PaDeviceInfo *in = Pa_GetDeviceInfo(p->in), *out = Pa_GetDeviceInfo(p->out);
    const double delay = dfnd_duplex_delay(l->duplex);
    char rates[64], bridge[64] = "";
    snprintf(rates, sizeof rates, "%.0f Hz", p->out_rate);
    if (p->in_rate != p->out_rate)
        snprintf(rates, sizeof rates, "%.0f to %.0f Hz", p->in_rate, p->out_rate);
    if (delay > 0)
        snprintf(bridge, sizeof bridge, ", %s: %.0f ms more",
                 p->one_clock ? "resampled" : "two clocks", 1e3 * delay);
    snprintf(r->linked, sizeof r->linked, "%s", in->name);
    snprintf(r->detail, sizeof r->detail, "plays to %.150s; %s, %s%s", out->name,
             Pa_GetHostApiInfo(in->hostApi)->name, rates, bridge);
    r->state = DFND_RUNNING;
    r->rate = (int)p->out_rate;
    r->quantum = (int)p->out_block;
}

dfn_status dfnd_pa_open(dfnd_backend *b, dfnd_pa_lane *l, dfnd_pa_report *r, dfn_error *err)
{
    plan p = {0};
    char device[DFND_TEXT], output[DFND_TEXT];
    pthread_mutex_lock(&b->lock);
    memcpy(device, l->device, sizeof device);
    memcpy(output, l->output, sizeof output);
    pthread_mutex_unlock(&b->lock);
    dfn_status status = choose(&p, device, output, err);
    if (status)
        return status;
    PaError e = open_all(&p, l);
    if (e == paBadIODeviceCombination && p.one_clock) {
        p.one_clock = false;
        e = open_all(&p, l);
    }
    if (!e)
        status = connect(b, l, &p, err);
    l->finished = false;
    l->jack = p.jack;
    for (int k = 0; k < 2; k++)
        l->beats[k] = 0;
    for (int k = 0; k < 2 && !e && !status && l->streams[k]; k++)
        e = Pa_StartStream(l->streams[k]);
    if (e)
        status = explain(err, &p, e);
    if (status)
        dfnd_pa_close(b, l);
    else
        describe(r, &p, l);
    return status;
}

void dfnd_pa_close(dfnd_backend *b, dfnd_pa_lane *l)
{
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_mutex_unlock(&b->lock);
    for (int k = 0; k < 2; k++)
        if (l->streams[k]) {
            Pa_AbortStream(l->streams[k]);
            Pa_CloseStream(l->streams[k]);
            l->streams[k] = NULL;
        }
    pthread_mutex_lock(&b->lock);
    dfnd_duplex *d = l->duplex;
    l->xruns += dfnd_duplex_lost(d);
    l->duplex = NULL;
    b->closing = false;
    pthread_mutex_unlock(&b->lock);
    dfnd_duplex_free(d);
}
