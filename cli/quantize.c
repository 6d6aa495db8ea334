/* quantize.c - dfnet4 quantize: a model with fewer bits, and what that costs. */
#include "quantize.h"

#include <dfnet4/cpu.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_PRECISION = 256, KEY_CALIBRATE, KEY_TARGET };

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {KEY_PRECISION, "precision", "P", "Weights as int8 (the default) or bf16"},
        {'o', "output", "FILE",
         "Write the model here; default: NAME-int8.safetensors beside MODEL"},
        {'f', "force", NULL, "Replace FILE if it exists"},
        {KEY_CALIBRATE, "calibrate", "PATH",
         "Compare with float32 on this sound file or folder; may be repeated. Default: 20 "
         "s "
         "of made-up speech and noise"},
        {KEY_TARGET, "target-db", "dB",
         "Least segmental SNR to float32, 0 to 59; default: 30 for int8, 45 for bf16"},
        {'j', "json", NULL, "Print the report as JSON"},
        {'q', "quiet", NULL, "Print errors only"},
        {0},
    };
    return list;
}

static dfn_weight_format precision(const cli_command *self)
{
    if (!strcmp(optarg, "int8"))
        return DFN_WEIGHTS_INT8;
    if (strcmp(optarg, "bf16"))
        cli_usage(self, "--precision does not know '%s'", optarg);
    return DFN_WEIGHTS_BF16;
}

/* owner: the caller frees it; NULL: out of memory */
static char *default_output(const char *model, dfn_weight_format f)
{
    static const char extension[] = ".safetensors";
    const size_t n = strlen(model), tail = sizeof extension - 1, room = n + 32;
    const bool has = n > tail && !strcmp(model + n - tail, extension);
    char *name = malloc(room);
    if (name)
        snprintf(name, room, "%.*s-%s%s", (int)(has ? n - tail : n), model,
                 quantize_format_name(f), extension);
    return name;
}

static double packed_bytes(const dfn_model *m)
{
    const dfn_graph *g = dfn_model_run_net(m);
    double floats = 0;
    for (int i = 0; i < dfn_graph_weight_count(g); i++)
        floats += (double)dfn_graph_weight(g, i)->count;
    return 4 * floats;
}

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : (double)NAN;
}

static bool load(quantize_job *j, dfn_error *err)
{
    const char *path = j->settings->model_path;
    if (cli_load_model(&j->plain, path, err))
        return false;
    if (!dfn_model_quantised(j->plain))
        return !cli_load_model(&j->model, path, err);
    dfn_fail(err, DFN_ERR_ARG, "%s: is quantised already; start from the float32 model",
             path);
    return false;
}

