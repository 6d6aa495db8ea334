/* Blocks of devices through the engine: every sample at its place if they share a clock,
 * all rates and channels otherwise, nothing that an audio thread may not do, and an engine
 * that can be taken away at any time. */
#include "../rt/rt_guard.h"
#include "check.h"
#include "drift_rig.h"
#include "duplex.h"
#include "tiny_model.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS = 4, LONGEST = 4096 };
static const double TURN = 2 * 3.14159265358979323846;

static void release(void *user, const dfn_model *m) { (void)user, (void)m; }

/* Bypassed: what goes in comes out, the engine's latency later. */
static dfnd_engine *open_engine(const dfn_model *m, int channels)
{
    const dfn_stream_config config = {.sample_rate = 48000, .channels = channels};
    dfnd_engine *e = NULL;
    dfn_error err;
    CHECK(!dfnd_engine_new(&e, m, &config, release, NULL, &err), "%s", err.text);
    dfnd_engine_set(e, DFN_PARAM_BYPASS, 1);
    return e;
}

static dfnd_duplex *open_duplex(dfnd_duplex_config c)
{
    dfnd_duplex *d = NULL;
    dfn_error err;
    CHECK(!dfnd_duplex_new(&d, &c, &err), "%s", err.text);
    return d;
}

/* ---- one clock ------------------------------------------------------------------------
 */

/* Blocks of any size; a stereo device, the second channel of which is other sound. */
static void test_direct(const dfn_model *m, int channels, int in_channels, int out_channels)
{
    static float in[3 * LONGEST], out[3 * LONGEST], past[48000 * 2][2];
    dfnd_engine *e = open_engine(m, channels);
    dfnd_duplex *d = open_duplex((dfnd_duplex_config){.engine = e,
                                                      .channels = channels,
                                                      .in_channels = in_channels,
                                                      .out_channels = out_channels,
                                                      .in_rate = 48000,
                                                      .out_rate = 48000,
                                                      .in_block = 256,
                                                      .out_block = 256,
                                                      .one_clock = true});
    const int latency = dfnd_engine_latency(e);
    int wrong = 0, at = 0;
    CHECK(dfnd_duplex_delay(d) == 0, "%g s more", dfnd_duplex_delay(d));
    for (int k = 0; at < 40000; k++) {
        const int n = 1 + k * 7919 % LONGEST;
        for (int i = 0; i < n; i++)
            for (int c = 0; c < in_channels; c++) {
                const float x = (float)((at + i) * (c + 7) % 1009) / 2018;
                in[i * in_channels + c] = x;
                if (c < 2)
                    past[at + i][c] = x;
            }
        dfnd_duplex_both(d, k % 10 == 9 ? NULL : in, out, (size_t)n, 0);
        if (k % 10 == 9)
            memset(past[at], 0, (size_t)n * sizeof *past);
        for (int i = 0; i < n; i++)
            for (int c = 0; c < out_channels; c++) {
                int from = c % channels;
                from = from < in_channels ? from : in_channels - 1;
                const float want =
                    at + i < latency + 2000 ? 0 : past[at + i - latency][from];
                wrong += at + i >= latency + 2000 && out[i * out_channels + c] != want;
            }
        at += n;
    }
    CHECK(wrong == 0, "%d of %d channels, %d wrong", in_channels, out_channels, wrong);
    dfnd_duplex_free(d);
    dfnd_engine_free(e);
}

/* ---- bridges --------------------------------------------------------------------------
 */

/* A sine through all of it, with an output clock that is 200 ppm fast. One thread plays
 * both devices; it may do nothing that an audio thread may not. */
