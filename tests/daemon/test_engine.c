/* The audio of an instance: the stream's own sound, models that change without a gap, and a
 * network that rests when it is too slow. Time is the test's. */
#include "check.h"
#include "engine.h"
#include "tiny_model.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAMES = 96000, CHANNELS = 2 };

typedef float sound[CHANNELS][FRAMES];
static sound in, want, other, out;
static const dfn_stream_config config = {.sample_rate = 48000, .channels = CHANNELS};

static int released;
static const dfn_model *last_released;

static void release(void *user, const dfn_model *model)
{
    (void)user;
    released++;
    last_released = model;
}

/* Each look at the clock by the engine moves it on by this. */
static double step, clock_now;
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
    (void)id;
    clock_now += step;
    t->tv_sec = (time_t)clock_now;
    t->tv_nsec = (long)((clock_now - (double)t->tv_sec) * 1e9);
    return 0;
}

static void make_sound(void)
{
    double x[1000];
    for (int i = 0; i < FRAMES; i++) {
        if (i % 1000 == 0)
            check_fill(x, 1000, (uint64_t)i + 1);
        in[0][i] = (float)(0.1 * x[i % 1000]);
        in[1][i] = 0.3f * sinf(0.02f * (float)i);
    }
}

static dfnd_engine *open_engine(const dfn_model *m)
{
    dfnd_engine *e;
    dfn_error err;
    CHECK(!dfnd_engine_new(&e, m, &config, release, NULL, &err), "%s", err.text);
    return e;
}

/* Frames from..to of `in` in blocks of `block`; 0: of changing size. */
static void play(dfnd_engine *e, sound to, int from, int end, int block)
{
    for (int at = from, k = 0; at < end; k++) {
        int n = block ? block : 1 + k * 7919 % 3000;
        n = n < end - at ? n : end - at;
        const float *const x[] = {in[0] + at, in[1] + at};
        float *const y[] = {to[0] + at, to[1] + at};
        dfnd_engine_process(e, x, y, (size_t)n);
        at += n;
    }
}

static void play_stream(const dfn_model *m, sound to, int from)
{
    dfn_stream *s;
    dfn_error err;
    CHECK(!dfn_stream_new(&s, m, &config, &err), "%s", err.text);
    const float *const x[] = {in[0] + from, in[1] + from};
    float *const y[] = {to[0] + from, to[1] + from};
    dfn_stream_process(s, x, y, (size_t)(FRAMES - from));
    dfn_stream_free(s);
}

/* First frame at which they differ, from..end, or -1. */
static int differ(sound a, sound b, int from, int end)
{
    for (int i = from; i < end; i++)
        for (int c = 0; c < CHANNELS; c++)
            if (memcmp(&a[c][i], &b[c][i], sizeof(float)) != 0)
                return i;
    return -1;
}

static void test_same(const dfn_model *m)
{
    dfnd_engine *e = open_engine(m);
    dfnd_engine_status status;
    play_stream(m, want, 0);
    play(e, out, 0, FRAMES, 0);
    CHECK(differ(out, want, 0, FRAMES) < 0, "not what a new stream gives, from %d on",
          differ(out, want, 0, FRAMES));
    dfnd_engine_get_status(e, &status);
    CHECK(status.frames == FRAMES && status.blocks > 60 && status.overloads == 0 &&
              status.load == 0,
          "%g", status.load);
    released = 0;
    dfnd_engine_free(e);
    CHECK(released == 1 && last_released == m, "%d models back", released);
}

/* ---- another model ---------------------------------------------------------------------
 */

static void test_change(const dfn_model *a, const dfn_model *b, int block)
{
    enum { AT = 20000 };
    dfn_error err = {0};
    dfnd_engine *e = open_engine(a);
    dfnd_engine_set(e, DFN_PARAM_LIMIT_DB, 100);
    play_stream(a, want, 0);
    play_stream(b, other, AT);
    const int latency_a = dfnd_engine_latency(e);
    play(e, out, 0, AT, block);
    CHECK(!dfnd_engine_change(e, b, &err), "%s", err.text);
    const int latency = dfnd_engine_latency(e), fade = 48000 / 50;
    CHECK(latency != latency_a, "these should differ");
    released = 0;
    play(e, out, AT, AT + 10, block);
    CHECK(dfnd_engine_change(e, a, &err) == DFN_ERR_UNSUPPORTED, "a change in a change");
    dfnd_engine_collect(e);
    CHECK(released == 0, "still in use");
    play(e, out, AT + 10, FRAMES, block);
    dfnd_engine_collect(e);
    CHECK(released == 1 && last_released == a, "the old model stays");

    const int begin = AT + latency, end = begin + fade;
    CHECK(differ(out, want, 0, begin) < 0, "the old model is to be heard until %d, not %d",
          begin, differ(out, want, 0, begin));
    CHECK(differ(out, other, end, FRAMES) < 0, "from %d on the new one: %d", end,
          differ(out, other, end, FRAMES));
    for (int i = begin; i < end; i++) {
        const float share = (float)(i - begin) / (float)fade;
        for (int c = 0; c < CHANNELS; c++) {
            const float mean = want[c][i] + share * (other[c][i] - want[c][i]);
            CHECK(fabsf(out[c][i] - mean) <= 1e-6f, "frame %d of the fade: %g, not %g",
                  i - begin, (double)out[c][i], (double)mean);
        }
    }
    dfnd_engine_free(e);
    CHECK(released == 2, "%d models back", released);
}

