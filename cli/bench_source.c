/* bench_source.c - the model of an argument. A preset, or an INI file, becomes a model
 * file, so that loading it is measured as well. */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 4 };

/* In a child: the memory it takes must not be there when the next one is measured. */
static bool write_random(int pipe, const void *context)
{
    const bench_source *s = context;
    dfn_model *model;
    dfn_error err;
    if (dfn_model_random(&model, s->config, s->label, SEED, &err) ||
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

/* The configuration that `argument` names, or NULL: of a preset, or read into s->text. False
 * after a message. */
static bool find_config(bench_source *s, const char *argument)
{
    const size_t n = strlen(argument);
    s->config = dfn_preset_text(argument);
    if (s->config || n < 4 || strcmp(argument + n - 4, ".ini") != 0)
        return true;
    s->config = s->text = cli_config_text(argument);
    return s->text;
}

bool bench_source_open(bench_source *s, const char *argument)
{
    *s = (bench_source){.label = argument};
    if (!find_config(s, argument))
        return false;
    if (!strcmp(argument, "default")) {
        s->path = cli_find_model(NULL);
        if (s->path && !cli_is_embedded(s->path))
            s->label = s->path;
        return s->path;
    }
    if (!s->config) {
        s->path = strdup(argument);
        if (!s->path)
            cli_error(NULL, "out of memory");
        return s->path;
    }
    s->path = make_file();
    if (s->path && bench_in_child(argument, write_random, s, NULL, NULL))
        return true;
    bench_source_close(s);
    return false;
}

void bench_source_close(bench_source *s)
{
    if (s->config && s->path)
        unlink(s->path);
    free(s->path);
    free(s->text);
    *s = (bench_source){0};
}
