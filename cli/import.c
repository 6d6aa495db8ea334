/* import.c - dfnet4 import: make a model file from an official one. */
#include "cli.h"

#include <dfnet4/import.h>
#include <dfnet4/model.h>
#include <signal.h>
#include <unistd.h>

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'o', "output", "FILE", "Write the model here (a .safetensors file); needed"},
        {'f', "force", NULL, "Replace FILE if it exists"},
        {0},
    };
    return list;
}

/* Read back what was written: a model that cannot be used is no success. */
static int confirm(const char *output)
{
    dfn_error err;
    dfn_model *model;
    if (dfn_model_load(&model, output, &err) != DFN_OK) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    cli_line("%s: %s, %zu parameters", output, dfn_model_get_info(model)->kind,
             dfn_graph_parameters(dfn_model_net(model)));
    dfn_model_free(model);
    return CLI_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    const char *output = NULL;
    bool force = false;
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;) {
        if (key == 'o')
            output = optarg;
        else
            force = true;
    }
    if (argc - optind != 1)
        cli_usage(self, argc == optind ? "no SOURCE" : "more than one SOURCE");
    if (!output || !*output)
        cli_usage(self, "no output; name one with -o FILE");
    const char *source = argv[optind];
    if (!cli_may_write(source, output, force))
        return CLI_FAILED;

    /* It takes a moment only: let Ctrl-C wait, so that no half file stays behind. */
    sigset_t before;
    cli_hold_signals(&before);
    dfn_error err;
    const dfn_status status = dfn_import(source, output, &err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (status != DFN_OK) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    return confirm(output);
}

const cli_command cli_import = {
    .name = "import",
    .arguments = "SOURCE -o FILE",
    .summary = "Make a model file from the official DeepFilterNet3 files",
    .about =
        "Make a model file (safetensors) from the official DeepFilterNet3 weights. SOURCE "
        "is the folder with enc.onnx, erb_dec.onnx, df_dec.onnx and config.ini, or the "
        "archive with them, DeepFilterNet3_onnx.tar.gz, as found in the folder 'models' of "
        "the DeepFilterNet project.",
    .notes = "Examples:\n"
             "  dfnet4 import DeepFilterNet3_onnx.tar.gz -o dfnet3.safetensors\n"
             "  dfnet4 enhance --model dfnet3.safetensors talk.wav\n"
             "\nUsed without --model, instead of the one inside the program, is\n"
             "  ~/.local/share/dfnet4/default.safetensors\n",
    .options = options,
    .run = run,
};
