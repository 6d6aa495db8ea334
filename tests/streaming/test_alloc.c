/* Every allocation of a new stream fails in turn: a clean error, and nothing left behind.
 */
#include "cpu.h"
#include "fail_alloc.h"
#include "play.h"

#include <samplerate.h>
#include <string.h>

/* libsamplerate allocates where we cannot reach; so whole converters fail in turn. */
SRC_STATE *__real_src_new(int type, int channels, int *error);
SRC_STATE *__wrap_src_new(int type, int channels, int *error);

static int converters, refuse = -1;

SRC_STATE *__wrap_src_new(int type, int channels, int *error)
{
    if (converters++ != refuse)
        return __real_src_new(type, channels, error);
    *error = 1; /* out of memory */
    return NULL;
}

static void check_failed(dfn_status status, const dfn_stream *s, const dfn_error *err,
                         const char *what, int n)
{
    CHECK(status == DFN_ERR_NOMEM && !s, "%s %d failed, and the status is %d", what, n,
          (int)status);
    CHECK(err->status == status && *err->text && !strchr(err->text, '\n'),
          "%s %d failed: '%s'", what, n, err->text);
}

static void check(const dfn_model *m, int rate, int hops, int expected_converters)
{
    const dfn_stream_config config = {.sample_rate = rate,
                                      .channels = 2,
                                      .independent = true,
                                      .hops = hops,
                                      .cpu = test_cpu()};
    dfn_error err = {0};
    dfn_stream *s = NULL;
    int n = 0;
    for (bool complete = false; !complete; n++) {
        const int live = fail_alloc_live();
        fail_alloc_after(n);
        const dfn_status status = dfn_stream_new(&s, m, &config, &err);
        complete = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (!complete)
            check_failed(status, s, &err, "allocation", n);
        else
            CHECK(status == DFN_OK, "%s", err.text);
        dfn_stream_free(s);
        s = NULL;
        CHECK(fail_alloc_live() == live, "allocation %d failed: %d blocks leaked", n,
              fail_alloc_live() - live);
    }
    for (refuse = 0, converters = 0; refuse < expected_converters; refuse++) {
        const int live = fail_alloc_live();
        converters = 0;
        const dfn_status status = dfn_stream_new(&s, m, &config, &err);
        check_failed(status, s, &err, "converter", refuse);
        CHECK(fail_alloc_live() == live, "converter %d failed: leak", refuse);
    }
    refuse = -1;
    converters = 0;
    CHECK(dfn_stream_new(&s, m, &config, &err) == DFN_OK &&
              converters == expected_converters,
          "%d converters", converters);
    dfn_stream_free(s);
    printf("%d Hz: %d allocations and %d converters failed in turn\n", rate, n - 1,
           expected_converters);
    CHECK(n > 5, "too few allocations were seen");
}

int main(void)
{
    void *bytes;
    dfn_model *m = tiny_model_new(&bytes);
    check(m, 48000, 1, 0);
    check(m, 44100, 1, 6);
    check(m, 44100, 16, 6);
    tiny_model_free(m, bytes);
    return check_report();
}
