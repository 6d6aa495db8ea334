/* Writer of safetensors files. The same tensors give the same bytes, in any order of the
 * list: large elements first, so that every tensor is aligned although the format allows
 * no gaps, and by name among equals. */
#include "io/dtype.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREFIX = 8, DATA_ALIGN = 64 };

typedef struct output {
    const char *path;
    char *temporary; /* beside `path`: rename works only within one file system */
    int fd;
    dfn_error *err;
} output;

static size_t bytes_of(const dfn_tensor *t) { return t->count * dfn_dtypes[t->dtype].size; }

static int by_layout(const void *pa, const void *pb)
{
    const dfn_tensor *a = *(dfn_tensor *const *)pa, *b = *(dfn_tensor *const *)pb;
    const int size_a = dfn_dtypes[a->dtype].size, size_b = dfn_dtypes[b->dtype].size;
    return size_a != size_b ? size_b - size_a : strcmp(a->name, b->name);
}

/* As jansson asks for it: no overlong forms, no surrogates, at most U+10FFFF. */
static bool is_utf8(const char *text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        const int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
        if (more < 0 || *p > 0xf4)
            return false;
        uint32_t code = more ? *p & (0x3fu >> more) : *p;
        for (int i = 0; i < more; i++) {
            if ((*++p & 0xc0) != 0x80)
                return false;
            code = code << 6 | (*p & 0x3f);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return false;
    }
    return true;
}

static dfn_status check_tensor(const dfn_tensor *t, const char *path, dfn_error *err)
{
    if (!t->name || !dfn_name_is_clean(t->name) || !is_utf8(t->name) ||
        !strcmp(t->name, "__metadata__"))
        return dfn_fail(err, DFN_ERR_ARG, "%s: bad tensor name '%.120s'", path,
                        t->name ? t->name : "");
    bool good = (unsigned)t->dtype < DFN_DTYPE_COUNT && t->rank >= 0 &&
                t->rank <= DFN_TENSOR_RANK_MAX && (t->data || !t->count);
    size_t count = 1;
    for (int i = 0; good && i < t->rank; i++) {
        good = !t->dim[i] || count <= (SIZE_MAX >> 4) / t->dim[i];
        count *= t->dim[i];
    }
    if (!good || count != t->count)
        return dfn_fail(err, DFN_ERR_ARG, "%s: tensor '%.120s': bad type, shape or data",
                        path, t->name);
    return DFN_OK;
}

/* {"dtype", "shape", "data_offsets"} of a tensor whose data start at `at`; NULL: no memory
 */
static json_t *describe(const dfn_tensor *t, size_t at)
{
    json_t *shape = json_array();
    bool good = shape;
    for (int i = 0; i < t->rank && good; i++)
        good = !json_array_append_new(shape, json_integer((json_int_t)t->dim[i]));
    if (!good) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", dfn_dtypes[t->dtype].name, "shape",
                     shape, "data_offsets", (json_int_t)at, (json_int_t)(at + bytes_of(t)));
}

static dfn_status add_metadata(json_t *header, const dfn_text_pair *pair, size_t n,
                               const char *path, dfn_error *err)
{
    if (!n)
        return DFN_OK;
    json_t *object = json_object();
    if (json_object_set_new(header, "__metadata__", object))
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < n; i++) {
        if (json_object_get(object, pair[i].key))
            return dfn_fail(err, DFN_ERR_ARG, "%s: metadata '%.120s' twice", path,
                            pair[i].key);
        if (!is_utf8(pair[i].key) || !is_utf8(pair[i].value))
            return dfn_fail(err, DFN_ERR_ARG, "%s: metadata '%.120s' is not UTF-8", path,
                            pair[i].key);
        if (json_object_set_new(object, pair[i].key, json_string(pair[i].value)))
            return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    }
    return DFN_OK;
}

static dfn_status add_tensors(json_t *header, const dfn_tensor *const *sorted, size_t n,
                              const char *path, dfn_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const dfn_tensor *t = sorted[i];
        if (bytes_of(t) > (size_t)PTRDIFF_MAX - at)
            return dfn_fail(err, DFN_ERR_ARG, "%s: tensor '%.120s': too large", path,
                            t->name);
        if (json_object_get(header, t->name))
            return dfn_fail(err, DFN_ERR_ARG, "%s: tensor '%.120s' twice", path, t->name);
        if (json_object_set_new(header, t->name, describe(t, at)))
            return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
        at += bytes_of(t);
    }
    return DFN_OK;
}

