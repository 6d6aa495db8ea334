/* What is written can be read again; what cannot be written leaves nothing behind. */
#include "check.h"

#include <dfnet4/safetensors.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char folder[] = "test_write", path[] = "test_write/a.safetensors";
static const unsigned char size_of[] = {4, 8, 4, 2, 1, 1, 2, 8, 2};
enum { TYPES = sizeof size_of, BYTES = 8 * 2 * 3 * 4 };

static int files_in(const char *name)
{
    int n = -2; /* . and .. */
    DIR *d = opendir(name);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static unsigned char *slurp(size_t *size)
{
    unsigned char *bytes = calloc(1, 1 << 16);
    FILE *f = fopen(path, "rb");
    *size = f && bytes ? fread(bytes, 1, 1 << 16, f) : 0;
    if (f)
        fclose(f);
    return bytes;
}

/* One tensor of each type and of each rank from 0 to 8. */
static void fill(dfn_tensor t[TYPES], char names[TYPES][8], unsigned char *bytes)
{
    static const size_t dims[] = {1, 2, 1, 3, 1, 1, 4, 1};
    for (int i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 7 + 1);
    for (int i = 0; i < TYPES; i++) {
        snprintf(names[i], 8, "t\"%d/é", i);
        t[i] = (dfn_tensor){.name = names[i], .dtype = (dfn_dtype)i, .rank = i, .count = 1};
        for (int k = 0; k < i; k++)
            t[i].count *= t[i].dim[k] = dims[k];
        t[i].data = bytes;
    }
}

static const dfn_text_pair pairs[] = {
    {"format", "dfnet4-1"}, {"text", "a\n\"b\"\t\\ é€😀"}, {"", ""}};

static void round_trip(void)
{
    dfn_tensor t[TYPES], back[TYPES];
    char names[TYPES][8];
    unsigned char bytes[BYTES];
    dfn_error err = {0};
    dfn_safetensors *s = NULL;
    fill(t, names, bytes);
    CHECK(!dfn_safetensors_write(path, t, TYPES, pairs, 3, &err), "%s", err.text);
    CHECK(!dfn_safetensors_open(&s, path, &err), "%s", err.text);
    if (!s)
        return;
    CHECK(dfn_safetensors_count(s) == TYPES, "count");
    CHECK((uintptr_t)dfn_safetensors_get(s, 0)->data % 64 == 0, "data are not aligned");
    for (int i = 0; i < TYPES; i++) {
        const dfn_tensor *y = dfn_safetensors_find(s, names[i]);
        CHECK(y && y->dtype == t[i].dtype && y->rank == t[i].rank &&
                  y->count == t[i].count && !memcmp(y->dim, t[i].dim, sizeof y->dim) &&
                  !memcmp(y->data, bytes, y->count * size_of[i]),
              "%s", names[i]);
    }
    for (int i = 0; i < 3; i++)
        CHECK(!strcmp(dfn_safetensors_metadata(s, pairs[i].key), pairs[i].value),
              "metadata");
    CHECK(!dfn_safetensors_metadata(s, "nothing"), "metadata");
    dfn_safetensors_close(s);

    size_t n, m; /* the same bytes whatever the order of the list */
    unsigned char *first = slurp(&n);
    for (int i = 0; i < TYPES; i++)
        back[i] = t[TYPES - 1 - i];
    CHECK(!dfn_safetensors_write(path, back, TYPES, pairs, 3, &err), "%s", err.text);
    unsigned char *second = slurp(&m);
    CHECK(n && n == m && !memcmp(first, second, n), "the order of the list matters");
    free(first);
    free(second);

    CHECK(!dfn_safetensors_write(path, NULL, 0, NULL, 0, &err), "%s", err.text);
    CHECK(!dfn_safetensors_open(&s, path, &err) && dfn_safetensors_count(s) == 0, "empty");
    dfn_safetensors_close(s);
    CHECK(files_in(folder) == 1, "a temporary file stays");
}

static void refused(const char *where, const dfn_tensor *t, size_t n, size_t n_pairs,
                    dfn_status want, const char *why)
{
    dfn_error err = {0};
    const dfn_status status = dfn_safetensors_write(where, t, n, pairs, n_pairs, &err);
    CHECK(status == want && strstr(err.text, where) == err.text && strstr(err.text, why),
          "'%s': %d '%s'", why, (int)status, err.text);
    CHECK(files_in(folder) == 1, "'%s': a file stays", why);
}

static void bad_arguments(void)
{
    float x[4] = {0};
    const dfn_tensor good = {.name = "a", .rank = 1, .dim = {4}, .count = 4, .data = x};
    dfn_tensor t[2] = {good, good};
    refused(path, t, 2, 0, DFN_ERR_ARG, "twice");
    t[0].count = 3;
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad type, shape or data");
    t[0] = good, t[0].rank = 9;
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad type, shape or data");
    t[0] = good, t[0].dim[0] = t[0].count = SIZE_MAX / 4;
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad type, shape or data");
    t[0] = good, t[0].dtype = (dfn_dtype)99;
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad type, shape or data");
    t[0] = good, t[0].name = "__metadata__";
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad tensor name");
    t[0].name = "a\nb";
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad tensor name 'a?b'");
    t[0].name = "a\xff";
    refused(path, t, 1, 0, DFN_ERR_ARG, "bad tensor name");
    static const char *const wrong[] = {"\x80",
                                        "\xc3",
                                        "\xc0\x80",
                                        "\xe0\x80\x80",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const dfn_text_pair pair = {"k", wrong[i]};
        dfn_error err = {0};
        CHECK(dfn_safetensors_write(path, &good, 1, &pair, 1, &err) == DFN_ERR_ARG &&
                  strstr(err.text, "metadata 'k' is not UTF-8"),
              "%zu: %s", i, err.text);
    }
}

/* The old file stays whole, nothing else stays. */
static void full_disk(const dfn_tensor *t)
{
    size_t n, m;
    unsigned char *before = slurp(&n);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    for (rlim_t limit = 0; limit < 8192; limit += 1000) {
        small = (struct rlimit){limit, old.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        refused(path, t, 1, 3, DFN_ERR_IO, "cannot write: File too large");
    }
    setrlimit(RLIMIT_FSIZE, &old);
    unsigned char *after = slurp(&m);
    CHECK(n == m && !memcmp(before, after, n), "the old file changed");
    free(before);
    free(after);
}

/* Root may write everywhere, so a child gives its rights up first. */
static void unwritable_folder(const dfn_tensor *t)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534))
            _exit(77);
        refused(path, t, 1, 0, DFN_ERR_IO, "cannot create: Permission denied");
        _exit(check_report());
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 1, "unwritable folder");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        puts("unwritable folder: not tested, this root cannot become another user");
}

int main(void)
{
    mkdir(folder, 0755);
    round_trip();
    bad_arguments();
    static float x[2048];
    const dfn_tensor t = {.name = "a", .rank = 1, .dim = {2048}, .count = 2048, .data = x};
    full_disk(&t);
    chmod(folder, 0555);
    unwritable_folder(&t);
    chmod(folder, 0755);
    refused("test_write/none/a", &t, 1, 0, DFN_ERR_IO, "cannot create: No such file");
    refused("/dev/full", &t, 1, 0, DFN_ERR_IO, "not a regular file");
    refused(folder, &t, 1, 0, DFN_ERR_IO, "not a regular file");
    unlink(path);
    rmdir(folder);
    return check_report();
}
