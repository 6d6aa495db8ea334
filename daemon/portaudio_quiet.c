/* portaudio_quiet.c - PortAudio tries everything there is, and the libraries behind it
 * complain to stderr about each device that is not there. What matters comes back as an
 * error code anyway. */
#include "portaudio_worker.h"

#include <dlfcn.h>
#include <stdlib.h>

static void hear_alsa(const char *file, int line, const char *function, int error,
                      const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

static void hear(const char *text) { (void)text; }

typedef void alsa_handler(const char *, int, const char *, int, const char *, ...);
typedef void text_handler(const char *);

/* They come with PortAudio, or not: it may have been built without. */
void dfnd_pa_quiet(void)
{
    int (*alsa)(alsa_handler *);
    void (*set)(text_handler *);
    void *all = dlopen(NULL, RTLD_LAZY);
    setenv("JACK_NO_START_SERVER", "1", 0); /* to look for it is no reason to start it */
    if (!all)
        return;
    *(void **)&alsa = dlsym(all, "snd_lib_error_set_handler");
    if (alsa)
        alsa(hear_alsa);
    static const char *const names[] = {"jack_set_error_function",
                                        "jack_set_info_function"};
    for (int k = 0; k < 2; k++) {
        *(void **)&set = dlsym(all, names[k]);
        if (set)
            set(hear);
    }
    dlclose(all);
}