/* When nobody listens, changes replace each other. Parameters move along. */
static void test_idle_change(const dfn_model *a, const dfn_model *b)
{
    dfn_error err = {0};
    dfnd_engine *e = open_engine(a);
    dfnd_engine_set(e, DFN_PARAM_BYPASS, 1);
    released = 0;
    for (int k = 0; k < 5; k++)
        CHECK(!dfnd_engine_change(e, k % 2 ? a : b, &err), "%s", err.text);
    CHECK(released == 4, "%d", released);
    CHECK(dfnd_engine_get(e, DFN_PARAM_BYPASS) == 1, "bypass is forgotten");
    play(e, out, 0, FRAMES, 480);
    dfnd_engine_collect(e);
    CHECK(released == 5 && last_released == a, "%d", released);
    const int latency = dfnd_engine_latency(e);
    for (int i = FRAMES / 2; i < FRAMES; i++)
        CHECK(out[0][i] == in[0][i - latency], "bypass, frame %d", i);
    dfnd_engine_free(e);
    CHECK(released == 6, "%d", released);
}

/* ---- too slow --------------------------------------------------------------------------
 */

static dfnd_engine_status status_of(const dfnd_engine *e)
{
    dfnd_engine_status s;
    dfnd_engine_get_status(e, &s);
    return s;
}

static void again(dfnd_engine *e, double seconds)
{
    for (int done = 0; done < (int)(seconds * 48000); done += 480)
        play(e, out, 0, 480, 480);
}

static void test_late_blocks(const dfn_model *m)
{
    dfnd_engine *e = open_engine(m);
    step = 0.0074; /* of blocks of 10 ms */
    again(e, 3);
    CHECK(!status_of(e).overloads && fabs(status_of(e).load - 0.74) < 0.05, "%g",
          status_of(e).load);
    step = 0.02; /* rarely: by chance */
    for (int i = 0; i < 10; i++) {
        again(e, 0.01);
        step = 0;
        again(e, 0.5);
        step = 0.02;
    }
    CHECK(!status_of(e).overloads, "two late blocks a second are no overload");
    again(e, 0.07);
    CHECK(status_of(e).overloads == 1 && status_of(e).overloaded, "7 in a row are");
    const double rests[] = {1, 2, 4, 8, 16, 32, 60, 60};
    for (int i = 0; i < 8; i++) {
        step = 0;
        again(e, rests[i] - 0.05);
        CHECK(status_of(e).overloaded, "rest %d is too short", i);
        again(e, 0.06);
        CHECK(!status_of(e).overloaded, "rest %d is too long", i);
        step = 0.02;
        again(e, 0.08);
        CHECK(status_of(e).overloads == (uint64_t)i + 2, "%d", i);
    }
    step = 0;
    again(e, 60.1 + 61); /* the rest, and then calm enough to forget all that */
    step = 0.045;        /* at once */
    again(e, 0.01);
    CHECK(status_of(e).overloaded, "four times its length");
    step = 0;
    again(e, 1.01);
    CHECK(!status_of(e).overloaded, "the first rest is one second again");
    CHECK(status_of(e).load_max >= 4.4, "%g", status_of(e).load_max);
    dfnd_engine_free(e);
}

/* A network of which each hop takes longer than the block may is not tried, nor heard. */
static void test_hopeless(const dfn_model *m)
{
    step = 0.02;
    dfnd_engine *e = open_engine(m);
    const int latency = dfnd_engine_latency(e);
    step = 0;
    play(e, out, 0, FRAMES, 480);
    CHECK(status_of(e).overloads == 1 && status_of(e).overloaded, "tried after its rest");
    CHECK(status_of(e).load == 0 && fabs(status_of(e).load_max - 2) < 0.01, "%g",
          status_of(e).load_max);
    /* no transform there and back is in it, so nothing is rounded */
    for (int i = 0; i < FRAMES && check_failures < 5; i++)
        for (int c = 0; c < CHANNELS; c++)
            CHECK(out[c][i] == (i < latency ? 0 : in[c][i - latency]), "frame %d", i);
    clock_now += 61;
    dfnd_engine_collect(e); /* it was measured while the computer was busy */
    again(e, 1.1);
    CHECK(status_of(e).overloads == 1 && !status_of(e).overloaded, "it is fast enough now");
    dfnd_engine_free(e);

    step = 0.0039; /* three quarters of 5.2 ms */
    e = open_engine(m);
    step = 0;
    again(e, 1);
    CHECK(!status_of(e).overloaded, "3.9 of 10 ms");
    play(e, out, 0, 256, 256);
    CHECK(status_of(e).overloads == 0, "3.9 of 5.3 ms");
    play(e, out, 0, 240, 240);
    CHECK(status_of(e).overloads == 1 && status_of(e).overloaded, "3.9 of 5 ms");
    again(e, 1.1);
    CHECK(!status_of(e).overloaded, "blocks are longer again");
    dfnd_engine_free(e);
}

