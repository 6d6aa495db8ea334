/* Reader of safetensors files. The header is parsed by jansson; every number in it is
 * checked here before it is used as a size or an offset. */
#define _DEFAULT_SOURCE /* madvise */
#include "io/constant.h"
#include "io/dtype.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A parsed header takes up to 45 times its size. This is room for 60000 tensors. */
enum { PREFIX = 8, HEADER_MAX = 10000000 };

struct dfn_safetensors {
    void *map; /* NULL if the data belong to the caller */
    size_t map_size;
    void *pages; /* whole pages that can be read again from a file; NULL: none */
    size_t pages_size;
    json_t *header; /* owns the names and the metadata */
    dfn_tensor *tensor;
    size_t n;
};

/* What the checks below need to know about the file being read. */
typedef struct input {
    const char *name;
    const unsigned char *data; /* first byte after the header */
    size_t size;               /* bytes from there to the end */
    dfn_error *err;
} input;

#define REFUSE(in, tensor, ...) refuse(in, tensor, DFN_ERR_FORMAT, __VA_ARGS__)

static DFN_PRINTF(4, 5) dfn_status
    refuse(const input *in, const char *tensor, dfn_status status, const char *format, ...)
{
    char why[200];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (!tensor)
        return dfn_fail(in->err, status, "%s: %s", in->name, why);
    return dfn_fail(in->err, status, "%s: tensor '%.120s': %s", in->name, tensor, why);
}

/* A JSON integer >= 0 that fits a size_t. */
static bool read_size(const json_t *value, size_t *out)
{
    if (!json_is_integer(value))
        return false;
    const json_int_t v = json_integer_value(value);
    if (v < 0 || (unsigned long long)v > SIZE_MAX)
        return false;
    *out = (size_t)v;
    return true;
}

static dfn_status read_dtype(const input *in, dfn_tensor *t, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text)
        return REFUSE(in, t->name, "dtype is missing or not a string");
    for (int i = 0; i < DFN_DTYPE_COUNT; i++)
        if (!strcmp(text, dfn_dtypes[i].name)) {
            t->dtype = (dfn_dtype)i;
            return DFN_OK;
        }
    return REFUSE(in, t->name, "unknown dtype '%.40s'", text);
}

static dfn_status read_shape(const input *in, dfn_tensor *t, const json_t *value)
{
    if (!json_is_array(value))
        return REFUSE(in, t->name, "shape is missing or not a list");
    const size_t rank = json_array_size(value);
    if (rank > DFN_TENSOR_RANK_MAX)
        return REFUSE(in, t->name, "rank %zu, at most %d is supported", rank,
                      DFN_TENSOR_RANK_MAX);
    t->rank = (int)rank;
    t->count = 1;
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        if (!read_size(json_array_get(value, i), &t->dim[i]))
            return REFUSE(in, t->name, "dimension %zu is not a size", i);
        empty |= t->dim[i] == 0;
    }
    /* Sizes beside a zero may be anything; the product is zero all the same. */
    for (size_t i = 0; i < rank && !empty; i++) {
        if (t->dim[i] > in->size / t->count)
            return REFUSE(in, t->name, "shape is larger than the file");
        t->count *= t->dim[i];
    }
    if (empty)
        t->count = 0;
    return DFN_OK;
}

static dfn_status read_offsets(const input *in, dfn_tensor *t, const json_t *value)
{
    size_t begin, end;
    if (json_array_size(value) != 2 || !read_size(json_array_get(value, 0), &begin) ||
        !read_size(json_array_get(value, 1), &end))
        return REFUSE(in, t->name, "data_offsets is not a list of two sizes");
    if (begin > end)
        return REFUSE(in, t->name, "data begin at %zu and end at %zu", begin, end);
    if (end > in->size)
        return REFUSE(in, t->name, "data end at byte %zu, the file has only %zu", end,
                      in->size);
    const size_t elem = dfn_dtypes[t->dtype].size;
    if ((end - begin) % elem || (end - begin) / elem != t->count)
        return REFUSE(in, t->name, "%zu bytes of data for %zu elements of %zu bytes",
                      end - begin, t->count, elem);
    t->data = in->data + begin;
    if ((uintptr_t)t->data % elem)
        return REFUSE(in, t->name, "data are not aligned to their %zu-byte elements", elem);
    return DFN_OK;
}