/* Length and JSON text, padded with blanks so that the data are aligned. */
static dfn_status pack_header(const json_t *header, unsigned char **out, size_t *out_size,
                              const char *path, dfn_error *err)
{
    char *text = json_dumps(header, JSON_COMPACT);
    const size_t length = text ? strlen(text) : 0;
    const size_t size = (PREFIX + length + DATA_ALIGN - 1) / DATA_ALIGN * DATA_ALIGN;
    unsigned char *bytes = text ? malloc(size) : NULL;
    if (!bytes) {
        free(text);
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    }
    for (int i = 0; i < PREFIX; i++)
        bytes[i] = (unsigned char)((uint64_t)(size - PREFIX) >> 8 * i);
    memset(bytes + PREFIX, ' ', size - PREFIX);
    memcpy(bytes + PREFIX, text, length);
    free(text);
    *out = bytes;
    *out_size = size;
    return DFN_OK;
}

static dfn_status fail_io(const output *o, const char *what)
{
    return dfn_fail(o->err, DFN_ERR_IO, "%s: %s: %s", o->path, what, strerror(errno));
}

/* A device or a pipe must not be replaced by a file, so refuse it; then open a new file. */
static dfn_status create(output *o)
{
    struct stat st;
    if (!stat(o->path, &st) && !S_ISREG(st.st_mode))
        return dfn_fail(o->err, DFN_ERR_IO, "%s: exists and is not a regular file",
                        o->path);
    const size_t size = strlen(o->path) + 40;
    o->temporary = malloc(size);
    if (!o->temporary)
        return dfn_fail(o->err, DFN_ERR_NOMEM, "%s: out of memory", o->path);
    for (int i = 0; o->fd < 0 && i < 100; i++) {
        snprintf(o->temporary, size, "%s.%ld.%d.tmp", o->path, (long)getpid(), i);
        o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->fd < 0 && errno != EEXIST)
            break;
    }
    return o->fd < 0 ? fail_io(o, "cannot create") : DFN_OK;
}

static dfn_status put(const output *o, const void *data, size_t size)
{
    for (const char *p = data; size;) {
        const ssize_t n = write(o->fd, p, size < 1 << 30 ? size : 1 << 30);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_io(o, "cannot write");
        p += n;
        size -= (size_t)n;
    }
    return DFN_OK;
}

/* A rename is on disk only once its folder is; some file systems cannot sync one. */
static void sync_folder(const output *o)
{
    char *slash = strrchr(o->temporary, '/');
    if (slash)
        slash[slash == o->temporary] = '\0';
    const int fd = open(slash ? o->temporary : ".", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static dfn_status commit(output *o)
{
    if (fsync(o->fd))
        return fail_io(o, "cannot write");
    const int fd = o->fd;
    o->fd = -1;
    if (close(fd) || rename(o->temporary, o->path)) {
        const dfn_status status = fail_io(o, "cannot replace");
        unlink(o->temporary);
        return status;
    }
    sync_folder(o);
    return DFN_OK;
}

static dfn_status write_file(const char *path, const unsigned char *header, size_t size,
                             const dfn_tensor *const *sorted, size_t n, dfn_error *err)
{
    output o = {.path = path, .fd = -1, .err = err};
    dfn_status status = create(&o);
    if (!status)
        status = put(&o, header, size);
    for (size_t i = 0; i < n && !status; i++)
        status = put(&o, sorted[i]->data, bytes_of(sorted[i]));
    if (!status)
        status = commit(&o);
    if (o.fd >= 0) {
        close(o.fd);
        unlink(o.temporary);
    }
    free(o.temporary);
    return status;
}

dfn_status dfn_safetensors_write(const char *path, const dfn_tensor *tensors, size_t n,
                                 const dfn_text_pair *metadata, size_t n_metadata,
                                 dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = check_tensor(&tensors[i], path, err);
    if (status)
        return status;

    const dfn_tensor **sorted = calloc(n + 1, sizeof *sorted);
    json_t *header = json_object();
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (!sorted || !header) {
        status = dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    } else {
        for (size_t i = 0; i < n; i++)
            sorted[i] = &tensors[i];
        qsort(sorted, n, sizeof *sorted, by_layout);
        status = add_metadata(header, metadata, n_metadata, path, err);
    }
    if (!status)
        status = add_tensors(header, sorted, n, path, err);
    if (!status)
        status = pack_header(header, &bytes, &size, path, err);
    if (!status)
        status = write_file(path, bytes, size, sorted, n, err);
    free(bytes);
    json_decref(header);
    free(sorted);
    return status;
}
