/* manifest.h - the list of recordings, from CSV files and folders.
 *
 * A CSV has a header line. Columns are known by their names: path (relative to the CSV's
 * folder) and kind (speech, noise, rir or room) must be there; split (train, valid),
 * speaker, category, bandwidth_hz, duration_s and weight may be; others are ignored. Lines
 * that cannot be used are counted and told, and the rest goes on. */
#ifndef DFN_MANIFEST_H
#define DFN_MANIFEST_H

#include "data/sounds.h"

#include <stdbool.h>

enum {
    DFN_SPLIT_OPEN = DFN_SPLITS, /* not said: dfn_manifest_divide decides */
    DFN_WEIGHT_MAX = 10000
};

typedef struct dfn_manifest_entry {
    const char *path;     /* to open it */
    const char *name;     /* as written, for messages; the end of `path` */
    const char *speaker;  /* \"\" if unknown */
    const char *category; /* "" if unknown */
    const char *from;     /* the CSV or folder that named it */
    int line;             /* in the CSV; 0: from a folder */
    int split;            /* dfn_split or DFN_SPLIT_OPEN */
    dfn_sound_kind kind;
    double bandwidth_hz, duration_s; /* 0: unknown */
    int weight; /* drawn so many times as often as others, up to DFN_WEIGHT_MAX; 0 is 1 */
} dfn_manifest_entry;

typedef struct dfn_manifest {
    dfn_manifest_entry *entry;
    size_t count, room;
    char **source; /* names of CSVs and folders, which `from` points to */
    size_t sources;
    size_t faults; /* lines that could not be used */
    dfn_data_watch watch;
} dfn_manifest;

void dfn_manifest_clear(dfn_manifest *m);

/** Add the lines of a CSV file, or of text[size] called `name`. */
dfn_status dfn_manifest_load(dfn_manifest *m, const char *path, dfn_error *err);
dfn_status dfn_manifest_parse(dfn_manifest *m, const char *text, size_t size,
                              const char *name, dfn_error *err);

enum { DFN_KIND_GUESS = -1 };

/** Add all sound files in a folder and below it, of a dfn_sound_kind; DFN_KIND_GUESS: the
 * nearest folder of a telling name decides, and what none tells is left out with one
 * message. Links to folders and names with a dot in front are left out. Of files in
 * subfolders, the first folder that tells those of a kind apart is the speaker (of noise
 * and rooms, the category). */
dfn_status dfn_manifest_add_folder(dfn_manifest *m, const char *folder, int kind,
                                   dfn_error *err);

/** Give a split to entries without one: a tenth is for validation, chosen by a hash of the
 * speaker, where there are several, or else of the name. No speaker is in both. */
dfn_status dfn_manifest_divide(dfn_manifest *m, dfn_error *err);

/* For the readers of lists: a name that `from` may point to, and an entry, copied. NULL and
 * false: out of memory. */
const char *dfn_manifest_source(dfn_manifest *m, const char *name);
bool dfn_manifest_append(dfn_manifest *m, const dfn_manifest_entry *e);

/** "speech", "noise", "rir". */
const char *dfn_kind_name(dfn_sound_kind kind);
/** The kind called so, or -1. */
int dfn_kind_find(const char *name);
/** The kind that the folders of a path tell, or -1. */
int dfn_kind_guess(const char *path);

#endif
