/* tiny.c - tiny FILE: write the small random model of the tests; tiny FILE PRESET: one of
 * that preset's size, with random weights. */
#include "tiny_model.h"

#include <dfnet4/model.h>
#include <stdio.h>

static int write_random(const char *path, const char *config)
{
    const dfn_text_pair about[] = {{"licence", "none"}, {"source", "chance"}};
    const char *preset = dfn_preset_text(config);
    dfn_error err;
    dfn_model *m = NULL;
    const bool good = !dfn_model_random(&m, preset ? preset : config, "random", 1, &err) &&
                      !dfn_model_write(m, path, NULL, NULL, about, 2, &err);
    if (!good)
        fprintf(stderr, "tiny: %s\n", err.text);
    dfn_model_free(m);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return write_random(argv[1], argv[2]);
    if (argc != 2)
        return 2;
    tiny_model_write(argv[1], &(tiny_model_config){.lookahead = 2});
    return 0;
}
