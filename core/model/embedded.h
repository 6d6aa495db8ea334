/* embedded.h - the model file that the build puts into the library (tools/embed_model.py):
 * read-only data, 64-byte aligned. Not there if the option `model` is off. */
#ifndef DFN_EMBEDDED_H
#define DFN_EMBEDDED_H

#include <stdint.h>

extern const unsigned char dfn_embedded[];
extern const uint64_t dfn_embedded_size;
extern const char dfn_embedded_name[]; /* the file's, without folder and extension */

#endif
