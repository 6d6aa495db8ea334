/* info.c - dfnet4 info: what a model consists of and what it costs. */
#include "info.h"
#include "cli.h"

#include <dfnet4/stream.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is shown. */
typedef struct subject {
    const char *what, *name; /* "file" and its path, "embedded" or "preset" */
    const dfn_model *model;
    info_part part[2];
} subject;

typedef struct totals {
    size_t parameters, state_bytes;
    uint64_t macs;
    int latency; /* samples at 48 kHz */
} totals;

static const char *const metadata[] = {"licence",       "license",       "source",
                                       "version",       "sha256",        "validation",
                                       "trained_hours", "recipe_sha256", "quantised"};
enum { N_METADATA = sizeof metadata / sizeof metadata[0], RATE = 48000 };

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'j', "json", NULL, "Print JSON, with every layer"},
        {'d', "dot", NULL, "Print a picture of the layers, in Graphviz's language"},
        {'a', "all", NULL, "List layers without weights, cost and state, too"},
        {'c', "config", "FILE", "Show the network that this configuration (INI) describes"},
        {'p', "preset", "NAME", "Show one of the networks full, lite, full-ll and lite-ll"},
        {'t', "template", "NAME", "Print the configuration of such a network, explained"},
        {0},
    };
    return list;
}

static void add_up(totals *t, const dfn_graph *g)
{
    t->parameters += dfn_graph_parameters(g);
    t->macs += dfn_graph_macs(g);
    t->state_bytes += dfn_state_bytes(g, DFN_F32);
}

/* Latency is a stream's: it adds blocking to what the network needs. */
static bool measure(totals *t, const subject *s, dfn_error *err)
{
    *t = (totals){0};
    add_up(t, s->part[0].graph);
    add_up(t, s->part[1].graph);
    const dfn_stream_config live = {.sample_rate = RATE, .channels = 1};
    return dfn_stream_find_latency(&t->latency, s->model, &live, err) == DFN_OK;
}

static json_t *layer_json(const char *part_name, const dfn_node_info *n)
{
    return json_pack("{s:s, s:o, s:s, s:[iii], s:i, s:I, s:I, s:I}", "graph", part_name,
                     "name", cli_json_text(n->name), "op", n->op, "shape", n->shape.d[0],
                     n->shape.d[1], n->shape.d[2], "frames", n->shape.t, "parameters",
                     (json_int_t)n->parameters, "macs_per_hop", (json_int_t)n->macs,
                     "state_bytes", (json_int_t)(n->state * sizeof(float)));
}

static bool print_json(const subject *s, const totals *t)
{
    const dfn_model_info *info = dfn_model_get_info(s->model);
    json_t *layers = json_array(), *about = json_object();
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < dfn_graph_node_count(s->part[p].graph); i++) {
            const dfn_node_info n = dfn_graph_node(s->part[p].graph, i);
            json_array_append_new(layers, layer_json(s->part[p].name, &n));
        }
    for (int i = 0; i < N_METADATA; i++)
        if (dfn_model_metadata(s->model, metadata[i]))
            json_object_set_new(about, metadata[i],
                                cli_json_text(dfn_model_metadata(s->model, metadata[i])));
    return cli_json_print(json_pack(
        "{s:o, s:s, s:o, s:I, s:I, s:I, s:i, s:f, s:i, s:i, s:i, s:i, s:i, s:i, s:o}",
        s->what, cli_json_text(s->name), "model", info->kind, "metadata", about,
        "parameters", (json_int_t)t->parameters, "macs_per_hop", (json_int_t)t->macs,
        "state_bytes", (json_int_t)t->state_bytes, "latency_samples", t->latency,
        "latency_ms", 1000.0 * t->latency / RATE, "sample_rate", info->sample_rate,
        "hop_size", info->hop_size, "fft_size", info->fft_size, "erb_bands", info->nb_erb,
        "df_bins", info->nb_df, "df_order", info->df_order, "layers", layers));
}

/* A long name loses its middle: both its beginning and its end tell layers apart. */
static void shorten(char *out, int room, const char *name)
{
    const int length = (int)strlen(name), head = room / 2 - 1, tail = room - head - 3;
    if (length < room)
        snprintf(out, (size_t)room, "%s", name);
    else
        snprintf(out, (size_t)room, "%.*s..%s", head, name, name + length - tail);
}

static void print_layer(const dfn_node_info *n)
{
    char name[23], shape[40];
    shorten(name, sizeof name, n->name);
    snprintf(shape, sizeof shape, "%dx%dx%d", n->shape.d[0], n->shape.d[1], n->shape.d[2]);
    cli_line("  %-22s %-16.16s %9s %8zu %9" PRIu64 " %8zu", name, n->op, shape,
             n->parameters, n->macs, n->state * sizeof(float));
}

static void print_table(const subject *s, const totals *t, bool all)
{
    cli_line("  %-22s %-16s %9s %8s %9s %8s", "LAYER", "OP", "SHAPE", "PARAMS", "MACS/HOP",
             "STATE B");
    for (int p = 0; p < 2; p++) {
        cli_line("%s", s->part[p].name);
        for (int i = 0; i < dfn_graph_node_count(s->part[p].graph); i++) {
            const dfn_node_info n = dfn_graph_node(s->part[p].graph, i);
            if (all || n.parameters || n.macs || n.state)
                print_layer(&n);
        }
    }
    cli_line("%-49s   %8zu %9" PRIu64 " %8zu", "total", t->parameters, t->macs,
             t->state_bytes);
}

