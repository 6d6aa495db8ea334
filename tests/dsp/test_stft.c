/* Framing: the transform is the sum it claims to be, analysis then synthesis is a delay,
 * and sizes that cannot work are refused. */
#include "check.h"
#include "dsp/fft.h"

#include <dfnet4/dsp.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

/* NaN becomes the worst. */
static const double PI = 3.14159265358979323846;

/* Analysis of one frame by its definition, in double. */
static void define(double *spec, const double *frame, int n)
{
    for (int k = 0; k <= n / 2; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < n; i++) {
            const double v = sin(PI * (i + 0.5) / n), w = sin(PI / 2 * v * v);
            const double phase = 2 * PI * (double)((long)i * k % n) / n;
            re += frame[i] * w * cos(phase);
            im -= frame[i] * w * sin(phase);
        }
        spec[2 * k] = re / n;
        spec[2 * k + 1] = im / n;
    }
}

static double worst_against_definition(int n)
{
    enum { MAX = 1024 };
    double noise[MAX], want[MAX + 2], worst = 0;
    float memory[MAX / 2], in[MAX / 2], spec[MAX + 2];
    dfn_stft *s;
    CHECK(dfn_stft_new(&s, n, n / 2, 0, NULL) == DFN_OK, "size %d", n);
    check_fill(noise, n, (uint64_t)n);
    for (int i = 0; i < n / 2; i++) {
        noise[i] = (double)(memory[i] = (float)noise[i]);
        noise[n / 2 + i] = (double)(in[i] = (float)noise[n / 2 + i]);
    }
    dfn_stft_analyse(s, spec, memory, in);
    CHECK(!memcmp(memory, in, (size_t)n / 2 * sizeof *in), "the memory is the last hop");
    define(want, noise, n);
    for (int i = 0; i < n + 2; i++)
        worst = check_worse(worst, fabs((double)spec[i] - want[i]));
    dfn_stft_free(s);
    return worst;
}

/* Noise of full scale through both halves, some hops long; the worst difference from the
 * input one hop earlier. DC and Nyquist get imaginary parts that must not matter. */
static double worst_round_trip(int hop)
{
    enum { HOPS = 6 };
    const size_t n = (size_t)hop;
    float *in = calloc((HOPS + 1) * n, sizeof *in), *out = calloc(n, sizeof *out);
    float *past = calloc(n, sizeof *past), *tail = calloc(n, sizeof *tail);
    float *spec = calloc(2 * n + 2, sizeof *spec);
    double *noise = calloc(HOPS * n, sizeof *noise), worst = 0;
    dfn_stft *s;
    if (!in || !out || !past || !tail || !spec || !noise)
        abort();
    CHECK(dfn_stft_new(&s, 2 * hop, hop, 0, NULL) == DFN_OK, "hop %d", hop);
    check_fill(noise, HOPS * hop, 5);
    for (size_t i = 0; i < HOPS * n; i++)
        in[n + i] = (float)noise[i];
    for (size_t k = 0; k < HOPS; k++) {
        dfn_stft_analyse(s, spec, past, in + (k + 1) * n);
        spec[1] = 0.5f;
        spec[2 * n + 1] = -0.5f;
        dfn_stft_synthesise(s, out, tail, spec);
        for (size_t i = 0; i < n; i++)
            worst = check_worse(worst, fabs((double)out[i] - (double)in[k * n + i]));
    }
    dfn_stft_free(s);
    free(in);
    free(out);
    free(past);
    free(tail);
    free(spec);
    free(noise);
    return worst;
}

static void check_refusals(void)
{
    static const int bad[][2] = {{0, 0},     {2, 1},    {960, 240},      {960, 481},
                                 {961, 480}, {14, 7},   {882, 441},      {-4, -2},
                                 {960, 0},   {960, -1}, {131072, 65536}, {6, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dfn_error err = {0};
        dfn_stft *s = (dfn_stft *)&err;
        CHECK(dfn_stft_new(&s, bad[i][0], bad[i][1], 0, &err) == DFN_ERR_ARG && !s &&
                  *err.text,
              "transform %d, hop %d accepted", bad[i][0], bad[i][1]);
    }
    dfn_stft_free(NULL);
}

int main(void)
{
    static const int sizes[] = {4, 6, 10, 18, 20, 64, 90, 320, 512, 960, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        /* bins of rms 0.4 / sqrt(n), rounded in the window, the table and log2(n) stages */
        const double worst = worst_against_definition(sizes[i]);
        CHECK(worst <= 4 * (double)FLT_EPSILON / sqrt(sizes[i]), "size %d: %.3g", sizes[i],
              worst);
        printf("analysis of %5d against its definition: %.2g\n", sizes[i], worst);
    }
    static const int hops[] = {2, 3, 5, 60, 96, 120, 160, 240, 450, 480, 960, 2400, 32768};
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++) {
        const double worst = worst_round_trip(hops[i]);
        /* 2e-7 is what a plain float evaluation of libDF reaches on speech; full-scale
         * noise is four times louder and long transforms round more often */
        const double limit = hops[i] <= 480 ? 5e-7 : 8e-7;
        CHECK(worst <= limit, "hop %d: round trip off by %.3g", hops[i], worst);
        printf("round trip with a hop of %5d: %.2g\n", hops[i], worst);
    }
    check_refusals();
    return check_report();
}
