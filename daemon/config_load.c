/* config_load.c - which files there are, and in which order they count. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BELOW "dfnet4/dfnet4d.conf"

enum { FILE_LIMIT = 1 << 20, FOLDERS = 32 };

/* The folders of XDG, the least important first. */
typedef struct folders {
    char path[FOLDERS][DFND_PATH];
    int count;
} folders;

static dfn_status failed(dfn_error *err, const char *path)
{
    return dfn_fail(err, errno == ENOMEM ? DFN_ERR_NOMEM : DFN_ERR_IO, "%s: %s", path,
                    strerror(errno));
}

/* Bytes of a file that is open, up to one more than FILE_LIMIT; -1: errno tells. */
static ssize_t slurp(int fd, char *text)
{
    size_t n = 0;
    while (n <= FILE_LIMIT) {
        const ssize_t got = read(fd, text + n, FILE_LIMIT + 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static dfn_status parse_open(dfnd_config *c, int fd, const char *path, dfn_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return failed(err, path);
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) /* /dev/null is welcome */
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path,
                        S_ISDIR(st.st_mode) ? strerror(EISDIR) : "not a regular file");
    char *text = malloc(FILE_LIMIT + 1);
    const ssize_t n = text ? slurp(fd, text) : -1;
    dfn_status status;
    if (n < 0)
        status = failed(err, path);
    else if (n > FILE_LIMIT)
        status = dfn_fail(err, DFN_ERR_FORMAT, "%s: more than %d bytes", path, FILE_LIMIT);
    else
        status = dfnd_config_parse(c, text, (size_t)n, path, err);
    free(text);
    return status;
}

/* With `must`, it has to be there. */
static dfn_status read_file(dfnd_config *c, const char *path, bool must, dfn_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return !must && (errno == ENOENT || errno == ENOTDIR) ? DFN_OK : failed(err, path);
    const dfn_status status = parse_open(c, fd, path, err);
    close(fd);
    return status;
}

static int is_drop_in(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".conf");
}

/* A folder that counts more has a file of this name, which replaces ours. */
static bool is_replaced(const folders *f, int from, const char *name)
{
    char path[DFND_PATH + DFND_TEXT + 32];
    for (int i = from; f && i < f->count; i++) {
        snprintf(path, sizeof path, "%s/" BELOW ".d/%s", f->path[i], name);
        if (!access(path, F_OK))
            return true;
    }
    return false;
}

/* FILE, then FILE.d/?*.conf by name, those of `f` from `next` on replacing ours. */
static dfn_status read_all(dfnd_config *c, const char *file, bool must, const folders *f,
                           int next, dfn_error *err)
{
    char folder[DFND_PATH + 32], path[sizeof folder + DFND_TEXT + 1];
    dfn_status status = read_file(c, file, must, err);
    if (status)
        return status;
    snprintf(folder, sizeof folder, "%s.d", file);
    struct dirent **list;
    const int n = scandir(folder, &list, is_drop_in, alphasort);
    if (n < 0)
        return errno == ENOENT || errno == ENOTDIR ? DFN_OK : failed(err, folder);
    for (int i = 0; i < n; i++) {
        if (!status && !is_replaced(f, next, list[i]->d_name)) {
            snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
            status = read_file(c, path, true, err);
        }
        free(list[i]);
    }
    free(list);
    return status;
}

static void add_folder(folders *f, const char *dir, size_t length, const char *below)
{
    if (length == 0 || dir[0] != '/' || f->count == FOLDERS ||
        length + strlen(below) + sizeof BELOW + 1 > DFND_PATH)
        return; /* XDG: what is relative does not count */
    snprintf(f->path[f->count++], DFND_PATH, "%.*s%s", (int)length, dir, below);
}

static void find_folders(folders *f)
{
    const char *dirs = getenv("XDG_CONFIG_DIRS"), *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (!dirs || !*dirs)
        dirs = "/etc/xdg";
    for (const char *end = dirs + strlen(dirs); end > dirs;) { /* the last counts least */
        const char *start = end;
        while (start > dirs && start[-1] != ':')
            start--;
        add_folder(f, start, (size_t)(end - start), "");
        end = start > dirs ? start - 1 : dirs;
    }
    if (config && *config == '/')
        add_folder(f, config, strlen(config), "");
    else if (home)
        add_folder(f, home, strlen(home), "/.config");
}

dfn_status dfnd_config_load(dfnd_config *c, const char *only, dfn_error *err)
{
    dfnd_config_default(c);
    if (only && strlen(only) >= DFND_PATH)
        return dfn_fail(err, DFN_ERR_ARG, "%.64s...: more than %d bytes", only,
                        DFND_PATH - 1);
    if (only)
        return read_all(c, only, true, NULL, 0, err);
    folders *f = calloc(1, sizeof *f);
    if (!f)
        return dfn_fail(err, DFN_ERR_NOMEM, "settings: out of memory");
    find_folders(f);
    dfn_status status = DFN_OK;
    char path[DFND_PATH + sizeof BELOW + 1];
    for (int i = 0; i < f->count && !status; i++) {
        snprintf(path, sizeof path, "%s/" BELOW, f->path[i]);
        status = read_all(c, path, false, f, i + 1, err);
    }
    free(f);
    return status;
}
