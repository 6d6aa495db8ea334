/* Two clocks that are off, blocks that come late, devices that stand still: the bridge
 * between them keeps its delay and loses nothing that it does not count. */
#include "drift_rig.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 2048 };
static const double START = 1000; /* of the rig's clock */

static dfnd_drift_status status_of(const rig *r)
{
    dfnd_drift_status s;
    dfnd_drift_get_status(r->drift, &s);
    return s;
}

/* ---- ten minutes ----------------------------------------------------------------------
 */

/* At 8 kHz, since all that matters here is in seconds or blocks. Each side is late by up to
 * `late` of its blocks.
 *
 * What was written is ahead of the place of reading by the delay D; the ring has up to a
 * block less, and either side may be off by half of its jitter, as the mean is in the
 * middle. The loop's own errors have 1 ms (drift.c). */
static void test_ten_minutes(double ppm, double late)
{
    const double rate = 8000;
    const int in_block = 64, out_block = 96;
    const rig_card in = {.rate = rate,
                         .ppm = ppm,
                         .block = in_block,
                         .jitter = late * in_block / rate},
                   out = {
                       .rate = rate, .block = out_block, .jitter = late * out_block / rate};
    rig r = rig_open(in, out, 0, 100);
    const double wanted = dfnd_drift_delay(r.drift),
                 off = late * (in_block + out_block) / 2;
    const double error = 1e-3 * rate;
    double least = 1e9, most = 0, ratio_error = 0, delay_error = 0;
    uint64_t lost = 0;
    while (r.now < START + 600) {
        rig_step(&r);
        const dfnd_drift_status s = status_of(&r);
        if (r.now < START + 15) {
            lost = s.underruns + s.overruns;
            continue;
        }
        CHECK(s.locked && s.underruns + s.overruns == lost, "%g ppm at %g s", ppm,
              r.now - START);
        if (!s.locked || s.underruns + s.overruns != lost)
            break;
        least = fmin(least, s.fill);
        most = fmax(most, s.fill);
        delay_error = check_worse(delay_error, fabs(s.delay - wanted));
        if (r.now > START + 60)
            ratio_error = check_worse(ratio_error, fabs((s.ratio - 1) * 1e6 - ppm));
    }
    printf("%+5.0f ppm, %g blocks late: %llu lost at first, ring %.0f .. %.0f of %.0f "
           "frames, delay +- %.2f ms, ratio +- %.1f ppm\n",
           ppm, late, (unsigned long long)lost, least, most, wanted * rate,
           1e3 * delay_error, ratio_error);
    CHECK(least >= wanted * rate - in_block - off - error, "ring at %g", least);
    CHECK(most <= wanted * rate + off + error, "ring at %g", most);
    CHECK(delay_error <= 1e-3, "delay off by %g s", delay_error);
    /* Times off by s at random, both sides: s^2 = (in^2 + out^2) / 12, one per block. A
     * second-order loop of bandwidth B = 0.02 Hz lets noise of the rate through:
     * (2 pi B)^1.5 sqrt(block) s or so; five times that. */
    const double sigma =
        late * sqrt((in_block * in_block + out_block * out_block) / 12.0) / rate;
    const double bound = pow(2 * 3.14159 * 0.02, 1.5) * sqrt(out_block / rate) * sigma;
    CHECK(ratio_error <= 5e6 * bound + 0.1, "ratio off by %g ppm", ratio_error);
    rig_close(&r);
}

/* ---- sound ----------------------------------------------------------------------------
 */

/* The worst window of those `from` .. `to` seconds after the start, dB. */
static double worst_snr(rig *r, double from, double to)
{
    float x[WINDOW];
    double worst = 999;
    for (int n = 0; r->now < START + to;) {
        const int got = rig_step(r), more = got < WINDOW - n ? got : WINDOW - n;
        memcpy(x + n, r->read, (size_t)more * sizeof *x);
        n = r->now < START + from ? 0 : n + more;
        if (n < WINDOW)
            continue;
        worst = fmin(worst, rig_snr(x, n, r->frequency, r->out.rate, NULL));
        n = 0;
    }
    return worst;
}

static void test_sound(double in_rate, double out_rate, double late, double frequency,
                       double at_least)
{
    const rig_card in = {.rate = in_rate,
                         .ppm = 300,
                         .block = 256,
                         .jitter = late * 256 / in_rate},
                   out = {.rate = out_rate, .block = 256, .jitter = late * 256 / out_rate};
    rig r = rig_open(in, out, 0, frequency);
    const double from = late > 0 ? 60 : 12, snr = worst_snr(&r, from, from + 8);
    printf("%g to %g Hz, blocks late by %g, sine of %g Hz: SNR %.1f dB\n", in_rate,
           out_rate, late, frequency, snr);
    CHECK(snr >= at_least, "%g dB, %g wanted", snr, at_least);
    rig_close(&r);
}

