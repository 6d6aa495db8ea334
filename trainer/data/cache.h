/* cache.h - recordings, decoded, in one file.
 *
 *   header | samples of each recording, int16, each at a multiple of 64 | index | faults
 *
 * All in the byte order of the machine. The header tells the key of what was decoded; a
 * digest covers header, index and faults. What a list says about recordings is not in it,
 * so that speakers and splits may be corrected without decoding anew. */
#ifndef DFN_CACHE_H
#define DFN_CACHE_H

#include "data/manifest.h"

typedef struct dfn_cache_key {
    char text[65]; /* a digest, in hexadecimal */
} dfn_cache_key;

/* A recording, or why there is none. */
typedef struct dfn_cache_item {
    const int16_t *data; /* in the mapping */
    size_t count;
    float scale;
    double measured_hz; /* where its spectrum ends; 0: not measured, or it cannot be told */
    double nyquist_hz;  /* of the file, if its rate was below 48 kHz; else 0 */
    const char *fault;  /* why it cannot be used; NULL: it can */
} dfn_cache_item;

typedef struct dfn_cache {
    dfn_cache_item *item; /* one per entry of the manifest, in its order */
    size_t count;
    const unsigned char *map;
    size_t size;
} dfn_cache;

/** What a cache of these recordings is called: by each file's name, size and time, and how
 * it is decoded. */
dfn_status dfn_cache_find_key(dfn_cache_key *key, const dfn_manifest *m, dfn_error *err);

/** Map the file if it holds what the key says. DFN_ERR_IO: there is none; DFN_ERR_FORMAT:
 * it is another or damaged, as the error says. */
dfn_status dfn_cache_map(dfn_cache *c, const char *path, const dfn_cache_key *key,
                         dfn_error *err);
void dfn_cache_unmap(dfn_cache *c);

/** Decode everything with so many threads into a new file. Recordings that cannot be used
 * are noted in it. */
dfn_status dfn_cache_build(const char *path, const dfn_cache_key *key,
                           const dfn_manifest *m, int threads, dfn_error *err);

#endif
