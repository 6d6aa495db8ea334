/* portaudio_choose.c - which device people mean. */
#include "portaudio_choose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum match { NONE, PART, WHOLE } match;

static bool same(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

static match compare(const char *text, const char *wanted)
{
    const size_t n = strlen(wanted), have = strlen(text);
    if (n == have && same(text, wanted, n))
        return WHOLE;
    for (size_t i = 0; i + n <= have; i++)
        if (same(text + i, wanted, n))
            return PART;
    return NONE;
}

/* "hw:1" in "USB Audio (hw:1,0)" is a part, and so is "ALSA: usb". */
static match fits(const dfnd_pa_entry *e, const char *wanted, bool input)
{
    char text[512];
    if ((input ? e->in : e->out) < 1)
        return NONE;
    if (!*wanted)
        return (input ? e->is_default_in : e->is_default_out) ? WHOLE : NONE;
    const match name = compare(e->name, wanted);
    snprintf(text, sizeof text, "%s: %s", e->api, e->name);
    const match whole = compare(text, wanted);
    return whole > name ? whole : name;
}

static int by_number(const dfnd_pa_entry *list, int count, const char *wanted, bool input,
                     dfn_error *err)
{
    const long n = strtol(wanted, NULL, 10);
    const char *side = input ? "inputs" : "outputs";
    if (strlen(wanted) > 6 || n >= count)
        dfn_fail(err, DFN_ERR_IO, "there is no device %s, only 0 to %d", wanted, count - 1);
    else if ((input ? list[n].in : list[n].out) < 1)
        dfn_fail(err, DFN_ERR_IO, "device %ld, %s, has no %s", n, list[n].name, side);
    else
        return (int)n;
    return -1;
}

static const char *shown(const char *wanted) { return *wanted ? wanted : "default"; }

static void say_several(const dfnd_pa_entry *list, const int *found, int several,
                        const char *wanted, dfn_error *err)
{
    char names[256] = "";
    size_t at = 0;
    for (int i = 0; i < several && i < 4 && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%d \"%s\"", i ? ", " : "",
                               found[i], list[found[i]].name);
    dfn_fail(err, DFN_ERR_ARG, "\"%s\" could be %s%s; say more of the name, or the number",
             wanted, names, several > 4 ? ", ..." : "");
}

int dfnd_pa_choose(const dfnd_pa_entry *list, int count, const char *wanted, bool input,
                   const char *api, dfn_error *err)
{
    enum { MOST = 64 };
    int found[MOST], several = 0, rank = 1000;
    match best = NONE;
    if (*wanted && strspn(wanted, "0123456789") == strlen(wanted))
        return by_number(list, count, wanted, input, err);
    for (int i = 0; i < count; i++) {
        const match m = fits(&list[i], wanted, input);
        const int r = api && !strcmp(api, list[i].api) ? -1 : list[i].rank;
        if (m == NONE || m < best || (m == best && r > rank))
            continue;
        if (m > best || r < rank)
            several = 0;
        best = m;
        rank = r;
        if (several < MOST)
            found[several++] = i;
    }
    if (several == 1)
        return found[0];
    if (several > 1)
        say_several(list, found, several, wanted, err);
    else
        dfn_fail(err, DFN_ERR_IO, "there is no %s device \"%s\"%s",
                 input ? "input" : "output", shown(wanted),
                 *wanted ? ", or another program has it to itself" : "");
    return -1;
}
