/* What a stream cannot be made from is refused in one line, and nothing leaks. */
#include "cpu.h"
#include "play.h"

#include <stdlib.h>
#include <string.h>

static void check_refused(const dfn_model *m, dfn_stream_config c, const char *word)
{
    dfn_stream *s = NULL;
    dfn_error err = {0};
    const dfn_status status = dfn_stream_new(&s, m, &c, &err);
    CHECK(status == DFN_ERR_ARG && err.status == status && !s, "%d Hz, %d channels",
          c.sample_rate, c.channels);
    CHECK(strstr(err.text, word), "'%s' does not say '%s'", err.text, word);
    CHECK(dfn_stream_new(&s, m, &c, NULL) == status, "without an error");
}

/* A network without weights has a latency, but cannot run. */
static void check_described(void)
{
    static const char text[] = "[deepfilternet]\nconv_ch = 8\n";
    dfn_model *m;
    dfn_error err = {0};
    CHECK(dfn_model_describe(&m, text, "text", &err) == DFN_OK, "%s", err.text);
    check_refused(m, (dfn_stream_config){.sample_rate = 48000, .channels = 1},
                  "no weights");
    int samples = 0;
    dfn_stream_config c = {.sample_rate = 48000, .channels = 1};
    CHECK(dfn_stream_find_latency(&samples, m, &c, &err) == DFN_OK && samples == 1920,
          "latency %d", samples);
    c.hops = 2;
    CHECK(dfn_stream_find_latency(&samples, m, &c, &err) == DFN_OK && samples == 2400,
          "latency %d", samples);
    c.sample_rate = 7999;
    CHECK(dfn_stream_find_latency(&samples, m, &c, &err) == DFN_ERR_ARG &&
              samples == 2400 && strstr(err.text, "sample rate"),
          "%s", err.text);
    CHECK(dfn_stream_find_latency(NULL, m, &c, NULL) == DFN_ERR_ARG &&
              dfn_stream_find_latency(&samples, NULL, &c, NULL) == DFN_ERR_ARG &&
              dfn_stream_find_latency(&samples, m, NULL, NULL) == DFN_ERR_ARG,
          "missing arguments");
    dfn_model_free(m);
}

int main(void)
{
    check_described();
    void *bytes;
    dfn_model *m = tiny_model_new(&bytes);
    static const int rates[] = {-48000, 0, 1, 7999, 192001, 2147483647, -2147483647 - 1};
    static const int channels[] = {-1, 0, 65, 2147483647};
    static const int hops[] = {-2147483647 - 1, -1, 65, 2147483647};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        check_refused(m, (dfn_stream_config){.sample_rate = rates[i], .channels = 1},
                      "sample rate");
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        check_refused(m, (dfn_stream_config){.sample_rate = 48000, .channels = channels[i]},
                      "channels");
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++)
        check_refused(
            m, (dfn_stream_config){.sample_rate = 48000, .channels = 1, .hops = hops[i]},
            "hops at a time");
    const dfn_stream_config good = {.sample_rate = 8000, .channels = 1};
    dfn_stream *s = NULL;
    CHECK(dfn_stream_new(NULL, m, &good, NULL) == DFN_ERR_ARG &&
              dfn_stream_new(&s, NULL, &good, NULL) == DFN_ERR_ARG &&
              dfn_stream_new(&s, m, NULL, NULL) == DFN_ERR_ARG,
          "missing arguments");
    dfn_stream_free(NULL);
    for (int rate = 8000; rate < 192000; rate += 12345) { /* every other rate works */
        const dfn_stream_config c = {
            .sample_rate = rate, .channels = 1, .hops = rate % 65, .cpu = test_cpu()};
        dfn_error err = {0};
        CHECK(dfn_stream_new(&s, m, &c, &err) == DFN_OK, "%d Hz: %s", rate, err.text);
        int samples;
        CHECK(dfn_stream_find_latency(&samples, m, &c, &err) == DFN_OK &&
                  samples == dfn_stream_latency(s),
              "%d Hz: told %d, has %d", rate, samples, dfn_stream_latency(s));
        dfn_stream_free(s);
    }
    tiny_model_free(m, bytes);
    return check_report();
}