static void test_bridge(const dfn_model *m, double in_rate, double out_rate, bool one_clock)
{
    static float in[512], out[2 * 512], tail[2048];
    const int block = 256, window = sizeof tail / sizeof *tail;
    dfnd_engine *e = open_engine(m, 1);
    dfnd_duplex *d = open_duplex((dfnd_duplex_config){.engine = e,
                                                      .channels = 1,
                                                      .in_channels = 1,
                                                      .out_channels = 2,
                                                      .in_rate = in_rate,
                                                      .out_rate = out_rate,
                                                      .in_block = block,
                                                      .out_block = block,
                                                      .one_clock = one_clock});
    double t_in = 0, t_out = 0.003;
    int64_t frames = 0;
    int kept = 0, differs = 0;
    rt_guard_enter();
    while (t_out < 15) {
        for (; t_in <= t_out; t_in += block / in_rate) {
            for (int i = 0; i < block; i++)
                in[i] =
                    0.5f * (float)sin(fmod(TURN * 1000 / in_rate * (double)frames++, TURN));
            if (one_clock)
                break;
            dfnd_duplex_in(d, in, (size_t)block, t_in);
        }
        if (one_clock) {
            dfnd_duplex_both(d, in, out, (size_t)block, t_in);
            t_out = t_in += block / in_rate;
        } else {
            dfnd_duplex_out(d, out, (size_t)block, t_out);
            t_out += block / (out_rate * (1 + 200e-6));
        }
        for (int i = 0; i < block; i++)
            differs += out[2 * i] != out[2 * i + 1];
        if (kept + block > window)
            kept = 0;
        for (int i = 0; i < block; i++)
            tail[kept++] = out[2 * i];
    }
    rt_guard_leave();
    const double snr = rig_snr(tail, kept, 1000, out_rate, NULL);
    printf("%g to %g Hz, %s: %.1f ms more, SNR %.1f dB\n", in_rate, out_rate,
           one_clock ? "one clock" : "two clocks", 1e3 * dfnd_duplex_delay(d), snr);
    CHECK(snr >= 100, "SNR %g", snr);
    CHECK(dfnd_duplex_lost(d) == 0 && differs == 0, "%d lost, %d frames differ",
          (int)dfnd_duplex_lost(d), differs);
    dfnd_duplex_free(d);
    dfnd_engine_free(e);
}

/* ---- taken away -----------------------------------------------------------------------
 */

typedef struct audio {
    dfnd_duplex *d;
    atomic_bool stop;
    atomic_int blocks;
} audio;

static void *run(void *user)
{
    audio *a = user;
    float in[64] = {0.5f}, out[64];
    while (!a->stop) {
        dfnd_duplex_both(a->d, in, out, 64, 0);
        a->blocks++;
    }
    return NULL;
}

/* The engine is freed while the audio thread goes on; a sanitizer sees it if that still
 * used it. */
static void test_let_go(const dfn_model *m)
{
    audio a = {0};
    pthread_t thread;
    dfnd_engine *e = open_engine(m, 1);
    a.d = open_duplex((dfnd_duplex_config){e, 1, 1, 1, 48000, 48000, 64, 64, true});
    CHECK(pthread_create(&thread, NULL, run, &a) == 0, "no thread");
    while (a.blocks < 1000)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    dfnd_duplex_let_go(a.d);
    dfnd_engine_free(e);
    const int then = a.blocks;
    while (a.blocks < then + 100)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    a.stop = true;
    pthread_join(thread, NULL);
    dfnd_duplex_free(a.d);
}

int main(void)
{
    void *bytes;
    dfn_model *m = tiny_model_new(&bytes);
    dfnd_duplex *d;
    dfn_error err;
    const dfnd_duplex_config none = {.channels = 3, .in_channels = 1, .out_channels = 1};
    CHECK(dfnd_duplex_new(&d, &none, &err) && !d && err.text[0], "three channels");
    test_direct(m, 1, 1, 1);
    test_direct(m, 1, 2, 2);
    test_direct(m, 2, 1, 2);
    test_direct(m, 2, 3, 3);
    if (!rt_guard_start())
        printf("this kernel cannot trap system calls: only calls of the C library were "
               "checked\n");
    test_bridge(m, 48000, 48000, false);
    test_bridge(m, 44100, 48000, false);
    test_bridge(m, 48000, 44100, false);
    test_bridge(m, 44100, 96000, false);
    test_bridge(m, 44100, 44100, true);
    test_let_go(m);
    tiny_model_free(m, bytes);
    return check_report();
}
