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
    double bandwidth_hz;  /* content above is not real; 0: unknown, taken as full */
    size_t count;         /* samples */
    const int16_t *data;  /* in the cache; sample i is data[i] * scale */
    float scale;          /* so that peaks above full scale survive */
} dfn_sound;

typedef struct dfn_sounds dfn_sounds;

void dfn_sounds_free(dfn_sounds *s); /* NULL allowed */
/** How many there are of a kind in a split, and the i-th of them. thread: any. */
int dfn_sounds_count(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split);
const dfn_sound *dfn_sounds_get(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                                int i);
/** Samples start .. start + n - 1 as float; what lies outside is 0. thread: any. */
void dfn_sound_read(const dfn_sound *s, size_t start, size_t n, float *out);

#endif
