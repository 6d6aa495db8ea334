/* Denormals are flushed inside the audio call, and the caller's mode is his own. */
#include "fpu.h"
#include "play.h"

#include <stdlib.h>
#include <string.h>

static volatile float tiny = 1e-38f;

static bool flushes(void) { return tiny * 0.01f == 0; }

int main(void)
{
#if !defined(__SSE2__) && !defined(__aarch64__)
    printf("no way to flush denormals on this processor\n");
    return 77;
#endif
    enum { FRAMES = 4800 };
    player p = play_open(44100, 1, false);
    float *x = play_silence(1, FRAMES), *y = play_silence(1, FRAMES);
    for (int i = 0; i < FRAMES; i++)
        x[i] = i % 2 ? 1e-40f : -1e-40f;
    CHECK(!flushes(), "the test itself runs with denormals");
    play(&p, x, y, FRAMES, 480);
    dfn_stream_reset(p.stream);
    CHECK(!flushes(), "process or reset leaves the flush mode on");

    const dfn_fpu_mode mode = dfn_fpu_enter();
    CHECK(flushes(), "the flush mode does not flush");
    play(&p, x, y, FRAMES, 480);
    CHECK(flushes(), "process switches the caller's flush mode off");
    dfn_fpu_leave(mode);
    CHECK(!flushes(), "the old mode is not put back");
    free(x);
    free(y);
    play_close(&p);
    return check_report();
}
