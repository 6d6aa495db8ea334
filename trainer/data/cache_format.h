/* cache_format.h - the bytes of a cache file, for the two that read and write it. */
#ifndef DFN_CACHE_FORMAT_H
#define DFN_CACHE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define DFN_CACHE_MAGIC                                                                    \
    "dfnsnd2\n" /* counts up when anything here or in decoding changes */
enum { DFN_CACHE_ALIGN = 64, DFN_CACHE_ORDER = 0x01020304 };

typedef struct dfn_cache_header {
    char magic[8];
    uint32_t order, items;
    uint64_t size;  /* of the file */
    uint64_t index; /* where it begins */
    char key[72];
    char digest[72];
} dfn_cache_header;

typedef struct dfn_cache_record {
    uint64_t at, count; /* bytes from the start of the file, samples */
    double measured_hz, nyquist_hz;
    float scale;
    uint32_t fault; /* bytes from the start of the faults, which is a zero; 0: none */
} dfn_cache_record;

/** The digest that belongs into the header: of the header itself, and of the tail, which is
 * index and faults. */
void dfn_cache_digest(char out[65], const dfn_cache_header *h, const void *tail,
                      size_t size);

#endif
