/* bench_source.c - the model of an argument. A preset becomes a file, so that loading it is
 * measured as well. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 4 };

/* In a child: the memory it takes must not be there when the next one is measured. */
static bool write_preset(int pipe, const void *context)
{
    const bench_source *s = context;
    dfn_model *model;
    dfn_error err;
    if (dfn_model_random(&model, dfn_preset_text(s->label), s->label, SEED, &err) ||
        dfn_model_write(model, s->path, NULL, NULL, NULL, 0, &err))
        return bench_tell_error(pipe, "%s", err.text);
    return true;
}

/* An empty file in the folder for temporary files. */
static char *make_file(void)
{
    static const char name[] = "/dfnet4-bench-XXXXXX";
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder)
        folder = "/tmp";
    const size_t room = strlen(folder) + sizeof name;
    char *path = malloc(room);
    if (!path) {
        cli_error(NULL, "out of memory");
        return NULL;
    }
    snprintf(path, room, "%s%s", folder, name);
    const int fd = mkstemp(path);
    if (fd >= 0) {
        close(fd);
        return path;
    }
    cli_error(folder, "%s, making a temporary model there", strerror(errno));
    free(path);
    return NULL;
}

bool bench_source_open(bench_source *s, const char *argument)
{
    *s = (bench_source){.label = argument, .preset = dfn_preset_text(argument) != NULL};
    if (!strcmp(argument, "default")) {
        s->path = cli_find_model(NULL);
        if (s->path && !cli_is_embedded(s->path))
            s->label = s->path;
        return s->path;
    }
    if (!s->preset) {
        s->path = strdup(argument);
        if (!s->path)
            cli_error(NULL, "out of memory");
        return s->path;
    }
    s->path = make_file();
    if (s->path && bench_in_child(argument, write_preset, s, NULL, NULL))
        return true;
    bench_source_close(s);
    return false;
}

void bench_source_close(bench_source *s)
{
    if (s->preset && s->path)
        unlink(s->path);
    free(s->path);
    s->path = NULL;
}
