#include "archive_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

static void need(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "cannot prepare %s\n", what);
        abort();
    }
}

bytes bytes_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    need(f && !fseek(f, 0, SEEK_END), path);
    bytes b = {.size = (size_t)ftell(f)};
    rewind(f);
    b.data = malloc(b.size + 1);
    need(b.data && fread(b.data, 1, b.size, f) == b.size, path);
    fclose(f);
    return b;
}

void bytes_write(const char *path, bytes b)
{
    FILE *f = fopen(path, "wb");
    need(f && fwrite(b.data, 1, b.size, f) == b.size && !fclose(f), path);
}

void archive_write(const char *path, archive_kind kind, int n, const char *const *names,
                   const bytes *contents)
{
    struct archive *a = archive_write_new();
    need(!(kind == ARCHIVE_ZIP ? archive_write_set_format_zip(a)
                               : archive_write_set_format_ustar(a)),
         path);
    if (kind == ARCHIVE_TAR_GZ)
        archive_write_add_filter_gzip(a);
    need(!archive_write_open_filename(a, path), path);
    for (int i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, names[i]);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)contents[i].size);
        need(!archive_write_header(a, e), path);
        need(archive_write_data(a, contents[i].data, contents[i].size) ==
                 (la_ssize_t)contents[i].size,
             path);
        archive_entry_free(e);
    }
    need(!archive_write_close(a), path);
    archive_write_free(a);
}
