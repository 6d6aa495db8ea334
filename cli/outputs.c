/* outputs.c - where each result goes, and that it destroys nothing. */
#include "batch.h"
#include "cli.h"
#include "format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* talk.wav -> talk-enhanced.wav, beside it. */
static char *name_beside(const char *input)
{
    const char *slash = strrchr(input, '/'), *dot = strrchr(input, '.');
    const char *base = slash ? slash + 1 : input;
    const size_t stem = dot && dot > base ? (size_t)(dot - input) : strlen(input);
    const size_t room = strlen(input) + sizeof OUTPUT_SUFFIX;
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%.*s%s%s", (int)stem, input, OUTPUT_SUFFIX, input + stem);
    return name;
}

static char *name_below(const char *folder, const char *tail)
{
    const size_t room = strlen(folder) + strlen(tail) + 2;
    char *name = malloc(room);
    const bool slash = *folder && folder[strlen(folder) - 1] == '/';
    if (name)
        snprintf(name, room, "%s%s%s", folder, slash ? "" : "/", tail);
    return name;
}

static char *name_output(const job *j, const enhance_settings *s)
{
    if (!s->output)
        return name_beside(j->input);
    return s->output_is_folder ? name_below(s->output, j->input + j->tail)
                               : strdup(s->output);
}

static int by_inode(const void *a, const void *b)
{
    const job *x = *(job *const *)a, *y = *(job *const *)b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static int by_output(const void *a, const void *b)
{
    const job *x = *(job *const *)a, *y = *(job *const *)b;
    const int order = strcmp(x->output, y->output);
    return order ? order : (x > y) - (x < y); /* the first one named wins */
}

/* Refuse an output that is there already. `inputs` is sorted by inode. */
static void check_existing(job *j, job **inputs, int n, bool force)
{
    struct stat st;
    if (lstat(j->output, &st) != 0)
        return; /* new; other troubles show when it is written */
    struct stat target;
    if (stat(j->output, &target) == 0) {
        const job key = {.device = target.st_dev, .inode = target.st_ino};
        const job *pkey = &key;
        if (bsearch(&pkey, inputs, (size_t)n, sizeof *inputs, by_inode)) {
            job_fail(j, "output %s is an input; choose another with -o", j->output);
            return;
        }
    }
    if (S_ISDIR(st.st_mode))
        job_fail(j, "output %s is a folder", j->output);
    else if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
        job_fail(j, "output %s is not a regular file", j->output);
    else if (!force)
        job_fail(j, "output %s exists already; --force replaces it", j->output);
}

bool jobs_plan(job_list *list, const enhance_settings *s)
{
    job **sorted = malloc(((size_t)list->count + 1) * sizeof *sorted);
    if (!sorted)
        return false;
    int n = 0;
    for (int i = 0; i < list->count; i++) {
        job *j = &list->job[i];
        if (j->state == JOB_FAILED)
            continue;
        j->output = name_output(j, s);
        if (!j->output) {
            free(sorted);
            return false;
        }
        sorted[n++] = j;
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_inode);
    for (int i = 0; i < list->count; i++)
        if (list->job[i].output)
            check_existing(&list->job[i], sorted, n, s->force);
    qsort(sorted, (size_t)n, sizeof *sorted, by_output);
    for (int i = 1; i < n; i++)
        if (sorted[i]->state == JOB_WAITING &&
            !strcmp(sorted[i]->output, sorted[i - 1]->output))
            job_fail(sorted[i], "output %s is also that of %s", sorted[i]->output,
                     sorted[i - 1]->input);
    free(sorted);
    return true;
}

bool make_folders(const char *path)
{
    char *copy = strdup(path);
    bool good = copy != NULL;
    for (char *p = copy; good && (p = strchr(p + 1, '/'));) {
        *p = '\0';
        good = mkdir(copy, 0777) == 0 || errno == EEXIST;
        *p = '/';
    }
    const int error = errno;
    free(copy);
    errno = error;
    return good;
}
