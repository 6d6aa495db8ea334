/* The settings of the daemon. Whatever a file says, what is taken is whole, can be printed
 * and reads back to the same; a fault is told with the name of the file. */
#include "config.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check(const dfnd_config *c)
{
    if (c->count < 0 || c->count > DFND_INSTANCES)
        abort();
    for (int i = 0; i < c->count; i++) {
        const dfnd_instance_config *s = &c->instance[i];
        const bool whole = strlen(s->name) - 1 < DFND_NAME - 1 &&
                           strlen(s->device) < DFND_TEXT && strlen(s->model) < DFND_PATH &&
                           s->channels >= 1 && s->channels <= 2;
        if (!whole)
            abort();
        for (int p = 0; p < DFN_PARAM_COUNT; p++) {
            const dfn_param_info *info = dfn_param_get_info((dfn_param)p);
            if (!(s->param[p] >= info->min && s->param[p] <= info->max))
                abort();
        }
    }
}

static void print_and_compare(const dfnd_config *c)
{
    static dfnd_config back;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        abort();
    dfnd_config_print(f, c);
    fclose(f);
    dfnd_config_default(&back);
    if (dfnd_config_parse(&back, text, size, "printed", NULL) || back.count != c->count)
        abort();
    for (int i = 0; i < c->count; i++) {
        const dfnd_instance_config *a = &c->instance[i], *b = &back.instance[i];
        if (strcmp(a->name, b->name) || strcmp(a->device, b->device) ||
            strcmp(a->description, b->description) || strcmp(a->model, b->model) ||
            memcmp(a->param, b->param, sizeof a->param) || a->direction != b->direction ||
            a->smart != b->smart || a->channels != b->channels)
            abort();
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dfnd_config c;
    dfn_error err;
    dfnd_config_default(&c);
    const dfn_status status =
        dfnd_config_parse(&c, (const char *)data, size, "fuzz/conf", &err);
    check(&c);
    if (status && strncmp(err.text, "fuzz/conf:", 10))
        abort();
    if (!status)
        print_and_compare(&c);
    return 0;
}
