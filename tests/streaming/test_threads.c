/* One thread plays while another turns every knob and reads every meter. The thread
 * sanitizer makes this test sharp. */
#include "play.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { FRAMES = 96000 };

typedef struct job {
    player *p;
    float *in, *out;
    atomic_bool done;
} job;

static void *audio(void *arg)
{
    job *j = arg;
    play(j->p, j->in, j->out, FRAMES, 128);
    atomic_store(&j->done, true);
    return NULL;
}

int main(void)
{
    player p = play_open(44100, 2, false);
    job j = {.p = &p, .in = play_noise(2, FRAMES, 1), .out = play_silence(2, FRAMES)};
    pthread_t thread;
    long turns = 0;
    if (pthread_create(&thread, NULL, audio, &j)) {
        fprintf(stderr, "no thread\n");
        return 1;
    }
    for (; !atomic_load(&j.done); turns++) {
        for (int i = 0; i < DFN_PARAM_COUNT; i++) {
            const dfn_param_info *info = dfn_param_get_info((dfn_param)i);
            const float value = turns % 7 ? info->max : info->min;
            dfn_stream_set(p.stream, (dfn_param)i, value);
            CHECK(dfn_stream_get(p.stream, (dfn_param)i) == value, "lost a value");
        }
        dfn_stream_overload(p.stream, turns % 1000 > 900);
        for (int m = 0; m < DFN_METER_COUNT; m++) {
            const float x = dfn_stream_meter(p.stream, (dfn_meter)m);
            CHECK(x >= -200 && x <= 200, "meter %d shows %g", m, (double)x);
        }
        CHECK(dfn_stream_latency(p.stream) > 0, "latency");
    }
    pthread_join(thread, NULL);
    CHECK(play_finite(j.out, 2 * FRAMES), "not finite");
    printf("%ld turns while two seconds were played\n", turns);
    free(j.in);
    free(j.out);
    play_close(&p);
    return check_report();
}
