/* test_metrics.c - SI-SDR, STOI and ESTOI against the stored scores of real clips. */
#include "check.h"
#include "golden.h"
#include <dfnet4/metrics.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of int16 samples as floats of full scale 1. */
static float *samples(const golden *c, const char *name, size_t *n)
{
    const dfn_tensor *t = golden_tensor(c, name);
    *n = (size_t)t->dim[0];
    float *x = malloc((*n + 1) * sizeof *x);
    for (size_t i = 0; x && i < *n; i++)
        x[i] = (float)(golden_at(t, i) / 32768);
    return x;
}

static void expect(const golden *c, const char *prefix, const char *metric, double value)
{
    char name[128];
    snprintf(name, sizeof name, "out.%s.%s", prefix, metric);
    golden_compare(c, name, &value, sizeof value, 1);
}

static void sisdr(const golden *c, const char *prefix, const float *clean, const float *x,
                  size_t n)
{
    double db = NAN;
    CHECK(!dfn_si_sdr(&db, clean, x, n, NULL), "%s", prefix);
    expect(c, prefix, "sisdr", db);
}

static void both_stoi(const golden *c, const char *prefix, const float *clean,
                      const float *x, size_t n, int rate)
{
    double plain = NAN, extended = NAN;
    dfn_error err = {0};
    CHECK(!dfn_stoi(&plain, &extended, clean, x, n, rate, &err), "%s: %s", prefix,
          err.text);
    expect(c, prefix, "stoi", plain);
    expect(c, prefix, "estoi", extended);
}

/* dfnet3's sound 317 samples later and half as loud. */
static void delayed(const golden *c)
{
    enum { DELAY = 317 };
    size_t n;
    float *clean = samples(c, "in.16k.clean", &n), *x = samples(c, "in.16k.dfnet3", &n);
    for (size_t i = n; i-- > 0;)
        x[i] = i >= DELAY ? x[i - DELAY] / 2 : 0;
    sisdr(c, "delayed", clean, x, n);
    free(clean);
    free(x);
}

static void clip(const golden *c)
{
    static const char *const versions[] = {"noisy", "dfnet3"};
    for (int v = 0; v < 2; v++) {
        char name[64];
        size_t n;
        float *clean = samples(c, "in.16k.clean", &n);
        snprintf(name, sizeof name, "in.16k.%s", versions[v]);
        float *x = samples(c, name, &n);
        sisdr(c, versions[v], clean, x, n);
        free(clean);
        free(x);
        clean = samples(c, "in.10k.clean", &n);
        snprintf(name, sizeof name, "in.10k.%s", versions[v]);
        x = samples(c, name, &n);
        both_stoi(c, versions[v], clean, x, n, 10000);
        free(clean);
        free(x);
    }
    delayed(c);
}

/* One clip of the dfnet3_* cases at 48 kHz, delay removed. */
static void clip_48k(const golden *scores, const char *clip_name)
{
    enum { DELAY = 1440 };
    char name[128];
    snprintf(name, sizeof name, "dfnet3_%s", clip_name);
    golden *c = golden_open(name);
    CHECK(c, "%s is missing", name);
    if (!c)
        return;
    size_t n;
    float *clean = samples(c, "in.clean_i16", &n), *noisy = samples(c, "in.noisy_i16", &n);
    const dfn_tensor *enh = golden_tensor(c, "out.enh");
    float *enhanced = malloc(n * sizeof *enhanced);
    n -= DELAY;
    for (size_t i = 0; i < n; i++)
        enhanced[i] = (float)golden_at(enh, i + DELAY);
    for (int v = 0; v < 2; v++) {
        snprintf(name, sizeof name, "%s.%s", clip_name, v ? "dfnet3" : "noisy");
        sisdr(scores, name, clean, v ? enhanced : noisy, n);
        both_stoi(scores, name, clean, v ? enhanced : noisy, n, 48000);
    }
    free(clean);
    free(noisy);
    free(enhanced);
    golden_close(c);
}

/* The clips of "out.CLIP.noisy.stoi". */
static int clips_48k(const golden *scores)
{
    int clips = 0;
    const dfn_tensor *t;
    for (size_t i = 0; (t = golden_get(scores, i)); i++) {
        char name[64];
        int end = 0;
        if (sscanf(t->name, "out.%63[^.].noisy.stoi%n", name, &end) == 1 && end) {
            clip_48k(scores, name);
            clips++;
        }
    }
    return clips;
}

int main(void)
{
    char **names = golden_list("metrics_");
    if (!names[0]) {
        free(names);
        return golden_skip();
    }
    int clips = 0;
    for (int i = 0; names[i]; i++) {
        golden *c = golden_open(names[i]);
        if (!strcmp(names[i], "metrics_48k")) {
            const int found = clips_48k(c);
            CHECK(found > 0, "no clips in %s", names[i]);
        } else {
            clip(c);
            clips++;
        }
        golden_close(c);
    }
    CHECK(clips > 0, "no clips");
    free(names);
    return check_report();
}
