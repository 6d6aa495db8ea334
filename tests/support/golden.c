#include "golden.h"

#include "check.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct golden {
    char *name;
    dfn_safetensors *file;
    json_t *hyper, *tolerance;
};

/* A test that asks for what is not there is wrong, or the data are: no way to go on. */
static DFN_PRINTF(1, 2) _Noreturn void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("golden: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

static bool folder(char out[PATH_MAX])
{
    const char *shared = getenv("DFN_SHARED");
    struct stat st;
    snprintf(out, PATH_MAX, "%s/golden/dev", shared ? shared : "");
    if (shared && !stat(out, &st) && S_ISDIR(st.st_mode))
        return true;
    fprintf(stderr, "golden: no reference data: %s%s\n",
            shared ? out : "DFN_SHARED is not set", shared ? " is not a folder" : "");
    return false;
}

static json_t *metadata_json(const golden *c, const char *key, const char *fallback)
{
    const char *text = dfn_safetensors_metadata(c->file, key);
    json_error_t why;
    json_t *value = json_loads(text ? text : fallback, 0, &why);
    if (!value)
        give_up("%s: metadata '%s': %s", c->name, key, why.text);
    return value;
}

golden *golden_open(const char *name)
{
    char dir[PATH_MAX], path[PATH_MAX + 256];
    if (!folder(dir))
        return NULL;
    golden *c = calloc(1, sizeof *c);
    if (!c || !(c->name = strdup(name)))
        give_up("out of memory");
    dfn_error err;
    snprintf(path, sizeof path, "%s/%s.safetensors", dir, name);
    if (dfn_safetensors_open(&c->file, path, &err))
        give_up("%s", err.text);
    c->hyper = metadata_json(c, "hyper", "{}");
    c->tolerance = metadata_json(c, "tolerance", "{}");
    return c;
}

void golden_close(golden *c)
{
    if (!c)
        return;
    json_decref(c->hyper);
    json_decref(c->tolerance);
    dfn_safetensors_close(c->file);
    free(c->name);
    free(c);
}

int golden_skip(void)
{
    if (!getenv("DFN_REQUIRE_SHARED"))
        return 77;
    fputs("golden: DFN_REQUIRE_SHARED is set: a failure, not a skip\n", stderr);
    return 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One block: the table of pointers, then the texts. */
char **golden_list(const char *prefix)
{
    enum { MOST = 1024, NAME = 64 };
    static const char suffix[] = ".safetensors";
    char dir[PATH_MAX];
    char **list = calloc(MOST + 1, sizeof *list + NAME);
    DIR *d = list && folder(dir) ? opendir(dir) : NULL;
    if (!list)
        give_up("out of memory");
    if (!d)
        return list;
    char *text = (char *)(list + MOST + 1);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        const size_t length = strlen(e->d_name), end = length - (sizeof suffix - 1);
        if (length < sizeof suffix || strcmp(e->d_name + end, suffix) ||
            strncmp(e->d_name, prefix, strlen(prefix)))
            continue;
        if (n == MOST || end >= NAME)
            give_up("%s: too many names, or too long", dir);
        list[n] = memcpy(text + n * NAME, e->d_name, end);
        n++;
    }
    closedir(d);
    qsort(list, n, sizeof *list, by_name);
    return list;
}

bool golden_has(const golden *c, const char *name)
{
    return dfn_safetensors_find(c->file, name) != NULL;
}

const dfn_tensor *golden_get(const golden *c, size_t i)
{
    return i < dfn_safetensors_count(c->file) ? dfn_safetensors_get(c->file, i) : NULL;
}

const dfn_tensor *golden_tensor(const golden *c, const char *name)
{
    const dfn_tensor *t = dfn_safetensors_find(c->file, name);
    if (!t) {
        fprintf(stderr, "golden: %s holds:", c->name);
        for (size_t i = 0; i < dfn_safetensors_count(c->file); i++)
            fprintf(stderr, " %s", dfn_safetensors_get(c->file, i)->name);
        fputc('\n', stderr);
        give_up("%s: no tensor '%s'", c->name, name);
    }
    return t;
}

static const json_t *find(const golden *c, const char *path)
{
    char key[128];
    const json_t *at = c->hyper;
    while (at && *path) {
        const size_t n = strcspn(path, ".");
        if (n >= sizeof key)
            give_up("%s: hyper '%s': too long", c->name, path);
        memcpy(key, path, n);
        key[n] = '\0';
        at = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
                               : json_object_get(at, key);
        path += n + (path[n] == '.');
    }
    return at;
}

double golden_number(const golden *c, const char *path, double fallback)
{
    const json_t *v = find(c, path);
    if (!v || json_is_null(v))
        return fallback;
    if (json_is_boolean(v))
        return json_is_true(v);
    if (!json_is_number(v))
        give_up("%s: hyper '%s' is not a number", c->name, path);
    return json_number_value(v);
}

const char *golden_text(const golden *c, const char *path)
{
    return json_string_value(find(c, path));
}

double golden_at(const dfn_tensor *t, size_t i)
{
    if (i >= t->count)
        give_up("tensor '%s' has %zu elements, not %zu", t->name, t->count, i + 1);
    switch (t->dtype) {
    case DFN_DTYPE_F32: return (double)((const float *)t->data)[i];
    case DFN_DTYPE_F64: return ((const double *)t->data)[i];
    case DFN_DTYPE_I64: return (double)((const int64_t *)t->data)[i];
    case DFN_DTYPE_I32: return ((const int32_t *)t->data)[i];
    case DFN_DTYPE_I16: return ((const int16_t *)t->data)[i];
    case DFN_DTYPE_I8: return ((const int8_t *)t->data)[i];
    case DFN_DTYPE_U8: return ((const uint8_t *)t->data)[i];
    case DFN_DTYPE_F16:
    case DFN_DTYPE_BF16: break;
    }
    give_up("tensor '%s': type %d cannot be read as numbers", t->name, (int)t->dtype);
}

void golden_compare(const golden *c, const char *name, const void *x, size_t elem, size_t n)
{
    const dfn_tensor *t = golden_tensor(c, name);
    const json_t *limit = json_object_get(json_object_get(c->tolerance, name), "atol");
    if (!json_is_number(limit))
        give_up("%s: tensor '%s' has no tolerance", c->name, name);
    if (elem != sizeof(float) && elem != sizeof(double))
        give_up("%s: elements of %zu bytes", c->name, elem);
    CHECK(n == t->count, "%s %s: %zu numbers, the reference has %zu", c->name, name, n,
          t->count);
    if (n != t->count)
        return;
    const double atol = json_number_value(limit);
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const double got =
            elem == sizeof(float) ? (double)((const float *)x)[i] : ((const double *)x)[i];
        const double error = fabs(got - golden_at(t, i));
        if (!(error <= worst)) { /* once worst is NaN it stays */
            worst = error;
            at = i;
        }
        if (isnan(worst))
            break;
    }
    printf("%-20s %-28s error %.3g at %zu, limit %.3g\n", c->name, name, worst, at, atol);
    CHECK(worst <= atol, "%s %s[%zu]: error %g, limit %g", c->name, name, at, worst, atol);
}
