/* lockstep.c - sound through a PipeWire graph as fast as it goes, and without a gap.
 *
 *   lockstep --rate R --quantum Q [--tail N] [--group G] IN OUT
 *
 * IN and OUT are float samples of one channel. There are two nodes: lockstep.play, which
 * drives the graph, and lockstep.record. A cycle begins when the recorder has got its part
 * of the one before, so that nobody ever comes too late, whatever the machine does. What is
 * under test joins with the property node.group = G (lockstep). No cycle runs before the
 * first: "ready" is printed, somebody links the nodes and writes a line to stdin, and then
 * the first sample of IN is the first that anyone hears. OUT holds all that came meanwhile,
 * as many frames as IN and N. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pipewire/filter.h>
#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>

/* A cycle that takes longer is given up: the graph was not ready, or somebody hangs. */
enum { KICK_MS = 1000, GIVE_UP_KICKS = 8 };

typedef struct rig {
    struct pw_main_loop *loop;
    struct pw_stream *player;
    struct pw_filter *recorder;
    void *port; /* the recorder's */
    struct spa_source *next, *watch;
    struct spa_hook core_hook, player_hook, recorder_hook;
    const char *group;
    unsigned rate, quantum;
    size_t in_frames, out_frames, tail;
    float *in, *out;
    size_t played; /* data thread only, as the clock of the graph */
    struct spa_io_position *position;
    _Atomic size_t recorded;                    /* frames of `out` */
    _Atomic unsigned other_rate, other_quantum; /* of a cycle that was not as asked */
    bool player_ready, recorder_ready, started, failed;
    size_t watched; /* `recorded` when the watch last looked */
    int kicks, idle;
} rig;

