#include "io/import_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest official file has 3.3 MB; an archive may hold other files beside them. */
enum { FILE_MAX = 64 << 20, SKIP_MAX = 256 << 20, ENTRIES_MAX = 1000 };

const char *const dfn_source_names[DFN_SOURCE_COUNT] = {"enc.onnx", "erb_dec.onnx",
                                                        "df_dec.onnx", "config.ini"};

static dfn_status no_memory(const char *source, dfn_error *err)
{
    return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", source);
}

static int index_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    for (int i = 0; i < DFN_SOURCE_COUNT; i++)
        if (!strcmp(slash ? slash + 1 : path, dfn_source_names[i]))
            return i;
    return -1;
}

/* "folder/name" for each file. */
static dfn_status name_files(dfn_source_file *files, const char *folder, int length,
                             dfn_error *err)
{
    for (int i = 0; i < DFN_SOURCE_COUNT; i++) {
        const size_t size = (size_t)length + strlen(dfn_source_names[i]) + 2;
        files[i].name = malloc(size);
        if (!files[i].name)
            return no_memory(folder, err);
        snprintf(files[i].name, size, "%.*s/%s", length, folder, dfn_source_names[i]);
    }
    return DFN_OK;
}

/* Room for `size` bytes and a zero at the end. */
static bool reserve(dfn_source_file *f, size_t size)
{
    char *p = realloc(f->data, size + 1);
    if (!p)
        return false;
    f->data = p;
    return true;
}

/* ---- a folder ---- */

static dfn_status read_all(dfn_source_file *f, int fd, dfn_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", f->name, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return dfn_fail(err, DFN_ERR_IO, "%s: not a regular file", f->name);
    if (st.st_size > FILE_MAX)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: larger than %d MiB", f->name,
                        FILE_MAX >> 20);
    if (!reserve(f, (size_t)st.st_size))
        return no_memory(f->name, err);
    while (f->size < (size_t)st.st_size) {
        const ssize_t n = read(fd, f->data + f->size, (size_t)st.st_size - f->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dfn_fail(err, DFN_ERR_IO, "%s: %s", f->name, strerror(errno));
        if (n == 0)
            break;
        f->size += (size_t)n;
    }
    f->data[f->size] = '\0';
    return DFN_OK;
}

static dfn_status read_file(dfn_source_file *f, dfn_error *err)
{
    const int fd = open(f->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", f->name, strerror(errno));
    const dfn_status status = read_all(f, fd, err);
    close(fd);
    return status;
}

/* ---- an archive ---- */

static dfn_status archive_fail(struct archive *a, const char *source, dfn_error *err)
{
    const char *why = archive_error_string(a);
    if (archive_errno(a) == ENOMEM)
        return no_memory(source, err);
    return dfn_fail(err, DFN_ERR_FORMAT, "%s: %s", source, why ? why : "damaged archive");
}

static dfn_status read_entry(dfn_source_file *f, struct archive *a, dfn_error *err)
{
    if (f->data)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: twice in the archive", f->name);
    size_t room = 0;
    for (;;) {
        if (f->size == room) {
            if (room >= FILE_MAX)
                return dfn_fail(err, DFN_ERR_FORMAT, "%s: larger than %d MiB", f->name,
                                FILE_MAX >> 20);
            room = room ? 2 * room : 1 << 16;
            if (!reserve(f, room))
                return no_memory(f->name, err);
        }
        const la_ssize_t n = archive_read_data(a, f->data + f->size, room - f->size);
        if (n < 0)
            return archive_fail(a, f->name, err);
        if (n == 0)
            break;
        f->size += (size_t)n;
    }
    f->data[f->size] = '\0';
    return DFN_OK;
}

static dfn_status read_entries(dfn_source_file *files, struct archive *a,
                               const char *source, dfn_error *err)
{
    struct archive_entry *e;
    for (int n = 0;; n++) {
        const int r = archive_read_next_header(a, &e);
        if (r == ARCHIVE_EOF)
            return DFN_OK;
        if (r < ARCHIVE_WARN)
            return archive_fail(a, source, err);
        const char *path = archive_entry_pathname(e);
        const int i = path && archive_entry_filetype(e) == AE_IFREG ? index_of(path) : -1;
        if (i >= 0) {
            const dfn_status status = read_entry(&files[i], a, err);
            if (status)
                return status;
        }
        /* What is skipped must be unpacked too: do not let it take for ever. */
        if (n == ENTRIES_MAX || archive_entry_size(e) > SKIP_MAX ||
            archive_filter_bytes(a, 0) > SKIP_MAX)
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: too large for a model archive",
                            source);
    }
}

static dfn_status read_archive(dfn_source_file *files, const char *source, dfn_error *err)
{
    struct archive *a = archive_read_new();
    if (!a)
        return no_memory(source, err);
    archive_read_support_filter_gzip(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    const dfn_status status = archive_read_open_filename(a, source, 1 << 16)
                                  ? archive_fail(a, source, err)
                                  : read_entries(files, a, source, err);
    archive_read_free(a);
    for (int i = 0; i < DFN_SOURCE_COUNT && !status; i++)
        if (!files[i].data)
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: holds no %s", source,
                            dfn_source_names[i]);
    return status;
}

/* ---- both ---- */

static bool same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev &&
           sa.st_ino == sb.st_ino;
}

dfn_status dfn_source_read(dfn_source_file files[DFN_SOURCE_COUNT], const char *source,
                           const char *destination, dfn_error *err)
{
    struct stat st;
    memset(files, 0, DFN_SOURCE_COUNT * sizeof *files);
    if (stat(source, &st))
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", source, strerror(errno));
    const bool member = S_ISREG(st.st_mode) && index_of(source) >= 0;
    if (!member && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return dfn_fail(err, DFN_ERR_IO, "%s: neither a folder nor a file", source);
    const char *slash = strrchr(source, '/');
    const char *folder = member && !slash ? "." : source;
    const size_t length = member && slash ? (size_t)(slash - source) : strlen(folder);
    if (length > 4096)
        return dfn_fail(err, DFN_ERR_ARG, "%s: the name is too long", source);
    dfn_status status = name_files(files, folder, (int)length, err);
    bool same = same_file(source, destination);
    for (int i = 0; i < DFN_SOURCE_COUNT && !status; i++)
        same |= same_file(files[i].name, destination);
    if (!status && same)
        return dfn_fail(err, DFN_ERR_ARG, "%s: is a file of the source", destination);
    if (!status && S_ISREG(st.st_mode) && !member)
        return read_archive(files, source, err);
    for (int i = 0; i < DFN_SOURCE_COUNT && !status; i++)
        status = read_file(&files[i], err);
    return status;
}

void dfn_source_free(dfn_source_file files[DFN_SOURCE_COUNT])
{
    for (int i = 0; i < DFN_SOURCE_COUNT; i++) {
        free(files[i].name);
        free(files[i].data);
    }
}
