/* archive_file.h - files and archives for the tests of the import. */
#ifndef ARCHIVE_FILE_H
#define ARCHIVE_FILE_H

#include <stddef.h>

typedef struct bytes {
    unsigned char *data; /* owner: caller frees */
    size_t size;
} bytes;

/** A whole file; aborts the test if that fails. */
bytes bytes_read(const char *path);
void bytes_write(const char *path, bytes b);

typedef enum archive_kind { ARCHIVE_TAR, ARCHIVE_TAR_GZ, ARCHIVE_ZIP } archive_kind;

void archive_write(const char *path, archive_kind kind, int n, const char *const *names,
                   const bytes *contents);

#endif
