/* The official DeepFilterNet3 weights in a stream, on real noisy speech: the waveform of
 * the reference at 48 kHz; at other rates the same delay as promised, and as good a sound.
 */
#include "cpu.h"
#include "golden.h"
#include "official.h"
#include "play.h"

#include <samplerate.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = 480 };

static dfn_model *model; /* of all streams here */

static player open_real(int rate)
{
    player p = {.rate = rate, .channels = 1};
    const dfn_stream_config config = {
        .sample_rate = rate, .channels = 1, .cpu = test_cpu()};
    dfn_error err;
    if (dfn_stream_new(&p.stream, model, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return p;
}

/* One hop of silence behind, so that all of the reference comes out. */
static float *samples(const golden *c, const char *name, int *n)
{
    const dfn_tensor *t = golden_tensor(c, name);
    *n = (int)t->count;
    float *x = play_silence(1, *n + HOP);
    for (int i = 0; i < *n; i++)
        x[i] = (float)(golden_at(t, (size_t)i) / 32768);
    return x;
}

/* The reference has no blocking: it is one hop earlier than a stream. */
static void check_waveform(const golden *c, const float *noisy, int n, float limit_db,
                           const char *tensor)
{
    if (!golden_has(c, tensor))
        return;
    player p = open_real(48000);
    float *out = play_silence(1, n + HOP);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, limit_db);
    play(&p, noisy, out, n + HOP, 0);
    golden_compare(c, tensor, out + HOP, sizeof *out, golden_tensor(c, tensor)->count);
    free(out);
    dfn_stream_free(p.stream);
}

static float *convert(const float *x, int n, int rate, int *made)
{
    const double ratio = rate / 48000.0;
    const int room = (int)(n * ratio) + 100;
    float *y = play_silence(1, room);
    SRC_DATA d = {.data_in = x,
                  .data_out = y,
                  .input_frames = n,
                  .output_frames = room,
                  .src_ratio = ratio};
    if (src_simple(&d, SRC_SINC_BEST_QUALITY, 1))
        exit(1);
    *made = (int)d.output_frames_gen;
    return y;
}

static double dot(const float *x, const float *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

/* Scale-invariant SDR of e against r. */
static double si_sdr(const float *e, const float *r, int n)
{
    const double er = dot(e, r, n), rr = dot(r, r, n), ee = dot(e, e, n);
    const double target = er * er / rr;
    return 10 * log10(target / (ee - target));
}

static void check_rate(int rate, const float *noisy, const float *clean, int n)
{
    int length, best = 0;
    float *in = convert(noisy, n, rate, &length), *want = convert(clean, n, rate, &length);
    float *out = play_silence(1, length);
    player p = open_real(rate);
    const int latency = dfn_stream_latency(p.stream), heard = length - latency - 100;
    play(&p, in, out, length, 0);
    double top = -1;
    for (int lag = latency - 50; lag <= latency + 50; lag++) {
        const double sum = dot(out + lag, want, heard);
        if (sum > top) {
            top = sum;
            best = lag;
        }
    }
    const double before = si_sdr(in, want, heard);
    const double after = si_sdr(out + latency, want, heard);
    printf("  %6d Hz: promised delay %d, measured %d, SI-SDR %.2f -> %.2f dB\n", rate,
           latency, best, before, after);
    /* at 22050 Hz the true delay is half a sample less: a tie */
    CHECK(best == latency || (rate == 22050 && best == latency - 1),
          "%d Hz: delay %d, promised %d", rate, best, latency);
    CHECK(after > before + 5, "%d Hz: hardly any noise was removed", rate);
    free(in);
    free(want);
    free(out);
    dfn_stream_free(p.stream);
}

static void check_clip(const char *name, bool rates)
{
    static const int other[] = {8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000};
    golden *c = golden_open(name);
    int n, n_clean;
    float *noisy = samples(c, "in.noisy_i16", &n);
    float *clean = samples(c, "in.clean_i16", &n_clean);
    check_waveform(c, noisy, n, 100, "out.enh");
    check_waveform(c, noisy, n, 12, "out.enh_lim12");
    for (size_t i = 0; i < sizeof other / sizeof *other && rates; i++)
        check_rate(other[i], noisy, clean, n);
    free(noisy);
    free(clean);
    golden_close(c);
}

int main(void)
{
    int status = 0;
    char **names = golden_list("dfnet3_");
    model = names && names[0] ? official_model(&status) : NULL;
    if (!names || !names[0])
        status = golden_skip();
    for (int i = 0; model && names[i]; i++)
        check_clip(names[i], i == 0);
    free(names);
    dfn_model_free(model);
    return status | check_report();
}
