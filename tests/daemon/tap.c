/* tap.c - the two streams of a virtual microphone, with files in place of the network.
 *
 *   tap HEARD [PLAYED]
 *
 * The nodes tap.capture and tap.source are 48 kHz streams such as the daemon's, and so have
 * the same converters before and behind them in a graph of another rate. What comes in goes
 * to the file HEARD, at SIGTERM; what goes out is the file PLAYED, as many samples as came
 * in, or else what came in. Files are float samples of one channel. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>

enum { RATE = 48000, HOP = 480, ROOM = 120 * RATE };

typedef struct tap {
    struct pw_main_loop *loop;
    struct pw_stream *capture, *source;
    struct spa_hook capture_hook, source_hook;
    float *heard, *play;
    size_t heard_frames, play_frames;
    bool play_file;
} tap;

static void on_capture(void *data) { pw_stream_trigger_process(((tap *)data)->source); }

static void pass(tap *t, const struct spa_data *in, struct spa_data *out)
{
    const float *x = SPA_PTROFF(in->data, in->chunk->offset, float);
    float *y = out->data;
    size_t frames = SPA_MIN(in->chunk->size, out->maxsize) / sizeof *x;
    frames = SPA_MIN(frames, ROOM - t->heard_frames);
    memcpy(t->heard + t->heard_frames, x, frames * sizeof *x);
    if (!t->play_file) {
        memcpy(y, x, frames * sizeof *y);
    } else {
        for (size_t i = 0; i < frames; i++)
            y[i] = t->heard_frames + i < t->play_frames ? t->play[t->heard_frames + i] : 0;
    }
    t->heard_frames += frames;
    out->chunk->offset = 0;
    out->chunk->stride = sizeof *y;
    out->chunk->size = (uint32_t)(frames * sizeof *y);
}

static void on_source(void *data)
{
    tap *t = data;
    struct pw_buffer *in = pw_stream_dequeue_buffer(t->capture);
    struct pw_buffer *out = pw_stream_dequeue_buffer(t->source);
    if (in && out)
        pass(t, &in->buffer->datas[0], &out->buffer->datas[0]);
    if (in)
        pw_stream_queue_buffer(t->capture, in);
    if (out)
        pw_stream_queue_buffer(t->source, out);
}

static const struct pw_stream_events capture_events = {PW_VERSION_STREAM_EVENTS,
                                                       .process = on_capture};
static const struct pw_stream_events source_events = {PW_VERSION_STREAM_EVENTS,
                                                      .process = on_source};

static struct pw_stream *make(struct pw_core *core, const char *name, bool source)
{
    struct pw_properties *p =
        pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_NODE_NAME, name,
                          PW_KEY_NODE_GROUP, "tap", PW_KEY_NODE_LINK_GROUP, "tap",
                          "resample.prefill", "true", "adapter.auto-port-config",
                          "{ mode = dsp monitor = false position = preserve }", NULL);
    pw_properties_setf(p, PW_KEY_NODE_LATENCY, "%d/%d", HOP, RATE);
    if (source)
        pw_properties_set(p, PW_KEY_MEDIA_CLASS, "Audio/Source");
    return pw_stream_new(core, name, p);
}

static int join(struct pw_stream *stream, bool source)
{
    uint8_t room[512];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof room);
    struct spa_audio_info_raw info = {.format = SPA_AUDIO_FORMAT_F32P,
                                      .rate = RATE,
                                      .channels = 1,
                                      .position = {SPA_AUDIO_CHANNEL_MONO}};
    const struct spa_pod *format =
        spa_format_audio_raw_build(&b, SPA_PARAM_EnumFormat, &info);
    return pw_stream_connect(stream, source ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT,
                             PW_ID_ANY,
                             PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS |
                                 (source ? PW_STREAM_FLAG_TRIGGER : 0),
                             &format, 1);
}

static void on_signal(void *data, int number)
{
    (void)number;
    pw_main_loop_quit(((tap *)data)->loop);
}

static bool run(tap *t)
{
    t->loop = pw_main_loop_new(NULL);
    struct pw_loop *loop = pw_main_loop_get_loop(t->loop);
    pw_loop_add_signal(loop, SIGTERM, on_signal, t);
    struct pw_context *context = pw_context_new(
        loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
    struct pw_core *core = pw_context_connect(context, NULL, 0);
    bool ok = false;
    if (core) {
        t->capture = make(core, "tap.capture", false);
        t->source = make(core, "tap.source", true);
        pw_stream_add_listener(t->capture, &t->capture_hook, &capture_events, t);
        pw_stream_add_listener(t->source, &t->source_hook, &source_events, t);
        ok = join(t->capture, false) >= 0 && join(t->source, true) >= 0;
        if (ok)
            pw_main_loop_run(t->loop);
        pw_stream_destroy(t->capture);
        pw_stream_destroy(t->source);
    }
    pw_context_destroy(context);
    pw_main_loop_destroy(t->loop);
    return ok;
}

static bool read_file(tap *t, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    t->play_frames = fread(t->play, sizeof *t->play, ROOM, f);
    t->play_file = true;
    return !fclose(f);
}

static bool write_file(const tap *t, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    bool ok = fwrite(t->heard, sizeof *t->heard, t->heard_frames, f) == t->heard_frames;
    return !fclose(f) && ok;
}

int main(int argc, char **argv)
{
    static tap t;
    t.heard = calloc(ROOM, sizeof *t.heard);
    t.play = calloc(ROOM, sizeof *t.play);
    bool ok = t.heard && t.play && argc >= 2 && (argc < 3 || read_file(&t, argv[2]));
    if (ok) {
        pw_init(NULL, NULL);
        ok = run(&t) && write_file(&t, argv[1]);
        pw_deinit();
    }
    if (!ok)
        fprintf(stderr, "tap: %s\n", strerror(errno));
    free(t.heard);
    free(t.play);
    return !ok;
}