/* ---- gaps -----------------------------------------------------------------------------
 */

/* From in to out as the sound says it, for a sine whose period is longer. */
static double heard_delay(rig *r)
{
    float x[RIG_BLOCK];
    int n = 0;
    double begin = 0, phase;
    while (n < 4096) {
        const int got = rig_step(r);
        if (n == 0)
            begin = r->now;
        memcpy(x + n, r->read, (size_t)got * sizeof *x);
        n += got;
    }
    (void)rig_snr(x, n, r->frequency, r->out.rate, &phase);
    const double turns = (begin - r->in.start) * (1 + r->in.ppm / 1e6) * r->frequency -
                         phase / (2 * 3.14159265358979323846);
    return (turns - floor(turns)) / r->frequency;
}

static void test_stall(double in_stall, double out_stall)
{
    const rig_card in = {.rate = 48000,
                         .ppm = -200,
                         .block = 256,
                         .stall_at = START + 20,
                         .stall = in_stall},
                   out = {.rate = 48000,
                          .block = 256,
                          .stall_at = START + 20,
                          .stall = out_stall};
    rig r = rig_open(in, out, 0, 25);
    const double wanted = dfnd_drift_delay(r.drift), stall = in_stall + out_stall;
    double step = 0, silent = 0;
    float last = 0;
    while (r.now < START + 30) {
        const int n = rig_step(&r);
        for (int i = 0; i < n; i++) {
            step = check_worse(step, fabs(r.read[i] - last));
            silent += r.now > START + 19 && r.read[i] == 0 && last == 0 ? 1 / 48000.0 : 0;
            last = r.read[i];
        }
    }
    const dfnd_drift_status s = status_of(&r);
    const double heard = heard_delay(&r);
    printf("%g + %g s of nothing: %llu underruns, %llu overruns, %.0f ms silent, then %.3f "
           "ms of delay for %.3f\n",
           in_stall, out_stall, (unsigned long long)s.underruns,
           (unsigned long long)s.overruns, 1e3 * silent, 1e3 * heard, 1e3 * wanted);
    CHECK(s.underruns == (in_stall > 0) && s.overruns == (out_stall > 0), "miscounted");
    /* Each part of the delay has to come again, and blocks are whole. */
    CHECK(silent <= in_stall + wanted + 2 * 256 / 48000.0, "%g s silent", silent);
    CHECK(silent >= in_stall - wanted, "%g s silent after %g", silent, stall);
    /* The steepest: the fade out of 2 ms, and the sine meanwhile. */
    CHECK(step <= 0.5 / 96 + 0.5 * 6.2832 * 25 / 48000 + 1e-4, "a click of %g", step);
    CHECK(fabs(heard - wanted) <= 1e-4, "delay %g", heard);
    rig_close(&r);
}

/* An output that stands still for less than a ring's length costs nothing: what waits is
 * made up for, at 4000 ppm at most, and the ratio of the clocks is not blamed for it. */
static void test_hiccups(void)
{
    const double stall = 0.01;
    const rig_card card = {.rate = 48000, .ppm = 50, .block = 256, .jitter = 0.0005};
    rig r = rig_open(card, card, 0, 25);
    const double wanted = dfnd_drift_delay(r.drift);
    double off = 0, most = 0;
    while (r.now < START + 20)
        rig_step(&r);
    const dfnd_drift_status before = status_of(&r);
    for (int k = 0; k < 5; k++) {
        r.out.stall_at = r.now;
        r.out.stall = stall;
        for (const double until = r.now + 6; r.now < until;) {
            rig_step(&r);
            off = check_worse(off, fabs(status_of(&r).ratio - 1) * 1e6);
            most = check_worse(most, status_of(&r).delay);
        }
    }
    const dfnd_drift_status s = status_of(&r);
    printf(
        "5 times %g s late: delay up to %.1f ms, then %.2f for %.2f, ratio +- %.1f ppm\n",
        stall, 1e3 * most, 1e3 * s.delay, 1e3 * wanted, off);
    CHECK(s.underruns + s.overruns == before.underruns + before.overruns, "lost sound");
    CHECK(most <= wanted + stall + 1e-3, "%g s of delay", most);
    /* 10 ms at 4000 ppm are 2.5 s; then the loop has 3 s to settle. */
    CHECK(fabs(s.delay - wanted) <= 2e-4, "%g s of delay", s.delay);
    CHECK(off <= 300, "ratio off by %g ppm", off);
    rig_close(&r);
}

