/* kind.c - what recordings are called. */
#include "data/manifest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* In the order of dfn_sound_kind; rooms have a second name. */
static const char *const kind_name[DFN_SOUND_KINDS + 1] = {"speech", "noise", "rir",
                                                           "room"};

const char *dfn_kind_name(dfn_sound_kind kind) { return kind_name[kind]; }

int dfn_kind_find(const char *name)
{
    for (int i = 0; i <= DFN_SOUND_KINDS; i++)
        if (!strcasecmp(name, kind_name[i]))
            return i < DFN_SOUND_KINDS ? i : DFN_ROOM;
    return -1;
}

/* Words that begin so tell the kind of a folder. "noisy" is none: it is speech in noise. */
static const char *const telling[][2] = {
    {"speech", "speech"}, {"clean", "speech"}, {"voice", "speech"},     {"vocal", "speech"},
    {"noise", "noise"},   {"ambien", "noise"}, {"background", "noise"}, {"rir", "rir"},
    {"room", "rir"},      {"impulse", "rir"},  {"reverb", "rir"}};

static int guess_word(const char *word)
{
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (!strncasecmp(word, telling[i][0], strlen(telling[i][0])))
            return dfn_kind_find(telling[i][1]);
    return -1;
}

int dfn_kind_guess(const char *path)
{
    const char *end = strrchr(path, '/');
    int kind = -1, here = -1; /* of all folders so far, of this one */
    for (const char *p = path; end && p <= end; p++) {
        if (p == path || !isalpha((unsigned char)p[-1]))
            here = here < 0 ? guess_word(p) : here;
        if (*p == '/') {
            kind = here < 0 ? kind : here;
            here = -1;
        }
    }
    return kind;
}