/* Two networks that take too long together: what comes is dry until the other one is gone.
 */
static void test_change_is_much(const dfn_model *a, const dfn_model *b)
{
    dfn_error err;
    step = 0.005;
    dfnd_engine *e = open_engine(a);
    again(e, 0.1);
    CHECK(!dfnd_engine_change(e, b, &err), "%s", err.text);
    step = 0;
    const int latency = dfnd_engine_latency(e);
    play(e, out, 0, FRAMES, 480);
    CHECK(status_of(e).overloads == 0 && !status_of(e).overloaded, "each is fast enough");
    /* rounding as in test_sound_of_rest */
    for (int i = latency + 960; i < latency + 1440 && check_failures < 5; i++)
        CHECK(fabsf(out[0][i] - in[0][i - latency]) < 1e-5f, "frame %d is not dry", i);
    double difference = 0;
    for (int i = 48000; i < FRAMES; i++)
        difference = fmax(difference, fabs((double)out[0][i] - (double)in[0][i - latency]));
    CHECK(difference > 0.01, "the network is not heard");
    dfnd_engine_free(e);
}

/* While it rests the delayed input is heard, and later the network again as before. */
static void test_sound_of_rest(const dfn_model *m)
{
    enum { AT = 9600, HOPS = 4 * 480 };
    dfnd_engine *e = open_engine(m);
    const int latency = dfnd_engine_latency(e);
    step = 0;
    play(e, out, 0, AT, 480);
    step = 0.045;
    play(e, out, AT, AT + 480, 480);
    step = 0;
    play(e, out, AT + 480, FRAMES, 480);
    /* what one transform there and back rounds, for sounds below 1 */
    for (int i = AT + HOPS; i < AT + 48000 && check_failures < 5; i++)
        for (int c = 0; c < CHANNELS; c++)
            CHECK(fabsf(out[c][i] - in[c][i - latency]) < 1e-5f, "frame %d: %g, not %g", i,
                  (double)out[c][i], (double)in[c][i - latency]);
    double difference = 0;
    for (int i = AT + 48000 + 9600; i < FRAMES; i++)
        difference = fmax(difference, fabs((double)out[0][i] - (double)in[0][i - latency]));
    CHECK(difference > 0.01, "the network does not come back");
    CHECK(dfnd_engine_latency(e) == latency, "delay");
    dfnd_engine_free(e);
}

/* A model that was too slow leaves no rest to the next one. */
static void test_change_while_resting(const dfn_model *a, const dfn_model *b)
{
    dfn_error err;
    dfnd_engine *e = open_engine(a);
    for (int rests = 0; rests < 4; rests++) {
        step = 0.045;
        again(e, 0.01);
        step = 0;
        again(e, rests < 3 ? 1.01 * (1 << rests) : 0.1);
    }
    CHECK(status_of(e).overloads == 4 && status_of(e).overloaded, "8 s of rest");
    CHECK(!dfnd_engine_change(e, b, &err), "%s", err.text);
    again(e, 0.2); /* delay and fade */
    CHECK(!status_of(e).overloaded, "it rests for what its predecessor did");
    step = 0.045;
    again(e, 0.01);
    step = 0;
    again(e, 1.01);
    CHECK(status_of(e).overloads == 5 && !status_of(e).overloaded,
          "its first rest is short");
    dfnd_engine_free(e);
}

int main(void)
{
    void *bytes_a;
    size_t size;
    dfn_error err;
    dfn_model *a = tiny_model_new(&bytes_a), *b;
    void *bytes_b = tiny_model_bytes(&size, &(tiny_model_config){.lookahead = 1});
    CHECK(!dfn_model_load_memory(&b, bytes_b, size, "b", &err), "%s", err.text);
    make_sound();
    test_same(a);
    for (int i = 0; i < 3; i++)
        test_change(a, b, (const int[]){0, 64, 8192}[i]);
    test_idle_change(a, b);
    test_late_blocks(a);
    test_hopeless(a);
    test_change_is_much(a, b);
    test_sound_of_rest(a);
    test_change_while_resting(a, b);
    tiny_model_free(a, bytes_a);
    tiny_model_free(b, bytes_b);
    return check_report();
}
