/* The audio call stays real-time safe in everything a host can do to it - and the guard
 * that says so catches each kind of offence. Every case runs in a child process. */
#include "play.h"
#include "rt_guard.h"

#include <float.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 20000, CHANNELS = 2 };

/* ---- offenders ------------------------------------------------------------------------
 */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *volatile block;

static void offend_malloc(void) { block = malloc(100); }
static void offend_calloc(void) { block = calloc(10, 10); }
static void offend_aligned(void) { block = aligned_alloc(64, 128); }
static void offend_free(void) { free(block); }
static void offend_mutex(void) { pthread_mutex_lock(&mutex); }
static void offend_print(void) { printf("%d\n", block != NULL); }
static void offend_write(void)
{
    if (write(STDOUT_FILENO, "", 0) < 0)
        block = NULL;
}
static void offend_sleep(void) { nanosleep(&(struct timespec){.tv_nsec = 1}, NULL); }
static void offend_nothing(void) {}

static const struct {
    const char *name, *caught;
    void (*run)(void);
    bool needs_trap;
} offenders[] = {
    {"malloc", "malloc", offend_malloc, false},
    {"calloc", "calloc", offend_calloc, false},
    {"aligned_alloc", "aligned_alloc", offend_aligned, false},
    {"free", "free", offend_free, false},
    {"mutex", "pthread_mutex_lock", offend_mutex, false},
    {"printf", "vfprintf", offend_print, false},
    {"write", "syscall", offend_write, true},
    {"nanosleep", "syscall", offend_sleep, true},
};

/* ---- what a host does -----------------------------------------------------------------
 */

static void turn_knobs(dfn_stream *s, int k)
{
    dfn_stream_set(s, DFN_PARAM_BYPASS, k % 5 == 4);
    dfn_stream_set(s, DFN_PARAM_LIMIT_DB, (float)(k % 7) * 20);
    dfn_stream_set(s, DFN_PARAM_POST_FILTER, k % 2 ? 0.05f : 0);
    dfn_stream_overload(s, k % 11 > 7);
    for (int m = 0; m < DFN_METER_COUNT; m++)
        (void)dfn_stream_meter(s, (dfn_meter)m);
    (void)dfn_stream_get(s, DFN_PARAM_BYPASS);
    (void)dfn_stream_latency(s);
}

/* More than ten seconds of it, then sound: the network starts afresh. */
static void mute(player *p, const float *in, float *out)
{
    static const float zeros[CHANNELS * FRAMES];
    for (int i = 0; i <= 11 * p->rate / FRAMES; i++)
        play(p, zeros, out, FRAMES, 4096);
    play(p, in, out, FRAMES, 4096);
}

static void host(const tiny_model_config *m, const dfn_stream_config *config,
                 void (*offend)(void))
{
    static const float odd[] = {NAN, INFINITY, FLT_MAX, 1e-40f, -1e38f};
    player p = play_open_scaled(m, *config, "", 1);
    float *in = play_noise(CHANNELS, FRAMES, 3), *out = play_silence(CHANNELS, FRAMES);
    block = malloc(10);
    for (int i = 0; i < 3000; i++)
        in[i + 5000] = odd[i % 5];
    rt_guard_enter();
    for (int at = 0, k = 0; at < FRAMES; k++) {
        const int n = 1 + k * 7919 % 997;
        turn_knobs(p.stream, k);
        play_part(&p, in, out, FRAMES, at, at + n < FRAMES ? at + n : FRAMES, n);
        at += n;
    }
    dfn_stream_reset(p.stream);
    play(&p, in, out, FRAMES, FRAMES);
    if (config->sample_rate == 48000)
        mute(&p, in, out);
    offend();
    rt_guard_leave();
    free(block);
    free(in);
    free(out);
    play_close(&p);
}

/* Run in a child; what it says on stderr goes to `said`. Returns its exit status. */
static int run(const tiny_model_config *m, int rate, bool independent, int hops,
               void (*offend)(void), char *said, size_t size)
{
    const dfn_stream_config config = {.sample_rate = rate,
                                      .channels = CHANNELS,
                                      .independent = independent,
                                      .hops = hops};
    int ends[2], status = 0;
    if (pipe(ends))
        return -1;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        rt_guard_start();
        host(m, &config, offend);
        _exit(0);
    }
    close(ends[1]);
    const ssize_t n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = 0;
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    static const int rates[] = {8000, 11025, 16000, 44100, 48000, 96000, 192000};
    static const tiny_model_config plain = {.lookahead = 2};
    static const tiny_model_config hybrid = {
        .kind = "deepfilternet4",
        .config = TINY_DFNET4 "use_time_branch = true\nuse_phase_branch = true\n"
                              "fusion_type = attention\nadaptive_order = true\n"};
    char said[200];
    /* This process stays unguarded, but asks whether the kernel can. */
    const pid_t asks = fork();
    if (asks == 0)
        _exit(rt_guard_start() ? 0 : 1);
    int status = 1;
    waitpid(asks, &status, 0);
    const bool traps = status == 0;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (int independent = 0; independent < 2; independent++) {
            const int hops = independent ? 3 : 1;
            const int code =
                run(&plain, rates[i], independent, hops, offend_nothing, said, sizeof said);
            CHECK(code == 0, "%d Hz: status %d: %s", rates[i], code, said);
        }
    for (int hops = 1; hops <= 16; hops += 15) {
        const int code = run(&hybrid, 48000, true, hops, offend_nothing, said, sizeof said);
        CHECK(code == 0, "hybrid: status %d: %s", code, said);
    }
    for (size_t i = 0; i < sizeof offenders / sizeof *offenders; i++) {
        if (offenders[i].needs_trap && !traps)
            continue;
        const int caught =
            run(&plain, 44100, false, 1, offenders[i].run, said, sizeof said);
        CHECK(caught == RT_GUARD_DENIED && strstr(said, offenders[i].caught),
              "planted %s was not caught: status %d, '%s'", offenders[i].name, caught,
              said);
        printf("planted %s: caught as %s", offenders[i].name, said);
    }
    if (!traps && !check_failures) {
        printf(
            "this kernel cannot trap system calls (Syscall User Dispatch): only calls of "
            "the C library were checked\n");
        return 77;
    }
    return check_report();
}
