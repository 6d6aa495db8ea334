/* test_enhance.c - a whole sound through a model is what a stream makes of it, to the bit,
 * and lies on its input. */
#include "check.h"
#include "run/enhance.h"
#include "tiny_model.h"

#include <dfnet4/stream.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 480 * 64 * 2 + 481 };
static float in[MOST], out[MOST], want[MOST];

/* The stream's output without its delay. */
static void play(const dfn_model *m, size_t n)
{
    const dfn_stream_config config = {.sample_rate = 48000, .channels = 1};
    dfn_stream *s;
    dfn_error err = {0};
    if (dfn_stream_new(&s, m, &config, &err)) {
        CHECK(0, "%s", err.text);
        return;
    }
    const size_t late = (size_t)dfn_stream_latency(s);
    for (size_t at = 0; at < n + late; at++) {
        float x = at < n ? in[at] : 0, y;
        const float *from = &x;
        float *to = &y;
        dfn_stream_process(s, &from, &to, 1);
        if (at >= late)
            want[at - late] = y;
    }
    dfn_stream_free(s);
}

static void compare(const dfn_model *m, const char *name, size_t n)
{
    dfn_error err = {0};
    memset(want, 0, sizeof want);
    play(m, n);
    memset(out, 0, sizeof out);
    CHECK(!dfn_enhance(m, in, n, out, 0, &err), "%s: %s", name, err.text);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += !(out[i] == want[i]);
    CHECK(!wrong, "%s, %zu samples: %zu differ", name, n, wrong);
    for (size_t i = n; i < MOST; i++)
        CHECK(out[i] == 0, "wrote sample %zu of %zu", i, n);
    /* in place */
    memcpy(out, in, n * sizeof *out);
    CHECK(!dfn_enhance(m, out, n, out, 0, &err), "%s: %s", name, err.text);
    CHECK(!n || !memcmp(out, want, n * sizeof *out), "%s, %zu samples, in place", name, n);
}

static void test_model(const char *name, const tiny_model_config *config)
{
    static const size_t lengths[] = {0, 1, 479, 480, 481, 480 * 64 - 1440, 480 * 64, MOST};
    dfn_model *m;
    dfn_error err = {0};
    size_t size;
    void *bytes = tiny_model_bytes(&size, config);
    CHECK(!dfn_model_load_memory(&m, bytes, size, name, &err), "%s", err.text);
    for (size_t i = 0; m && i < sizeof lengths / sizeof *lengths; i++)
        compare(m, name, lengths[i]);
    dfn_model_free(m);
    free(bytes);
}

int main(void)
{
    static double noise[MOST];
    check_fill(noise, MOST, 3);
    for (int i = 0; i < MOST; i++)
        in[i] = (float)noise[i] * (0.1f + (float)(i / 5000 % 3));
    test_model("small", &(tiny_model_config){.lookahead = 2});
    test_model("no lookahead", &(tiny_model_config){.lookahead = 0});
    test_model("waveform branch",
               &(tiny_model_config){.kind = "deepfilternet4",
                                    .config = TINY_DFNET4 "use_time_branch = true\n"});

    /* a network that was never trained does not run */
    dfn_model *m = NULL;
    dfn_error err = {0};
    CHECK(!dfn_model_describe(&m, dfn_preset_text("lite"), "lite", &err), "%s", err.text);
    CHECK(dfn_enhance(m, in, 480, out, 0, &err) == DFN_ERR_ARG, "without weights");
    dfn_model_free(m);
    return check_report();
}