__attribute__((format(printf, 2, 3))) static void fail(rig *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("lockstep: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    r->failed = true;
    if (r->loop)
        pw_main_loop_quit(r->loop);
}

/* ---- data thread -------------------------------------------------------------------- */

/* A driver's duty: the time of a graph that keeps up, whatever the real one. */
static void advance_clock(rig *r)
{
    struct spa_io_clock *clock = &r->position->clock;
    clock->position += r->quantum;
    clock->nsec = clock->position * SPA_NSEC_PER_SEC / r->rate;
    clock->next_nsec = clock->nsec + (uint64_t)r->quantum * SPA_NSEC_PER_SEC / r->rate;
    clock->rate_diff = 1;
}

static void on_io(void *data, uint32_t id, void *area, uint32_t size)
{
    rig *r = data;
    (void)size;
    if (id == SPA_IO_Position)
        r->position = area;
}

static void play(void *data)
{
    rig *r = data;
    struct pw_buffer *b = pw_stream_dequeue_buffer(r->player);
    if (r->position)
        advance_clock(r);
    if (!b)
        return;
    struct spa_data *d = &b->buffer->datas[0];
    size_t frames = SPA_MIN(r->quantum, d->maxsize / sizeof(float));
    size_t left = SPA_MIN(frames, r->in_frames - r->played);
    float *y = d->data;
    memcpy(y, r->in + r->played, left * sizeof *y);
    memset(y + left, 0, (frames - left) * sizeof *y);
    r->played += left;
    d->chunk->offset = 0;
    d->chunk->stride = sizeof(float);
    d->chunk->size = (uint32_t)(frames * sizeof(float));
    pw_stream_queue_buffer(r->player, b);
}

static void record(void *data, struct spa_io_position *position)
{
    rig *r = data;
    uint32_t n = (uint32_t)position->clock.duration;
    const float *x = pw_filter_get_dsp_buffer(r->port, n);
    size_t at = atomic_load(&r->recorded), frames = SPA_MIN(n, r->out_frames - at);
    if (n != r->quantum || position->clock.rate.denom != r->rate) {
        atomic_store(&r->other_rate, position->clock.rate.denom);
        atomic_store(&r->other_quantum, n);
    }
    if (x)
        memcpy(r->out + at, x, frames * sizeof *x);
    atomic_store(&r->recorded, at + frames);
    pw_loop_signal_event(pw_main_loop_get_loop(r->loop), r->next);
}

/* ---- main thread -------------------------------------------------------------------- */

static void on_next(void *data, uint64_t count)
{
    rig *r = data;
    (void)count;
    if (atomic_load(&r->other_quantum))
        fail(r, "the graph runs at %u Hz with quantum %u, not at %u with %u", r->other_rate,
             r->other_quantum, r->rate, r->quantum);
    else if (atomic_load(&r->recorded) < r->out_frames)
        pw_stream_trigger_process(r->player);
    else
        pw_main_loop_quit(r->loop);
}

static void on_watch(void *data, uint64_t count)
{
    rig *r = data;
    (void)count;
    size_t recorded = atomic_load(&r->recorded);
    if (!r->started || recorded != r->watched) {
        r->watched = recorded;
        r->idle = 0;
    } else if (++r->idle > GIVE_UP_KICKS) {
        fail(r, "nothing arrives after frame %zu", recorded);
    } else {
        r->kicks++;
        pw_stream_trigger_process(r->player);
    }
}

static void on_stdin(void *data, int fd, uint32_t mask)
{
    rig *r = data;
    char line[64];
    (void)mask;
    if (read(fd, line, sizeof line) <= 0) {
        fail(r, "stdin ends");
        return;
    }
    r->started = true;
    pw_stream_trigger_process(r->player);
}

static void tell_ready(rig *r)
{
    if (!r->player_ready || !r->recorder_ready)
        return;
    puts("ready");
    fflush(stdout);
}

static void on_player_state(void *data, enum pw_stream_state old,
                            enum pw_stream_state state, const char *error)
{
    rig *r = data;
    if (state == PW_STREAM_STATE_ERROR || state == PW_STREAM_STATE_UNCONNECTED)
        fail(r, "the player: %s", error ? error : pw_stream_state_as_string(state));
    if (old == PW_STREAM_STATE_CONNECTING && state == PW_STREAM_STATE_PAUSED) {
        r->player_ready = true;
        tell_ready(r);
    }
}

static void on_recorder_state(void *data, enum pw_filter_state old,
                              enum pw_filter_state state, const char *error)
{
    rig *r = data;
    if (state == PW_FILTER_STATE_ERROR || state == PW_FILTER_STATE_UNCONNECTED)
        fail(r, "the recorder: %s", error ? error : pw_filter_state_as_string(state));
    if (old == PW_FILTER_STATE_CONNECTING && state == PW_FILTER_STATE_PAUSED) {
        r->recorder_ready = true;
        tell_ready(r);
    }
}

static void on_core_error(void *data, uint32_t id, int seq, int res, const char *message)
{
    (void)seq;
    if (id == PW_ID_CORE)
        fail(data, "PipeWire: %s: %s", message, strerror(-res));
}

static const struct pw_core_events core_events = {PW_VERSION_CORE_EVENTS,
                                                  .error = on_core_error};
static const struct pw_stream_events player_events = {PW_VERSION_STREAM_EVENTS,
                                                      .process = play, .io_changed = on_io,
                                                      .state_changed = on_player_state};
static const struct pw_filter_events recorder_events = {
    PW_VERSION_FILTER_EVENTS, .process = record, .state_changed = on_recorder_state};

/* ---- set-up ------------------------------------------------------------------------- */

/* Its own rate and quantum hold for the graph, whatever anyone else asks for. */
static int make_player(rig *r, struct pw_core *core)
{
    uint8_t room[512];
    struct spa_pod_builder b = SPA_POD_BUILDER_INIT(room, sizeof room);
    struct spa_audio_info_raw info = {.format = SPA_AUDIO_FORMAT_F32P,
                                      .rate = r->rate,
                                      .channels = 1,
                                      .position = {SPA_AUDIO_CHANNEL_MONO}};
    const struct spa_pod *format =
        spa_format_audio_raw_build(&b, SPA_PARAM_EnumFormat, &info);
    struct pw_properties *p = pw_properties_new(
        PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_NODE_NAME, "lockstep.play", PW_KEY_NODE_GROUP,
        r->group, PW_KEY_PRIORITY_DRIVER, "30000", "adapter.auto-port-config",
        "{ mode = dsp monitor = false position = preserve }", NULL);
    pw_properties_setf(p, PW_KEY_NODE_LATENCY, "%u/%u", r->quantum, r->rate);
    pw_properties_setf(p, PW_KEY_NODE_FORCE_QUANTUM, "%u", r->quantum);
    pw_properties_setf(p, PW_KEY_NODE_FORCE_RATE, "%u", r->rate);
    r->player = pw_stream_new(core, "lockstep.play", p);
    if (!r->player)
        return -errno;
    pw_stream_add_listener(r->player, &r->player_hook, &player_events, r);
    return pw_stream_connect(r->player, PW_DIRECTION_OUTPUT, PW_ID_ANY,
                             PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS |
                                 PW_STREAM_FLAG_DRIVER,
                             &format, 1);
}

static int make_recorder(rig *r, struct pw_core *core)
{
    r->recorder = pw_filter_new(core, "lockstep.record",
                                pw_properties_new(PW_KEY_NODE_NAME, "lockstep.record",
                                                  PW_KEY_NODE_GROUP, r->group, NULL));
    if (!r->recorder)
        return -errno;
    pw_filter_add_listener(r->recorder, &r->recorder_hook, &recorder_events, r);
    r->port = pw_filter_add_port(
        r->recorder, PW_DIRECTION_INPUT, PW_FILTER_PORT_FLAG_MAP_BUFFERS, sizeof(int),
        pw_properties_new(PW_KEY_FORMAT_DSP, "32 bit float mono audio", PW_KEY_PORT_NAME,
                          "input", PW_KEY_AUDIO_CHANNEL, "MONO", NULL),
        NULL, 0);
    return r->port ? pw_filter_connect(r->recorder, PW_FILTER_FLAG_RT_PROCESS, NULL, 0)
                   : -errno;
}

static void run(rig *r)
{
    struct pw_loop *loop;
    struct timespec interval = {KICK_MS / 1000, KICK_MS % 1000 * 1000000};
    r->loop = pw_main_loop_new(NULL);
    loop = pw_main_loop_get_loop(r->loop);
    r->next = pw_loop_add_event(loop, on_next, r);
    r->watch = pw_loop_add_timer(loop, on_watch, r);
    pw_loop_update_timer(loop, r->watch, &interval, &interval, false);
    pw_loop_add_io(loop, STDIN_FILENO, SPA_IO_IN | SPA_IO_HUP, false, on_stdin, r);

    struct pw_context *context = pw_context_new(
        loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
    struct pw_core *core = pw_context_connect(context, NULL, 0);
    int res;
    if (!core) {
        fail(r, "no PipeWire: %s", strerror(errno));
    } else if ((res = make_player(r, core)) < 0 || (res = make_recorder(r, core)) < 0) {
        fail(r, "cannot make the nodes: %s", strerror(-res));
    } else {
        pw_core_add_listener(core, &r->core_hook, &core_events, r);
        pw_main_loop_run(r->loop);
    }
    if (r->player)
        spa_hook_remove(&r->player_hook), pw_stream_destroy(r->player);
    if (r->recorder)
        spa_hook_remove(&r->recorder_hook), pw_filter_destroy(r->recorder);
    pw_context_destroy(context); /* and what is connected */
    pw_main_loop_destroy(r->loop);
}

static bool read_all(rig *r, const char *path)
{
    FILE *f = fopen(path, "rb");
    long bytes;
    if (!f || fseek(f, 0, SEEK_END) || (bytes = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        return false;
    r->in_frames = (size_t)bytes / sizeof(float);
    r->out_frames = r->in_frames + r->tail;
    r->in = malloc((size_t)bytes + 1);
    r->out = calloc(r->out_frames + 1, sizeof *r->out);
    bool ok =
        r->in && r->out && fread(r->in, sizeof *r->in, r->in_frames, f) == r->in_frames;
    fclose(f);
    return ok;
}

static bool write_all(const rig *r, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    bool ok = fwrite(r->out, sizeof *r->out, r->out_frames, f) == r->out_frames;
    return !fclose(f) && ok;
}

static bool parse(rig *r, int argc, char **argv)
{
    static const struct option options[] = {{"rate", required_argument, NULL, 'r'},
                                            {"quantum", required_argument, NULL, 'q'},
                                            {"tail", required_argument, NULL, 't'},
                                            {"group", required_argument, NULL, 'g'},
                                            {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'r': r->rate = (unsigned)atoi(optarg); break;
        case 'q': r->quantum = (unsigned)atoi(optarg); break;
        case 't': r->tail = (size_t)atol(optarg); break;
        case 'g': r->group = optarg; break;
        default: return false;
        }
    }
    return r->rate > 0 && r->quantum > 0 && argc - optind == 2;
}

int main(int argc, char **argv)
{
    static rig r = {.group = "lockstep"};
    if (!parse(&r, argc, argv)) {
        fputs("Usage: lockstep --rate R --quantum Q [--tail N] [--group G] IN OUT\n",
              stderr);
        return 2;
    }
    const char *in = argv[optind], *out = argv[optind + 1];
    if (!read_all(&r, in))
        fail(&r, "%s: %s", in, strerror(errno));
    if (!r.failed) {
        pw_init(NULL, NULL);
        run(&r);
        pw_deinit();
    }
    if (!r.failed && !write_all(&r, out))
        fail(&r, "%s: %s", out, strerror(errno));
    if (!r.failed)
        printf("%zu frames, %d kicks\n", r.out_frames, r.kicks);
    free(r.in);
    free(r.out);
    return r.failed;
}
