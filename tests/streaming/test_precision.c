/* How close the official DeepFilterNet3 comes to float32 with fewer bits, on real noisy
 * speech: the segmental SNR of streams with bf16 and int8 weights to the one with float32.
 *
 * Segments of 20 ms, each clamped to -10 .. 60 dB; segments below -60 dBFS in the float32
 * output are left out. Means over all segments of all clips. */
#include "cpu.h"
#include "golden.h"
#include "official.h"
#include "play.h"

#include <stdlib.h>

enum { SEGMENT = 960 };

typedef struct sums {
    double db;
    int segments;
    double rr, re, ee;
} sums;

static float *enhance(const dfn_model *m, const float *x, int n)
{
    player p = {.rate = 48000, .channels = 1};
    const dfn_stream_config config = {
        .sample_rate = 48000, .channels = 1, .cpu = test_cpu()};
    dfn_error err;
    float *y = play_silence(1, n);
    if (dfn_stream_new(&p.stream, m, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    play(&p, x, y, n, 0);
    dfn_stream_free(p.stream);
    return y;
}

static void compare(sums *s, const float *want, const float *got, int n)
{
    const double silent = 1e-6 * SEGMENT; /* energy at -60 dBFS */
    for (int i = 0; i + SEGMENT <= n; i += SEGMENT) {
        double energy = 0, error = 0;
        for (int j = i; j < i + SEGMENT; j++) {
            const double r = (double)want[j], e = (double)got[j];
            energy += r * r;
            error += (r - e) * (r - e);
            s->rr += r * r;
            s->re += r * e;
            s->ee += e * e;
        }
        if (energy < silent)
            continue;
        const double db = 10 * log10(energy / (error + 1e-30));
        s->db += db < -10 ? -10 : db > 60 ? 60 : db; /* NaN stays */
        s->segments++;
    }
}

static float *samples(const golden *c, int *n)
{
    const dfn_tensor *t = golden_tensor(c, "in.noisy_i16");
    *n = (int)t->count;
    float *x = play_silence(1, *n);
    for (int i = 0; i < *n; i++)
        x[i] = (float)(golden_at(t, (size_t)i) / 32768);
    return x;
}

static sums measure(dfn_model *m, char **names, dfn_weight_format f)
{
    sums s = {0};
    for (int i = 0; names[i]; i++) {
        dfn_error err = {0};
        golden *c = golden_open(names[i]);
        int n;
        float *x = samples(c, &n), *want = NULL, *got = NULL;
        CHECK(!dfn_model_set_precision(m, DFN_WEIGHTS_F32, &err), "%s", err.text);
        want = enhance(m, x, n);
        CHECK(!dfn_model_set_precision(m, f, &err), "%s", err.text);
        got = enhance(m, x, n);
        compare(&s, want, got, n);
        free(x);
        free(want);
        free(got);
        golden_close(c);
    }
    return s;
}

static void check(dfn_model *m, char **names, const char *name, dfn_weight_format f,
                  double least)
{
    const sums s = measure(m, names, f);
    const double target = s.re * s.re / s.rr, db = s.db / s.segments;
    printf("  %s: segmental SNR %.2f dB of %d segments, SI-SDR %.2f dB\n", name, db,
           s.segments, 10 * log10(target / (s.ee - target)));
    CHECK(s.segments > 100 && db >= least, "%s: %.2f dB", name, db);
    CHECK(db < 59, "%s: the same as float32, was anything quantised?", name);
}

int main(void)
{
    int status = 0;
    char **names = golden_list("dfnet3_");
    dfn_model *m = names && names[0] ? official_model(&status) : NULL;
    if (!names || !names[0])
        status = golden_skip();
    if (m) { /* the project's targets */
        check(m, names, "bf16", DFN_WEIGHTS_BF16, 45);
        check(m, names, "int8", DFN_WEIGHTS_INT8, 30);
    }
    free(names);
    dfn_model_free(m);
    return status | check_report();
}
