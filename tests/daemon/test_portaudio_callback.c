/* What PortAudio's threads call does nothing that an audio thread may not do, and counts
 * what PortAudio tells it. */
#include "../rt/rt_guard.h"
#include "check.h"
#include "portaudio_callback.h"
#include "tiny_model.h"

#include <string.h>

static void release(void *user, const dfn_model *m) { (void)user, (void)m; }

static dfnd_engine *open_engine(const dfn_model *m)
{
    const dfn_stream_config config = {.sample_rate = 48000, .channels = 1};
    dfnd_engine *e = NULL;
    dfn_error err;
    CHECK(!dfnd_engine_new(&e, m, &config, release, NULL, &err), "%s", err.text);
    return e;
}

/* Each in the thread of a device of its own, or one for both. */
static void test(const dfn_model *m, bool one_clock)
{
    static float in[512], out[2 * 512];
    const PaStreamCallbackTimeInfo none = {0};
    dfnd_pa_lane l = {.engine = open_engine(m), .channels = 1};
    dfn_error err;
    const dfnd_duplex_config config = {l.engine, 1,   1,   2,        48000,
                                       48000,    512, 512, one_clock};
    CHECK(!dfnd_duplex_new(&l.duplex, &config, &err), "%s", err.text);
    int (*const call[2])(const void *, void *, unsigned long,
                         const PaStreamCallbackTimeInfo *, PaStreamCallbackFlags,
                         void *) = {dfnd_pa_on_in, dfnd_pa_on_out};
    int all = paContinue;
    for (int k = 0; k < 200; k++) {
        const PaStreamCallbackFlags flags = k % 50 == 49   ? paInputOverflow
                                            : k % 50 == 19 ? paPrimingOutput
                                                           : 0;
        if (k == 1) /* the first asks for its priority */
            rt_guard_enter();
        if (one_clock)
            all |= dfnd_pa_on_both(k % 7 ? in : NULL, out, 512, &none, flags, &l);
        else
            for (int side = 0; side < 2; side++)
                all |= call[side](in, out, 512, &none, side ? 0 : flags, &l);
    }
    rt_guard_leave();
    CHECK(all == paContinue, "a callback returned %d", all);
    CHECK(l.beats[0] == 200 && l.beats[1] == 200, "beats %d and %d", (int)l.beats[0],
          (int)l.beats[1]);
    CHECK(l.xruns == 4, "%d xruns", (int)l.xruns);
    CHECK(l.longest == 512, "longest %lu", (unsigned long)l.longest);
    CHECK(!l.finished, "finished");
    dfnd_pa_on_finished(&l);
    CHECK(l.finished, "not finished");
    dfnd_duplex_free(l.duplex);
    dfnd_engine_free(l.engine);
}

int main(void)
{
    void *bytes;
    dfn_model *m = tiny_model_new(&bytes);
    if (!rt_guard_start())
        printf("this kernel cannot trap system calls: only calls of the C library were "
               "checked\n");
    test(m, true);
    test(m, false);
    tiny_model_free(m, bytes);
    return check_report();
}