static dfn_status read_tensor(const input *in, dfn_tensor *t, const char *name,
                              const json_t *entry)
{
    *t = (dfn_tensor){.name = name};
    if (!dfn_name_is_clean(name))
        return REFUSE(in, name, "name is empty or holds control characters");
    if (!json_is_object(entry))
        return REFUSE(in, name, "entry is not an object");
    dfn_status s = read_dtype(in, t, json_object_get(entry, "dtype"));
    if (!s)
        s = read_shape(in, t, json_object_get(entry, "shape"));
    if (!s)
        s = read_offsets(in, t, json_object_get(entry, "data_offsets"));
    if (!s && json_object_size(entry) != 3)
        s = REFUSE(in, name, "entry holds more than dtype, shape and data_offsets");
    return s;
}

static dfn_status check_metadata(const input *in, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return REFUSE(in, NULL, "__metadata__ is not an object");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return REFUSE(in, NULL, "metadata '%.120s' is not a string", key);
    }
    return DFN_OK;
}

/* By place in the file; empty tensors before the one that starts at the same byte. */
static int by_data(const void *pa, const void *pb)
{
    const dfn_tensor *a = pa, *b = pb;
    if (a->data != b->data)
        return (uintptr_t)a->data < (uintptr_t)b->data ? -1 : 1;
    if (!a->count != !b->count)
        return a->count ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* Tensors in the order of their data must fill the file: nothing twice, nothing hidden. */
static dfn_status check_layout(const input *in, const dfn_tensor *tensor, size_t n)
{
    const unsigned char *at = in->data, *end = in->data + in->size;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *data = tensor[i].data;
        if (data < at)
            return REFUSE(in, tensor[i].name, "data overlap those of '%.120s'",
                          tensor[i - 1].name);
        if (data > at)
            return REFUSE(in, tensor[i].name, "%zu unused bytes before the data",
                          (size_t)(data - at));
        at = data + tensor[i].count * dfn_dtypes[tensor[i].dtype].size;
    }
    if (at != end)
        return REFUSE(in, NULL, "%zu bytes after the last tensor", (size_t)(end - at));
    return DFN_OK;
}

static dfn_status read_entries(dfn_safetensors *s, const input *in)
{
    const char *name;
    json_t *entry;
    s->tensor = calloc(json_object_size(s->header) + 1, sizeof *s->tensor);
    if (!s->tensor)
        return refuse(in, NULL, DFN_ERR_NOMEM, "out of memory");
    json_object_foreach(s->header, name, entry)
    {
        const dfn_status st = strcmp(name, "__metadata__")
                                  ? read_tensor(in, &s->tensor[s->n++], name, entry)
                                  : check_metadata(in, entry);
        if (st)
            return st;
    }
    qsort(s->tensor, s->n, sizeof *s->tensor, by_data);
    return check_layout(in, s->tensor, s->n);
}

static dfn_status read_header(dfn_safetensors *s, input *in)
{
    if (in->size < PREFIX)
        return REFUSE(in, NULL, "not a safetensors file: only %zu bytes", in->size);
    uint64_t length = 0;
    for (int i = PREFIX; i-- > 0;)
        length = length << 8 | in->data[i];
    in->data += PREFIX;
    in->size -= PREFIX;
    if (length > HEADER_MAX)
        return REFUSE(in, NULL, "not a safetensors file: header of %llu bytes",
                      (unsigned long long)length);
    if (length > in->size)
        return REFUSE(in, NULL, "truncated: header of %llu bytes, the file has only %zu",
                      (unsigned long long)length, in->size);
    if (length < 2 || in->data[0] != '{')
        return REFUSE(in, NULL, "not a safetensors file: the header is no JSON object");

    json_error_t why = {0}; /* jansson sets the code only with a text */
    s->header =
        json_loadb((const char *)in->data, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!s->header) {
        /* an allocation that fails half-way leaves no code, or looks like bad syntax */
        const enum json_error_code code = json_error_code(&why);
        if (code == json_error_out_of_memory || code == json_error_unknown)
            return refuse(in, NULL, DFN_ERR_NOMEM, "out of memory");
        return REFUSE(in, NULL, "header, byte %d: %s", why.position, why.text);
    }
    in->data += length;
    in->size -= (size_t)length;
    return read_entries(s, in);
}

