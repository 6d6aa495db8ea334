/* What a stream cannot be made from is refused in one line, and nothing leaks. */
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

int main(void)
{
    void *bytes;
    dfn_model *m = tiny_model_new(&bytes);
    static const int rates[] = {-48000, 0, 1, 7999, 192001, 2147483647, -2147483647 - 1};
    static const int channels[] = {-1, 0, 65, 2147483647};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        check_refused(m, (dfn_stream_config){.sample_rate = rates[i], .channels = 1},
                      "sample rate");
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        check_refused(m, (dfn_stream_config){.sample_rate = 48000, .channels = channels[i]},
                      "channels");
    const dfn_stream_config good = {.sample_rate = 8000, .channels = 1};
    dfn_stream *s = NULL;
    CHECK(dfn_stream_new(NULL, m, &good, NULL) == DFN_ERR_ARG &&
              dfn_stream_new(&s, NULL, &good, NULL) == DFN_ERR_ARG &&
              dfn_stream_new(&s, m, NULL, NULL) == DFN_ERR_ARG,
          "missing arguments");
    dfn_stream_free(NULL);
    for (int rate = 8000; rate < 192000; rate += 12345) { /* every other rate works */
        const dfn_stream_config c = {.sample_rate = rate, .channels = 1};
        dfn_error err = {0};
        CHECK(dfn_stream_new(&s, m, &c, &err) == DFN_OK, "%d Hz: %s", rate, err.text);
        dfn_stream_free(s);
    }
    tiny_model_free(m, bytes);
    return check_report();
}
