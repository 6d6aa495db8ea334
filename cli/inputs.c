/* inputs.c - from arguments to a list of sound files. */
#include "batch.h"
#include "cli.h"
#include "format.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void job_fail(job *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(j->reason, sizeof j->reason, format, args);
    va_end(args);
    j->state = JOB_FAILED;
    cli_error(j->input, "%s", j->reason);
}

void jobs_free(job_list *list)
{
    for (int i = 0; i < list->count; i++) {
        free(list->job[i].input);
        free(list->job[i].output);
    }
    free(list->job);
    *list = (job_list){0};
}

static job *append(job_list *list, const char *path, size_t tail)
{
    if (list->count == list->room) {
        const int room = list->room ? 2 * list->room : 16;
        job *bigger = realloc(list->job, (size_t)room * sizeof *bigger);
        if (!bigger)
            return NULL;
        list->job = bigger;
        list->room = room;
    }
    job *j = &list->job[list->count];
    *j = (job){.input = strdup(path), .tail = tail};
    if (!j->input)
        return NULL;
    list->count++;
    return j;
}

static void describe(job *j, const struct stat *st)
{
    j->device = st->st_dev;
    j->inode = st->st_ino;
    j->bytes = st->st_size;
    if (!S_ISREG(st->st_mode))
        job_fail(j, "is not a regular file");
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

/* "talk-enhanced.wav" is what an earlier run made. */
static bool made_by_us(const char *name)
{
    const char *dot = strrchr(name, '.');
    const size_t stem = dot ? (size_t)(dot - name) : strlen(name);
    return stem > strlen(OUTPUT_SUFFIX) && !strncmp(name + stem - strlen(OUTPUT_SUFFIX),
                                                    OUTPUT_SUFFIX, strlen(OUTPUT_SUFFIX));
}

typedef struct walk {
    job_list *list;
    const struct stat *skip;
    size_t tail;
    bool fresh;
} walk;

static bool walk_folder(const walk *w, const char *folder);

/* One entry of a folder. Links to folders are not followed: they could lead back. */
static bool walk_entry(const walk *w, const char *path, const char *name)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return true; /* gone meanwhile */
    if (S_ISDIR(st.st_mode)) {
        const bool leave =
            w->skip && w->skip->st_dev == st.st_dev && w->skip->st_ino == st.st_ino;
        return leave || walk_folder(w, path);
    }
    if (!format_of_name(name) || (w->fresh && made_by_us(name)))
        return true;
    if (S_ISLNK(st.st_mode) && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))
        return true;
    job *j = append(w->list, path, w->tail);
    if (!j)
        return false;
    j->from_folder = true;
    describe(j, &st);
    return true;
}

static bool walk_folder(const walk *w, const char *folder)
{
    struct dirent **entry;
    const int n = scandir(folder, &entry, visible, alphasort);
    if (n < 0) {
        job *j = append(w->list, folder, w->tail);
        if (j)
            job_fail(j, "%s", strerror(errno));
        return j != NULL;
    }
    bool good = true;
    for (int i = 0; i < n; i++) {
        const char *name = entry[i]->d_name;
        const size_t room = strlen(folder) + strlen(name) + 2;
        char *path = good ? malloc(room) : NULL;
        good = path != NULL;
        if (good) {
            const bool slash = folder[strlen(folder) - 1] == '/';
            snprintf(path, room, "%s%s%s", folder, slash ? "" : "/", name);
            good = walk_entry(w, path, name);
        }
        free(path);
        free(entry[i]);
    }
    free(entry);
    return good;
}

static bool add_folder(job_list *list, const char *path, const struct stat *skip,
                       bool fresh)
{
    const size_t length = strlen(path);
    const int before = list->count;
    const walk w = {list, skip, length + (path[length - 1] != '/'), fresh};
    if (!walk_folder(&w, path))
        return false;
    if (list->count > before)
        return true;
    job *j = append(list, path, 0);
    if (j)
        job_fail(j, "folder has no sound files%s",
                 fresh ? " that are not yet enhanced" : "");
    return j != NULL;
}

bool jobs_add(job_list *list, const char *path, const struct stat *skip, bool fresh)
{
    struct stat st;
    const bool there = stat(path, &st) == 0;
    const int error = errno;
    if (there && S_ISDIR(st.st_mode))
        return add_folder(list, path, skip, fresh);

    const char *slash = strrchr(path, '/');
    job *j = append(list, path, slash ? (size_t)(slash + 1 - path) : 0);
    if (!j)
        return false;
    if (!there && !strcmp(path, "-"))
        job_fail(j, "standard input is not supported; name a file");
    else if (!there)
        job_fail(j, "%s", strerror(error));
    else
        describe(j, &st);
    return true;
}
