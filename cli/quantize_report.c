/* quantize_report.c - what became of a model, for people and for programs. */
#include "quantize.h"

#include <math.h>

const char *quantize_format_name(dfn_weight_format f)
{
    return f == DFN_WEIGHTS_INT8 ? "int8" : f == DFN_WEIGHTS_BF16 ? "bf16" : "float32";
}

static void reason(char *text, size_t size, const quantize_layer *l)
{
    if (l->reason == QUANTIZE_SMALL)
        snprintf(text, size, "too small");
    else if (l->reason == QUANTIZE_FEW)
        snprintf(text, size, "few inputs");
    else if (l->reason == QUANTIZE_TAKEN)
        snprintf(text, size, "lossless enough");
    else if (isfinite(l->snr))
        snprintf(text, size, "kept in %s: %.1f dB alone", quantize_format_name(l->format),
                 l->snr);
    else
        snprintf(text, size, "kept in %s", quantize_format_name(l->format));
}

static void print_layers(const quantize_job *j)
{
    cli_line("%-30s %-8s %8s  %s", "layer", "format", "SNR dB", "reason");
    for (int v = 0; v < j->nodes; v++) {
        const quantize_layer *l = &j->layer[v];
        char why[80], snr[32] = "-";
        if (l->reason == QUANTIZE_NO_MATRIX)
            continue;
        reason(why, sizeof why, l);
        if (isfinite(l->snr))
            snprintf(snr, sizeof snr, "%.1f", l->snr);
        cli_line("%-30s %-8s %8s  %s", dfn_graph_node(dfn_model_net(j->model), v).name,
                 quantize_format_name(l->format), snr, why);
    }
}

static void print_size(const char *what, const quantize_size *s, bool file)
{
    char bytes[32] = "-";
    if (file && isfinite(s->file)) /* the embedded model is no file */
        snprintf(bytes, sizeof bytes, "%.0f", s->file / 1024);
    cli_line("%-10s %12s %12.0f %12.1f", what, bytes, s->packed / 1024, s->hop_us);
}

void quantize_print(const quantize_job *j)
{
    const quantize_sound *s = &j->sound;
    print_layers(j);
    cli_line("%s", "");
    cli_line("%-10s %12s %12s %12s", "", "file KiB", "packed KiB", "us per hop");
    print_size("float32", &j->before, true);
    print_size(quantize_format_name(j->settings->format), &j->after, j->written);
    cli_line("%s", "");
    cli_line("Segmental SNR %.2f dB, SI-SDR %.2f dB, log-spectral distance %.2f dB",
             j->score.snr, j->score.si_sdr, j->score.lsd);
    cli_line("to float32, in %.1f s of %s%s.", s->seconds,
             s->made ? "made-up speech and noise" : "the sound given",
             s->cut ? " (cut)" : "");
    cli_line(
        "The sound serves the choice of layers and this report: activations get their");
    cli_line("scales as they come. 'dfnet4 bench' measures times properly.");
}

/* NaN and infinity are no numbers in JSON. */
static json_t *number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static json_t *bytes(double x)
{
    return isfinite(x) ? json_integer((json_int_t)x) : json_null();
}

static json_t *size_json(const quantize_size *s, bool file)
{
    return json_pack("{s:o, s:o, s:o}", "file_bytes", file ? bytes(s->file) : json_null(),
                     "packed_bytes", bytes(s->packed), "hop_us", number(s->hop_us));
}

static json_t *layers_json(const quantize_job *j)
{
    json_t *list = json_array();
    for (int v = 0; v < j->nodes; v++) {
        const quantize_layer *l = &j->layer[v];
        const dfn_node_info n = dfn_graph_node(dfn_model_net(j->model), v);
        char why[80];
        if (l->reason == QUANTIZE_NO_MATRIX)
            continue;
        reason(why, sizeof why, l);
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o, s:s}", "name",
                                              cli_json_text(n.name), "op", n.op, "format",
                                              quantize_format_name(l->format), "snr_db",
                                              number(l->snr), "reason", why));
    }
    return list;
}

bool quantize_print_json(const quantize_job *j)
{
    const quantize_settings *s = j->settings;
    json_t *o = json_object();
    json_object_set_new(o, "model", cli_json_text(s->model_path));
    json_object_set_new(o, "output", cli_json_text(s->output));
    json_object_set_new(o, "written", json_boolean(j->written));
    json_object_set_new(o, "precision", json_string(quantize_format_name(s->format)));
    json_object_set_new(o, "target_db", number(s->target));
    json_object_set_new(o, "segmental_snr_db", number(j->score.snr));
    json_object_set_new(o, "segments", json_integer(j->score.segments));
    json_object_set_new(o, "si_sdr_db", number(j->score.si_sdr));
    json_object_set_new(o, "log_spectral_distance_db", number(j->score.lsd));
    json_object_set_new(o, "calibration",
                        json_pack("{s:b, s:i, s:o, s:b}", "made", j->sound.made, "files",
                                  j->sound.made ? 0 : j->sound.count, "seconds",
                                  number(j->sound.seconds), "cut", j->sound.cut));
    json_object_set_new(o, "float32", size_json(&j->before, true));
    json_object_set_new(o, "quantised", size_json(&j->after, j->written));
    json_object_set_new(o, "layers_kept", json_integer(j->kept));
    json_object_set_new(o, "layers", layers_json(j));
    return cli_json_print(o);
}
