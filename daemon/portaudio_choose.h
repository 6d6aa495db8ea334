/* portaudio_choose.h - which device people mean. */
#ifndef DFND_PORTAUDIO_CHOOSE_H
#define DFND_PORTAUDIO_CHOOSE_H

#include <dfnet4/status.h>
#include <stdbool.h>

/* A device as PortAudio lists it; its number is its place in the list. */
typedef struct dfnd_pa_entry {
    const char *api, *name; /* "ALSA", "HDA Intel PCH: ALC257 Analog (hw:0,0)" */
    int rank;               /* of the API: lower ones are preferred */
    int in, out;            /* channels */
    bool is_default_in, is_default_out; /* of its API */
} dfnd_pa_entry;

/** `wanted` is a number, a name, or a part that only one name has, where "API: " may come
 * before the name and case does not count; "": the default. Among several APIs that have it
 * the preferred one counts, or `api` if it is one of them (NULL: any). Returns the number,
 * or -1: DFN_ERR_IO if there is none (yet), DFN_ERR_ARG if there are several. */
int dfnd_pa_choose(const dfnd_pa_entry *list, int count, const char *wanted, bool input,
                   const char *api, dfn_error *err);

#endif