/* What the file said about itself, and what we did to it. */
static bool write_model(quantize_job *j, dfn_error *err)
{
    static const char *const key[] = {"source",      "licence", "license", "title",
                                      "description", "author",  "url",     "version"};
    enum { KEYS = sizeof key / sizeof key[0] };
    dfn_text_pair pair[KEYS + 1];
    size_t n = 0;
    char did[100];
    for (int i = 0; i < KEYS; i++)
        if (dfn_model_metadata(j->model, key[i]))
            pair[n++] = (dfn_text_pair){key[i], dfn_model_metadata(j->model, key[i])};
    snprintf(did, sizeof did, "%s, %d layers kept, segmental SNR to float32 %.2f dB",
             quantize_format_name(j->settings->format), j->kept, j->score.snr);
    pair[n++] = (dfn_text_pair){"quantised", did};
    sigset_t before;
    cli_hold_signals(&before);
    j->written = !dfn_model_write_quantised(j->model, j->settings->output, pair, n, err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    j->after.file = file_bytes(j->settings->output);
    return j->written;
}

static bool report(const quantize_job *j)
{
    const quantize_settings *s = j->settings;
    if (s->json)
        return quantize_print_json(j);
    if (!s->quiet)
        quantize_print(j);
    return true;
}

static int quantize(quantize_job *j)
{
    const quantize_settings *s = j->settings;
    dfn_error err;
    if (!load(j, &err)) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    if (!quantize_choose(j, &err) || !quantize_time(j, &err)) {
        cli_error(s->model_path, "%s", err.text);
        return CLI_FAILED;
    }
    j->before.file =
        cli_is_embedded(s->model_path) ? (double)NAN : file_bytes(s->model_path);
    j->before.packed = packed_bytes(j->plain);
    j->after.packed = packed_bytes(j->model);
    const bool enough =
        j->score.snr >= s->target && dfn_model_precision(j->model) == s->format;
    if (enough && !write_model(j, &err)) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    const bool told = report(j);
    if (!enough)
        cli_error(s->model_path,
                  "the target of %g dB leaves no layer in %s; nothing is written",
                  s->target, quantize_format_name(s->format));
    return enough && told ? CLI_OK : CLI_FAILED;
}

/* Options into `s`; paths of sound into paths[], which has room for all arguments. */
static int read_options(const cli_command *self, quantize_settings *s, int argc,
                        char **argv, char **paths)
{
    int n = 0;
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        switch (key) {
        case KEY_PRECISION: s->format = precision(self); break;
        case KEY_CALIBRATE: paths[n++] = optarg; break;
        case KEY_TARGET: s->target = cli_number(self, "target-db", 0, 59); break;
        case 'o': s->output = optarg; break;
        case 'f': s->force = true; break;
        case 'j': s->json = true; break;
        case 'q': s->quiet = true; break;
        }
    if (argc - optind != 1)
        cli_usage(self, argc == optind ? "no MODEL" : "more than one MODEL");
    if (s->output && !*s->output)
        cli_usage(self, "--output has an empty value");
    if (s->target < 0)
        s->target = s->format == DFN_WEIGHTS_INT8 ? 30 : 45;
    s->model_path = argv[optind];
    return n;
}

static int run(const cli_command *self, int argc, char **argv)
{
    quantize_settings s = {.format = DFN_WEIGHTS_INT8, .target = -1};
    quantize_job j = {.settings = &s};
    s.cpu = dfn_cpu_detect();
    char **paths = calloc((size_t)argc, sizeof *paths);
    if (!paths) {
        cli_error(NULL, "out of memory");
        return CLI_FAILED;
    }
    const int n = read_options(self, &s, argc, argv, paths);
    s.progress = !s.quiet && isatty(STDERR_FILENO);
    char *made = s.output ? NULL : default_output(s.model_path, s.format);
    s.output = s.output ? s.output : made;
    int status = CLI_FAILED;
    if (!s.output)
        cli_error(NULL, "out of memory");
    else if (cli_may_write(cli_is_embedded(s.model_path) ? NULL : s.model_path, s.output,
                           s.force) &&
             quantize_sound_read(&j.sound, paths, n))
        status = quantize(&j);
    dfn_model_free(j.plain);
    dfn_model_free(j.model);
    quantize_sound_free(&j.sound);
    free(j.layer);
    free(made);
    free(paths);
    return status;
}

const cli_command cli_quantize = {
    .name = "quantize",
    .arguments = "[OPTION]... MODEL",
    .summary = "Make a model smaller and faster: int8 or bf16",
    .about =
        "Write MODEL with its matrices in fewer bits, and report how near its sound comes "
        "to "
        "that of float32. Layers that lose too much, worst first, keep more bits (bf16 in "
        "an int8 model, float32 in a bf16 one) until the segmental SNR reaches the target; "
        "if that leaves none, nothing is written.",
    .notes =
        "The scales of activations are found as they come, so no ranges are calibrated:\n"
        "the sound serves the choice of layers and the report. Of a file, the first\n"
        "minute is used. Times per hop are rough; 'dfnet4 bench' measures them.\n"
        "\nExamples:\n"
        "  dfnet4 quantize dfnet3.safetensors       write dfnet3-int8.safetensors\n"
        "  dfnet4 quantize --calibrate=talks/ --target-db=35 dfnet3.safetensors\n"
        "  dfnet4 quantize --precision=bf16 -o small.safetensors dfnet3.safetensors\n",
    .options = options,
    .run = run,
};
