/* import_source.h - the files of a published model, wherever they are. */
#ifndef DFN_IO_IMPORT_SOURCE_H
#define DFN_IO_IMPORT_SOURCE_H

#include <dfnet4/status.h>
#include <stddef.h>

enum {
    DFN_SOURCE_ENC,
    DFN_SOURCE_ERB_DEC,
    DFN_SOURCE_DF_DEC,
    DFN_SOURCE_CONFIG,
    DFN_SOURCE_COUNT
};

typedef struct dfn_source_file {
    char *name; /* "SOURCE/enc.onnx", for messages */
    char *data; /* followed by a zero */
    size_t size;
} dfn_source_file;

/** Read the four files from a folder, or the folder of one of them, or an archive, all
 *  into memory: nothing in an archive decides where something is written. `destination`
 *  must not be one of the files. owner: caller frees with dfn_source_free, also on failure.
 *  rt: no */
dfn_status dfn_source_read(dfn_source_file files[DFN_SOURCE_COUNT], const char *source,
                           const char *destination, dfn_error *err);
void dfn_source_free(dfn_source_file files[DFN_SOURCE_COUNT]);

extern const char *const dfn_source_names[DFN_SOURCE_COUNT];

#endif
