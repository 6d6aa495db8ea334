/* What comes out is late by exactly dfn_stream_latency samples, whatever the path. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

static const int rates[] = {8000,  11025, 16000,  22050, 44100, 48000,
                            88200, 96000, 192000, 8001,  47999, 191999};

/* A Gaussian pulse in the middle of the band, whose energy's centre tells its time to a
 * small fraction of a sample: filters of linear phase do not move it. */
enum { AT = 3000, WIDTH = 12 };

static double pulse(int i)
{
    const double t = (i - AT) / (double)WIDTH;
    return 0.5 * exp(-t * t / 2) * cos(0.9 * (i - AT));
}

static double centre(const float *x, int n)
{
    double sum = 0, power = 0;
    for (int i = 0; i < n; i++) {
        sum += i * (double)x[i] * (double)x[i];
        power += (double)x[i] * (double)x[i];
    }
    return sum / power;
}

/* Lag of the highest cross-correlation of x and y, within `range` of `expected`. */
static int best_lag(const float *x, const float *y, int n, int expected, int range)
{
    int best = -1;
    double top = -1;
    for (int lag = expected - range; lag <= expected + range; lag++) {
        double sum = 0;
        for (int i = lag; i < n; i++)
            sum += (double)x[i - lag] * (double)y[i];
        if (sum > top) {
            top = sum;
            best = lag;
        }
    }
    return best;
}

static void check_rate(int rate, int hops)
{
    const dfn_stream_config config = {.sample_rate = rate, .channels = 1, .hops = hops};
    player p = play_open_scaled(&(tiny_model_config){.lookahead = 2}, config, "", 1);
    const int latency = dfn_stream_latency(p.stream), n = AT + latency + 3000;
    const double exact = 1440.0 * rate / 48000; /* overlap and two hops of lookahead */
    const double part = exact - round(exact);   /* of a sample; latency is whole */
    float *in = play_silence(1, n), *out = play_silence(1, n);

    for (int i = 0; i < n; i++)
        in[i] = (float)pulse(i);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, 0); /* through everything, unchanged */
    play(&p, in, out, n, 0);
    const double delay = centre(out, n) - centre(in, n);
    CHECK(fabs(delay - (latency + part)) <= 0.01 && fabs(part) <= 0.5,
          "%d Hz: delayed by %.4f, promised %d", rate, delay, latency);

    dfn_stream_reset(p.stream);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, 100); /* enhanced */
    free(in);
    in = play_noise(1, n, 5);
    play(&p, in, out, n, 0);
    const int lag = best_lag(in, out, n, latency, 40);
    printf("%6d Hz, %d at a time: latency %4d (%5.2f ms), measured %.4f, enhanced %d\n",
           rate, hops, latency, 1e3 * latency / rate, delay, lag);
    if (rate >= 44100) /* below, the tiny model's random deep filter is all there is */
        CHECK(lag == latency, "%d Hz: enhanced is late by %d, promised %d", rate, lag,
              latency);

    dfn_stream_set(p.stream, DFN_PARAM_BYPASS, 1);
    dfn_stream_reset(p.stream);
    play(&p, in, out, n, 0);
    for (int i = 0; i < latency; i++)
        CHECK(out[i] == 0, "%d Hz, bypass: sound before its time", rate);
    CHECK(play_differ(out + latency, in, n - latency) < 0,
          "%d Hz, bypass: not the input %d samples late", rate, latency);
    free(in);
    free(out);
    play_close(&p);
}

int main(void)
{
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (int hops = 1; hops <= 5; hops += 4)
            check_rate(rates[i], hops);
    return check_report();
}
