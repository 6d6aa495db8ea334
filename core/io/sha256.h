/* sha256.h - FIPS 180-4, for provenance in model files. */
#ifndef DFN_IO_SHA256_H
#define DFN_IO_SHA256_H

#include <stddef.h>

/** The digest of `data` as 64 hexadecimal digits and a zero. */
void dfn_sha256(char out[65], const void *data, size_t size);

#endif
