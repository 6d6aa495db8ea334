/* sounds.h - the recordings that training draws from: all that a manifest lists, decoded
 * once into a cache file that is mapped, so that reading one costs nothing.
 *
 * Mono, 48 kHz. Immutable after dfn_sounds_open: any number of threads may read. */
#ifndef DFN_SOUNDS_H
#define DFN_SOUNDS_H

#include <dfnet4/status.h>
#include <stddef.h>
#include <stdint.h>

typedef enum dfn_sound_kind {
    DFN_SPEECH,
    DFN_NOISE,
    DFN_ROOM,
    DFN_SOUND_KINDS
} dfn_sound_kind;
typedef enum dfn_split { DFN_TRAIN_SPLIT, DFN_VALID_SPLIT, DFN_SPLITS } dfn_split;

typedef struct dfn_sound {
    const char *path;     /* as in the manifest, for messages */
    const char *speaker;  /* "" if unknown */
    const char *category; /* "" if unknown */
    double bandwidth_hz;  /* content above is not real; 0: unknown, taken as full. Of
                             speech it is measured where the manifest does not say it */
    size_t count;         /* samples */
    const int16_t *data;  /* in the cache; sample i is data[i] * scale */
    float scale;          /* so that peaks above full scale survive */
} dfn_sound;

/* Where recordings come from. Texts may be NULL or "". The folders of a kind are DIR or
 * DIR:DIR...; every sound file below them counts. */
typedef struct dfn_data_config {
    const char *manifest;
    const char *folders[DFN_SOUND_KINDS];
    const char
        *cache;  /* file to keep what was decoded; default: in the user's cache folder */
    int threads; /* to decode; 0: one per processor */
} dfn_data_config;

/* Who is told; functions may be NULL. Called by the thread that opens, never at once. */
typedef struct dfn_data_watch {
    void (*message)(void *user, const char *text); /* one line: a warning or a remark */
    void (*progress)(void *user, size_t done, size_t total); /* files decoded */
    void *user;
} dfn_data_watch;

typedef struct dfn_sounds dfn_sounds;

/** Read the lists and decode what they name, unless the cache holds it already: it is made
 * anew when a list, or size or time of a file has changed, or when it is damaged.
 *
 * Several channels become their mean, those of a room their first; other rates than 48 kHz
 * are resampled. Files and lines that cannot be used are left out with one message each
 * that names the line and the reason. An error if they are more than a tenth, if nothing is
 * left, or if the cache cannot be written: then nothing of it stays behind. Several
 * processes may open the same cache. */
dfn_status dfn_sounds_open(dfn_sounds **out, const dfn_data_config *config,
                           const dfn_data_watch *watch, dfn_error *err);
void dfn_sounds_free(dfn_sounds *s); /* NULL allowed */
/** How many there are of a kind in a split, and the i-th of them. thread: any. */
int dfn_sounds_count(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split);
const dfn_sound *dfn_sounds_get(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                                int i);
/** Samples start .. start + n - 1 as float; what lies outside is 0. thread: any. */
void dfn_sound_read(const dfn_sound *s, size_t start, size_t n, float *out);

#endif
