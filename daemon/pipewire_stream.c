/* pipewire_stream.c - the two streams of an instance: format, latency, state. */
#include "pipewire.h"

#include "log.h"

#include <spa/param/audio/format-utils.h>
#include <spa/utils/result.h>
#include <string.h>

bool dfnd_pw_side_is_offer(const dfnd_pw_side *s) { return s == &s->pair->offer; }

/* What other nodes tell, with our own delay on top, for the nodes on the other side. */
static void publish(const dfnd_pw_side *to, struct spa_latency_info info, int samples)
{
    uint8_t room[512];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof room);
    const int64_t ns = (int64_t)samples * SPA_NSEC_PER_SEC / DFND_RATE;
    if (!to->stream)
        return;
    info.min_ns += ns;
    info.max_ns += ns;
    const struct spa_pod *params[] = {spa_latency_build(&b, SPA_PARAM_Latency, &info)};
    pw_stream_update_params(to->stream, params, 1);
}

void dfnd_pw_publish_latency(dfnd_pw_pair *p)
{
    const int samples = dfnd_engine_latency(p->instance->engine);
    const bool microphone = p->built.direction == DFND_MICROPHONE;
    const dfnd_pw_side *capture = microphone ? &p->device : &p->offer;
    const dfnd_pw_side *playback = microphone ? &p->offer : &p->device;
    publish(playback, p->latency[SPA_DIRECTION_OUTPUT], samples);
    publish(capture, p->latency[SPA_DIRECTION_INPUT], samples);
}

static void on_state(void *user, enum pw_stream_state old, enum pw_stream_state state,
                     const char *error)
{
    dfnd_pw_side *s = user;
    (void)old;
    s->state = state;
    if (state == PW_STREAM_STATE_ERROR || state == PW_STREAM_STATE_UNCONNECTED)
        s->failed = true;
    if (error)
        snprintf(s->error, sizeof s->error, "%s", error);
    s->pair->backend->changed = true;
}

static void on_param(void *user, uint32_t id, const struct spa_pod *param)
{
    dfnd_pw_side *s = user;
    struct spa_latency_info info;
    if (id != SPA_PARAM_Latency || !param || spa_latency_parse(param, &info) < 0)
        return;
    /* A capture is told of what comes before it, a playback of what comes after. */
    const bool capture = s->direction == PW_DIRECTION_INPUT;
    if (info.direction != (capture ? SPA_DIRECTION_OUTPUT : SPA_DIRECTION_INPUT))
        return;
    s->pair->latency[info.direction] = info;
    dfnd_pw_publish_latency(s->pair);
}

static const struct pw_stream_events capture_events = {
    .version = PW_VERSION_STREAM_EVENTS,
    .state_changed = on_state,
    .param_changed = on_param,
    .process = dfnd_pw_capture_process,
};
static const struct pw_stream_events playback_events = {
    .version = PW_VERSION_STREAM_EVENTS,
    .state_changed = on_state,
    .param_changed = on_param,
    .process = dfnd_pw_playback_process,
};

static const struct spa_pod *format(struct spa_pod_builder *b, int channels)
{
    struct spa_audio_info_raw info =
        SPA_AUDIO_INFO_RAW_INIT(.format = SPA_AUDIO_FORMAT_F32P, .rate = DFND_RATE,
                                .channels = (uint32_t)channels);
    info.position[0] = channels == 1 ? SPA_AUDIO_CHANNEL_MONO : SPA_AUDIO_CHANNEL_FL;
    if (channels == 2)
        info.position[1] = SPA_AUDIO_CHANNEL_FR;
    return spa_format_audio_raw_build(b, SPA_PARAM_EnumFormat, &info);
}

typedef struct swap {
    struct pw_stream **where, *stream;
} swap;

static int do_swap(struct spa_loop *loop, bool async, uint32_t seq, const void *data,
                   size_t size, void *user)
{
    const swap *s = data;
    dfnd_pw_sound *sound = user;
    (void)loop, (void)async, (void)seq, (void)size;
    *s->where = s->stream;
    sound->started = false; /* what was heard before is over */
    return 0;
}

/* Tell the audio thread of a stream, between two of its cycles. */
static void set_stream(dfnd_pw_side *s, struct pw_stream *stream)
{
    dfnd_pw_sound *sound = &s->pair->sound;
    const swap change = {
        s->direction == PW_DIRECTION_INPUT ? &sound->capture : &sound->playback, stream};
    pw_data_loop_invoke(pw_context_get_data_loop(s->pair->backend->context), do_swap, 1,
                        &change, sizeof change, true, sound);
}

void dfnd_pw_side_activate(dfnd_pw_side *s, bool active)
{
    if (s->stream && s->active != active)
        pw_stream_set_active(s->stream, active);
    s->active = active;
}

dfn_status dfnd_pw_side_make(dfnd_pw_side *s, dfn_error *err)
{
    uint8_t room[1024];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof room);
    dfnd_pw_pair *p = s->pair;
    const bool capture = s->direction == PW_DIRECTION_INPUT;
    uint32_t flags = PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS;
    if (!capture)
        flags |= PW_STREAM_FLAG_TRIGGER;
    if (!dfnd_pw_side_is_offer(s) && dfnd_pw_is_managed(p))
        flags |= PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_INACTIVE;
    s->active = !(flags & PW_STREAM_FLAG_INACTIVE);
    s->failed = false;
    *s->error = '\0';
    struct pw_properties *properties = dfnd_pw_properties(s);
    s->stream = properties
                    ? pw_stream_new(p->backend->core, p->built.description, properties)
                    : NULL;
    if (!s->stream)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no stream", p->built.name);
    pw_stream_add_listener(s->stream, &s->hook,
                           capture ? &capture_events : &playback_events, s);
    const struct spa_pod *params[] = {format(&b, p->built.channels)};
    const int result = pw_stream_connect(s->stream, s->direction, PW_ID_ANY, flags, params,
                                         SPA_N_ELEMENTS(params));
    if (result < 0) {
        dfnd_pw_side_drop(s);
        return dfn_fail(err, DFN_ERR_IO, "%s: no stream: %s", p->built.name,
                        spa_strerror(result));
    }
    set_stream(s, s->stream);
    dfnd_pw_publish_latency(p); /* also if nobody else has any */
    return DFN_OK;
}

void dfnd_pw_side_renew(dfnd_pw_side *s)
{
    /* One that is still connecting will be new anyway; see make_device. */
    s->failed |= s->stream && s->state != PW_STREAM_STATE_CONNECTING;
}

void dfnd_pw_side_drop(dfnd_pw_side *s)
{
    if (!s->stream)
        return;
    set_stream(s, NULL);
    spa_hook_remove(&s->hook);
    pw_stream_destroy(s->stream);
    s->stream = NULL;
    s->failed = false;
    s->state = PW_STREAM_STATE_UNCONNECTED;
    s->pair->latency[s->direction == PW_DIRECTION_INPUT ? SPA_DIRECTION_OUTPUT
                                                        : SPA_DIRECTION_INPUT] =
        SPA_LATENCY_INFO(s->direction == PW_DIRECTION_INPUT ? SPA_DIRECTION_OUTPUT
                                                            : SPA_DIRECTION_INPUT);
}
