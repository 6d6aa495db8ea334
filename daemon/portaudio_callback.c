/* portaudio_callback.c - what PortAudio's audio threads run. */
#include "portaudio_callback.h"

#include <sched.h>

static void note(dfnd_pa_lane *l, int side, unsigned long frames,
                 PaStreamCallbackFlags flags)
{
    const PaStreamCallbackFlags lost =
        paInputUnderflow | paInputOverflow | paOutputUnderflow | paOutputOverflow;
    if ((flags & lost) && !(flags & paPrimingOutput))
        atomic_fetch_add_explicit(&l->xruns, 1, memory_order_relaxed);
    if (frames > atomic_load_explicit(&l->longest, memory_order_relaxed))
        atomic_store_explicit(&l->longest, frames, memory_order_relaxed);
    /* One system call in a thread's life; it does not wait. */
    if (atomic_fetch_add_explicit(&l->beats[side], 1, memory_order_relaxed) == 0 && side)
        atomic_store_explicit(&l->realtime, sched_getscheduler(0) != SCHED_OTHER,
                              memory_order_relaxed);
}

int dfnd_pa_on_both(const void *in, void *out, unsigned long frames,
                    const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags,
                    void *user)
{
    dfnd_pa_lane *l = user;
    (void)time; /* JACK's makes no sense */
    note(l, 0, frames, flags);
    note(l, 1, frames, 0);
    dfnd_duplex_both(l->duplex, in, out, frames, dfnd_pa_now());
    return paContinue;
}

int dfnd_pa_on_in(const void *in, void *out, unsigned long frames,
                  const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags,
                  void *user)
{
    dfnd_pa_lane *l = user;
    (void)time, (void)out;
    note(l, 0, frames, flags);
    dfnd_duplex_in(l->duplex, in, frames, dfnd_pa_now());
    return paContinue;
}

int dfnd_pa_on_out(const void *in, void *out, unsigned long frames,
                   const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags,
                   void *user)
{
    dfnd_pa_lane *l = user;
    (void)time, (void)in;
    note(l, 1, frames, flags);
    dfnd_duplex_out(l->duplex, out, frames, dfnd_pa_now());
    return paContinue;
}

void dfnd_pa_on_finished(void *user)
{
    atomic_store(&((dfnd_pa_lane *)user)->finished, true);
}