static dfn_status read_bytes(dfn_safetensors *s, const void *data, size_t size,
                             const char *name, dfn_error *err)
{
    input in = {.name = name, .data = data, .size = size, .err = err};
    return read_header(s, &in);
}

static dfn_status map_file(dfn_safetensors *s, int fd, const char *path, dfn_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return dfn_fail(err, DFN_ERR_IO, "%s: not a regular file", path);
    if (st.st_size == 0)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: the file is empty", path);
    if ((unsigned long long)st.st_size > PTRDIFF_MAX)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: too large to map", path);
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return dfn_fail(err, errno == ENOMEM ? DFN_ERR_NOMEM : DFN_ERR_IO,
                        "%s: cannot map: %s", path, strerror(errno));
    s->map = s->pages = map;
    s->map_size = s->pages_size = (size_t)st.st_size;
    return DFN_OK;
}

dfn_status dfn_safetensors_open(dfn_safetensors **out, const char *path, dfn_error *err)
{
    *out = NULL;
    dfn_safetensors *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    /* Without O_NONBLOCK a FIFO would keep us waiting for a writer. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    dfn_status status;
    if (fd < 0) {
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    } else {
        status = map_file(s, fd, path, err);
        close(fd);
    }
    if (!status)
        status = read_bytes(s, s->map, s->map_size, path, err);
    if (status) {
        dfn_safetensors_close(s);
        return status;
    }
    *out = s;
    return DFN_OK;
}

dfn_status dfn_safetensors_open_memory(dfn_safetensors **out, const void *data, size_t size,
                                       const char *name, dfn_error *err)
{
    *out = NULL;
    dfn_safetensors *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    const dfn_status status = read_bytes(s, data, size, name, err);
    if (status) {
        dfn_safetensors_close(s);
        return status;
    }
    *out = s;
    return DFN_OK;
}

dfn_status dfn_safetensors_open_constant(dfn_safetensors **out, const void *data,
                                         size_t size, const char *name, dfn_error *err)
{
    const dfn_status status = dfn_safetensors_open_memory(out, data, size, name, err);
    const long page = sysconf(_SC_PAGESIZE);
    if (status || page <= 0)
        return status;
    /* what shares a page with the data belongs to others */
    const size_t before = ((size_t)page - (uintptr_t)data % (size_t)page) % (size_t)page;
    if (size > before) {
        (*out)->pages = (unsigned char *)data + before;
        (*out)->pages_size = (size - before) / (size_t)page * (size_t)page;
    }
    return DFN_OK;
}

void dfn_safetensors_rest(const dfn_safetensors *s)
{
    if (s->pages_size) /* a hint: nothing depends on it */
        (void)madvise(s->pages, s->pages_size, MADV_DONTNEED);
}

void dfn_safetensors_close(dfn_safetensors *s)
{
    if (!s)
        return;
    json_decref(s->header);
    free(s->tensor);
    if (s->map)
        munmap(s->map, s->map_size);
    free(s);
}

size_t dfn_safetensors_count(const dfn_safetensors *s) { return s->n; }

const dfn_tensor *dfn_safetensors_get(const dfn_safetensors *s, size_t i)
{
    return i < s->n ? &s->tensor[i] : NULL;
}

const dfn_tensor *dfn_safetensors_find(const dfn_safetensors *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->tensor[i].name, name))
            return &s->tensor[i];
    return NULL;
}

const char *dfn_safetensors_metadata(const dfn_safetensors *s, const char *key)
{
    return json_string_value(
        json_object_get(json_object_get(s->header, "__metadata__"), key));
}