/* "name        text", in lines that fit; metadata may be long. */
static void print_field(const char *name, const char *text)
{
    enum { ROOM = 67 };
    do {
        int n = (int)strlen(text);
        if (n > ROOM) {
            n = ROOM;
            while (n > 0 && text[n] != ' ')
                n--;
            n = n > 0 ? n : ROOM; /* a word longer than a line */
        }
        cli_line("%-11s %.*s", name, n, text);
        name = "";
        text += n + (text[n] == ' ');
    } while (*text);
}

static void print_text(const subject *s, const totals *t, bool all)
{
    const dfn_model_info *info = dfn_model_get_info(s->model);
    cli_line("%-11s %s", s->what, s->name);
    cli_line("model       %s", info->kind);
    for (int i = 0; i < N_METADATA; i++)
        if (dfn_model_metadata(s->model, metadata[i]))
            print_field(metadata[i], dfn_model_metadata(s->model, metadata[i]));
    cli_line("signal      %d Hz, %d-point transform every %d samples (a hop)",
             info->sample_rate, info->fft_size, info->hop_size);
    cli_line("output      %d ERB bands; deep filter of order %d on %d bins", info->nb_erb,
             info->df_order, info->nb_df);
    cli_line("latency     %d samples at %d Hz, %.3g ms", t->latency, RATE,
             1000.0 * t->latency / RATE);
    cli_line("cost        %zu parameters, %.3f million MACs per second", t->parameters,
             (double)t->macs * info->sample_rate / info->hop_size / 1e6);
    cli_line("state       %zu bytes for each stream", t->state_bytes);
    cli_line(" ");
    print_table(s, t, all);
}

typedef enum form { FORM_TEXT, FORM_ALL, FORM_JSON, FORM_DOT } form;

static bool show(const subject *s, form f)
{
    dfn_error err;
    totals t;
    if (!measure(&t, s, &err)) {
        cli_error(s->name, "%s", err.text);
        return false;
    }
    if (f == FORM_DOT)
        return info_print_dot(s->name, s->part);
    if (f == FORM_JSON)
        return print_json(s, &t);
    print_text(s, &t, f == FORM_ALL);
    return true;
}

static const char *what_is(const info_source *source, const char *name)
{
    if (source->preset)
        return "preset";
    return !source->config && cli_is_embedded(name) ? "embedded" : "file";
}

static bool open_and_show(const info_source *source, form f)
{
    char *name;
    dfn_model *model = info_open(source, &name);
    bool good = false;
    if (model) {
        const subject s = {
            .what = what_is(source, name),
            .name = name,
            .model = model,
            .part = {{"net", dfn_model_net(model)}, {"apply", dfn_model_apply(model)}}};
        good = show(&s, f);
    }
    dfn_model_free(model);
    free(name);
    return good;
}

/* `name`, if there is such a preset; or exit with a message. */
static const char *preset(const cli_command *self, const char *option, const char *name)
{
    if (!dfn_preset_text(name))
        cli_usage(self, "'--%s=%s': there are full, lite, full-ll and lite-ll", option,
                  name);
    return name;
}

static int run(const cli_command *self, int argc, char **argv)
{
    form f = FORM_TEXT;
    info_source source = {0};
    const char *template = NULL;
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        switch (key) {
        case 'j': f = FORM_JSON; break;
        case 'a': f = f == FORM_TEXT ? FORM_ALL : f; break;
        case 'd': f = FORM_DOT; break;
        case 'c': source.config = optarg; break;
        case 'p': source.preset = preset(self, "preset", optarg); break;
        case 't': template = preset(self, "template", optarg); break;
        }
    if (argc - optind > 1)
        cli_usage(self, "more than one MODEL");
    if (optind < argc)
        source.model = argv[optind];
    if (!!source.model + !!source.config + !!source.preset + !!template > 1)
        cli_usage(self, "only one of MODEL, --config, --preset and --template");
    if (!template)
        return open_and_show(&source, f) ? CLI_OK : CLI_FAILED;
    fputs(dfn_preset_text(template), stdout); /* the end of the program sees failures */
    return CLI_OK;
}

const cli_command cli_info = {
    .name = "info",
    .arguments = "[OPTION]... [MODEL]",
    .summary = "Show a model's layers, size, cost and latency",
    .about = "Show what a model consists of and what it costs to run, or a network that "
             "has no weights yet. MODEL is a file, or lite, the one inside the program. "
             "Without MODEL, the one that 'dfnet4 enhance' would use.",
    .notes =
        "A hop is the step from one transform to the next, 10 ms. Shapes are of one\n"
        "frame. MACs are multiply-adds; state is what one stream keeps from hop to hop.\n"
        "Latency is from a sample in to the same sample out of a stream at 48 kHz;\n"
        "'dfnet4 enhance' takes it out.\n"
        "\nExamples:\n"
        "  dfnet4 info\n"
        "  dfnet4 info --preset=lite\n"
        "  dfnet4 info --template=lite > mine.ini\n"
        "  dfnet4 info --config=mine.ini\n"
        "  dfnet4 info --dot | dot -Tsvg -o network.svg\n"
        "  dfnet4 info --json dfnet3.safetensors | jq .latency_samples\n",
    .options = options,
    .run = run,
};
