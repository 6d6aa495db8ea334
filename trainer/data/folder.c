/* folder.c - all sound files below a folder. */
#include "data/manifest.h"
#include "data/notice.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* What libsndfile may open; whether this one can, is seen when it does. */
static const char *const extensions[] = {
    "wav", "wave", "flac", "ogg", "oga",  "opus", "mp3",  "mp2", "aif",   "aiff", "aifc",
    "au",  "snd",  "caf",  "w64", "rf64", "voc",  "nist", "sph", "ircam", "sf",   "paf",
    "svx", "8svx", "iff",  "avr", "mat",  "pvf",  "htk",  "sds", "mpc2k", "wve",  "xi"};

static bool is_sound(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++)
        if (!strcasecmp(dot + 1, extensions[i]))
            return true;
    return false;
}

typedef struct walk {
    dfn_manifest *m;
    dfn_manifest_entry like; /* what all entries of this folder share */
    size_t top;              /* length of the folder's path with its slash */
    int depth;
    bool guess;     /* the kind, by names of folders */
    size_t unknown; /* recordings of which it could not be told */
} walk;

enum { DEPTH_MAX = 64 }; /* folders in folders; open files are few */

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

/* Not by the language of the user: the order decides what an example is made of. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool walk_folder(walk *w, const char *folder);

/* One name in a folder. Links to folders are not followed: they could lead back. */
static bool walk_entry(walk *w, char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return true; /* gone meanwhile */
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, path);
    if (!is_sound(path))
        return true;
    const int kind = w->guess ? dfn_kind_guess(path) : (int)w->like.kind;
    if (kind < 0) {
        w->unknown++;
        return true;
    }
    w->like.kind = (dfn_sound_kind)kind;
    w->like.path = path;
    w->like.name = path + w->top;
    return dfn_manifest_append(w->m, &w->like);
}

static bool walk_folder(walk *w, const char *folder)
{
    struct dirent **entry;
    const int n = w->depth < DEPTH_MAX ? scandir(folder, &entry, visible, by_bytes) : -1;
    if (n < 0) {
        const char *why = w->depth < DEPTH_MAX ? strerror(errno) : "too many folders deep";
        w->m->faults++;
        dfn_notice(&w->m->watch, "%s: %s", folder, why);
        return w->depth == DEPTH_MAX || errno != ENOMEM;
    }
    bool good = true;
    w->depth++;
    for (int i = 0; i < n; i++) {
        const char *name = entry[i]->d_name;
        const size_t length = strlen(folder), room = length + strlen(name) + 2;
        char *path = good ? malloc(room) : NULL;
        good = path != NULL;
        if (good) {
            snprintf(path, room, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/",
                     name);
            good = walk_entry(w, path);
        }
        free(path);
        free(entry[i]);
    }
    w->depth--;
    free(entry);
    return good;
}

/* How much of all names of a kind from `first` on is a folder they have in common. */
static size_t common_folder(const dfn_manifest *m, size_t first, dfn_sound_kind kind)
{
    const char *a = NULL;
    size_t n = 0;
    for (size_t i = first; i < m->count; i++) {
        const char *b = m->entry[i].name;
        if (m->entry[i].kind != kind)
            continue;
        if (!a) {
            const char *slash = strrchr(b, '/');
            a = b;
            n = slash ? (size_t)(slash + 1 - a) : 0;
        }
        size_t whole = 0;
        for (size_t k = 0; k < n && b[k] == a[k]; k++)
            whole = a[k] == '/' ? k + 1 : whole;
        n = whole;
    }
    return n;
}

/* The folder that tells files apart is who speaks, or what kind of noise it is. */
static bool name_groups(dfn_manifest *m, size_t first, dfn_sound_kind kind)
{
    const size_t common = common_folder(m, first, kind);
    for (size_t i = first; i < m->count; i++) {
        dfn_manifest_entry *e = &m->entry[i];
        const char *rest = e->name + common;
        const char *slash = e->kind == kind ? strchr(rest, '/') : NULL;
        if (!slash)
            continue;
        char *group = strndup(rest, (size_t)(slash - rest));
        const char **to = kind == DFN_SPEECH ? &e->speaker : &e->category;
        if (!group)
            return false;
        free((char *)*to);
        *to = group;
    }
    return true;
}

static dfn_status walk_all(dfn_manifest *m, const char *folder, int kind, dfn_error *err)
{
    const size_t first = m->count, length = strlen(folder);
    const char *from = dfn_manifest_source(m, folder);
    walk w = {.m = m,
              .like = {.speaker = "",
                       .category = "",
                       .from = from,
                       .kind = kind < 0 ? DFN_SPEECH : (dfn_sound_kind)kind,
                       .split = DFN_SPLIT_OPEN},
              .top = length + (folder[length - 1] != '/'),
              .guess = kind < 0};
    bool good = from && walk_folder(&w, folder);
    for (int k = 0; k < DFN_SOUND_KINDS && good; k++)
        good = name_groups(m, first, (dfn_sound_kind)k);
    if (!good)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", folder);
    if (w.unknown)
        dfn_notice(&m->watch,
                   "%s: no folder tells whether %zu recordings are speech, noise or rooms",
                   folder, w.unknown);
    m->faults += w.unknown;
    if (m->count == first && !w.unknown)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: has no sound files", folder);
    return DFN_OK;
}

dfn_status dfn_manifest_add_folder(dfn_manifest *m, const char *folder, int kind,
                                   dfn_error *err)
{
    struct stat st;
    if (!*folder || stat(folder, &st) != 0)
        return dfn_fail(err, DFN_ERR_IO, "'%s': %s", folder,
                        strerror(*folder ? errno : ENOENT));
    if (!S_ISDIR(st.st_mode))
        return dfn_fail(err, DFN_ERR_IO, "%s: is not a folder", folder);
    return walk_all(m, folder, kind, err);
}
