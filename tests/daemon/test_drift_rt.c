/* The bridge allocates, locks and waits for nothing once it is built, whatever happens to
 * it; and two threads may use it. */
#include "../rt/rt_guard.h"
#include "drift_rig.h"

#include <pthread.h>
#include <time.h>

static void play_all(void)
{
    const rig_card in = {.rate = 44100,
                         .ppm = 500,
                         .block = 128,
                         .jitter = 0.004,
                         .stall_at = 1001,
                         .stall = 0.2},
                   out = {.rate = 48000,
                          .block = 256,
                          .jitter = 0.006,
                          .stall_at = 1002,
                          .stall = 0.2};
    rig r = rig_open(in, out, 0.01, 1000);
    if (!rt_guard_start())
        printf("this kernel cannot trap system calls: only calls of the C library were "
               "checked\n");
    dfnd_drift_status s = {0};
    rt_guard_enter();
    while (r.now < 1004) {
        rig_step(&r);
        dfnd_drift_get_status(r.drift, &s);
    }
    rt_guard_leave();
    CHECK(s.underruns == 1 && s.overruns == 1, "%llu underruns, %llu overruns",
          (unsigned long long)s.underruns, (unsigned long long)s.overruns);
    rig_close(&r);
}

static double monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *writer(void *user)
{
    static const float x[64] = {0};
    const float *const in[] = {x};
    for (int k = 0; k < 500; k++) {
        dfnd_drift_write(user, in, 64, monotonic());
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    return NULL;
}

/* For the thread sanitizer; what comes out depends on the machine. */
static void test_threads(void)
{
    const dfnd_drift_config config = {1, 48000, 48000, 64, 64, 0};
    dfnd_drift *d;
    float y[64];
    float *const out[] = {y};
    dfn_error err;
    pthread_t thread;
    if (dfnd_drift_new(&d, &config, &err) || pthread_create(&thread, NULL, writer, d)) {
        CHECK(false, "no bridge or no thread");
        return;
    }
    for (int k = 0; k < 500; k++) {
        dfnd_drift_status s;
        dfnd_drift_read(d, out, 64, monotonic());
        dfnd_drift_get_status(d, &s);
        CHECK(isfinite(s.ratio) && isfinite(s.delay) && y[k % 64] == 0, "at %d", k);
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    pthread_join(thread, NULL);
    dfnd_drift_free(d);
}

int main(void)
{
    play_all();
    test_threads();
    return check_report();
}