/* Small stalls at any moment; the sum of all that a device can do. */
static void test_many_stalls(void)
{
    const rig_card card = {.rate = 8000, .block = 64};
    rig r = rig_open(card, card, 0, 25);
    const double wanted = dfnd_drift_delay(r.drift);
    double most = 0;
    for (int k = 0; k < 200; k++) {
        rig_card *c = k % 2 ? &r.in : &r.out;
        c->stall_at = r.now + 0.01 * (k % 7);
        c->stall = 0.001 * (k * 37 % 97);
        const double until = r.now + 0.5 + 0.001 * (k % 13);
        while (r.now < until) {
            rig_step(&r);
            most = check_worse(most, status_of(&r).fill / 8000);
        }
    }
    const double until = r.now + 30;
    while (r.now < until)
        rig_step(&r);
    const double heard = heard_delay(&r);
    printf("200 stalls: %.1f ms in the ring at most, then %.3f ms of delay for %.3f\n",
           1e3 * most, 1e3 * heard, 1e3 * wanted);
    CHECK(fabs(heard - wanted) <= 1e-4, "delay %g", heard);
    rig_close(&r);
}

/* ---- odd callers ----------------------------------------------------------------------
 */

static void test_odd(void)
{
    static float x[RIG_BLOCK], y[RIG_BLOCK];
    const dfnd_drift_config good = {2, 44100, 48000, 100, 300, 0};
    const dfnd_drift_config bad[] = {
        {0, 48000, 48000, 64, 64, 0}, {9, 48000, 48000, 64, 64, 0},
        {1, 48000, 48000, 0, 64, 0},  {1, 48000, 0, 64, 64, 0},
        {1, NAN, 48000, 64, 64, 0},   {1, 48000, 48000, 64, 64, -1}};
    dfnd_drift *d = NULL;
    dfn_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(dfnd_drift_new(&d, &bad[i], &err) && err.text[0], "config %zu", i);
    CHECK(dfnd_drift_new(&d, &good, &err) == DFN_OK, "%s", err.text);
    if (!d)
        return;
    const float *const in[] = {x, x};
    float *const out[] = {y, y + RIG_BLOCK / 2};
    for (int i = 0; i < RIG_BLOCK; i++)
        x[i] = i % 3 ? 1 : NAN;
    double now = -5;
    for (int k = 0; k < 3000; k++) { /* blocks of any size, times that jump and go back */
        now += k % 100 == 99 ? -3 : k % 50 * 1e-3;
        if (k % 900 < 500)
            dfnd_drift_write(d, in, (size_t)(k * 7919 % RIG_BLOCK), now);
        if (k % 700 < 400)
            dfnd_drift_read(d, out, (size_t)(k * 104729 % (RIG_BLOCK / 2)), now);
    }
    for (int k = 0; k < 100; k++) /* nobody writes: silence */
        dfnd_drift_read(d, out, 300, now += 300 / 48000.0);
    for (int i = 0; i < 300; i++)
        CHECK(out[0][i] == 0 && out[1][i] == 0, "sound from nowhere");
    dfnd_drift_free(d);
    dfnd_drift_free(NULL);
}

int main(void)
{
    static const double ppm[] = {20, -20, 300, -300, 1000, -1000};
    for (size_t i = 0; i < sizeof ppm / sizeof *ppm; i++)
        test_ten_minutes(ppm[i], 1);
    test_ten_minutes(1000, 0);
    /* Straight lines between 512 phases: (2 pi f / rate / 512)^2 / 8, which is -162 dB at 1
     * and -122 dB at 10 kHz (of 48); float has -140 dB or so. */
    test_sound(48000, 48000, 0, 1000, 130);
    test_sound(48000, 48000, 0, 10000, 120);
    test_sound(44100, 48000, 0, 1000, 110);
    test_sound(44100, 48000, 0, 10000, 110);
    test_sound(48000, 44100, 0, 10000, 110);
    test_sound(16000, 48000, 0, 1000, 100);
    test_sound(96000, 48000, 0, 10000, 110);
    /* The loop lets a little of the jitter through, which moves the phase: ten times the
     * frequency, 20 dB. */
    test_sound(48000, 48000, 1, 1000, 80);
    test_sound(48000, 48000, 1, 10000, 60);
    test_stall(0.5, 0);
    test_stall(0, 0.5);
    test_hiccups();
    test_many_stalls();
    test_odd();
    return check_report();
}
