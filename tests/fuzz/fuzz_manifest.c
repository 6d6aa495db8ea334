/* A list of recordings. Whatever it says, an entry is whole, and a fault is told with the
 * name of the list. */
#include "data/manifest.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void note(void *user, const char *text)
{
    size_t *told = user;
    if (strncmp(text, "fuzz/list:", 10))
        abort();
    ++*told;
}

static void check(const dfn_manifest_entry *e, int splits)
{
    const size_t path = strlen(e->path), name = strlen(e->name);
    const bool good = name > 0 && name <= path && e->path + path - name == e->name &&
                      e->kind >= 0 && e->kind < DFN_SOUND_KINDS && e->split >= 0 &&
                      e->split < splits && e->line > 1 && isfinite(e->bandwidth_hz) &&
                      isfinite(e->duration_s) && !strcmp(e->from, "fuzz/list") &&
                      strlen(e->speaker) <= 1 << 16 && strlen(e->category) <= 1 << 16;
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t told = 0;
    dfn_error err;
    dfn_manifest m = {.watch = {.message = note, .user = &told}};
    const dfn_status status =
        dfn_manifest_parse(&m, (const char *)data, size, "fuzz/list", &err);
    if ((status && strncmp(err.text, "fuzz/list", 9)) || told != m.faults)
        abort();
    for (size_t i = 0; i < m.count; i++)
        check(&m.entry[i], DFN_SPLITS + 1);
    if (dfn_manifest_divide(&m, &err))
        abort();
    for (size_t i = 0; i < m.count; i++)
        check(&m.entry[i], DFN_SPLITS);
    dfn_manifest_clear(&m);
    return 0;
}
