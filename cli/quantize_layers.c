/* quantize_layers.c - which layers are quantised: all that can be, but those that lose too
 * much, worst first. */
#include "quantize.h"

#include <math.h>
#include <stdlib.h>

static const double trial_seconds = 5; /* of sound, for one layer alone */

static void show(const quantize_job *j, const char *what, int done, int all)
{
    char text[100];
    snprintf(text, sizeof text, "%s: %d of %d", what, done, all);
    if (j->settings->progress)
        cli_bar(text);
}

static bool measure(quantize_job *j, const dfn_weight_format *format, double seconds,
                    quantize_score *score, dfn_error *err)
{
    return !dfn_model_set_formats(j->model, format, err) &&
           quantize_play(&j->sound, j->model, j->settings->cpu, seconds, false, err) &&
           quantize_compare(&j->sound, seconds, score, err);
}

/* What the library would do; what it leaves float32 although it could be quantised is too
 * small. */
static bool begin(quantize_job *j, dfn_weight_format *format, dfn_error *err)
{
    for (int v = 0; v < j->nodes; v++)
        format[v] = j->settings->format;
    if (dfn_model_set_formats(j->model, format, err))
        return false;
    for (int v = 0; v < j->nodes; v++)
        j->layer[v].reason = dfn_model_formats(j->model)[v] == DFN_WEIGHTS_F32
                                 ? QUANTIZE_NO_MATRIX
                                 : QUANTIZE_SMALL;
    if (dfn_model_set_precision(j->model, j->settings->format, err))
        return false;
    int taken = 0;
    for (int v = 0; v < j->nodes; v++) {
        j->layer[v].format = format[v] = dfn_model_formats(j->model)[v];
        j->layer[v].snr = (double)NAN;
        if (format[v] == DFN_WEIGHTS_F32)
            continue;
        const bool full = format[v] == j->settings->format;
        j->layer[v].reason = full ? QUANTIZE_TAKEN : QUANTIZE_FEW;
        taken += full;
    }
    if (!taken)
        dfn_fail(err, DFN_ERR_UNSUPPORTED,
                 "nothing to quantise: every layer of it is too small to gain from it");
    return taken;
}

/* Every quantised layer alone. */
static bool try_each(quantize_job *j, dfn_weight_format *format, dfn_error *err)
{
    int done = 0, all = 0;
    for (int v = 0; v < j->nodes; v++) {
        all += j->layer[v].reason == QUANTIZE_TAKEN;
        format[v] = DFN_WEIGHTS_F32;
    }
    for (int v = 0; v < j->nodes; v++) {
        quantize_score score;
        if (j->layer[v].reason != QUANTIZE_TAKEN)
            continue;
        show(j, "layers alone", done++, all);
        format[v] = j->settings->format;
        if (!measure(j, format, trial_seconds, &score, err))
            return false;
        j->layer[v].snr = score.snr;
        format[v] = DFN_WEIGHTS_F32;
    }
    return true;
}

/* The quantised layer that loses most; -1: there is none left. NaN is worst. */
static int worst(const quantize_job *j)
{
    int found = -1;
    for (int v = 0; v < j->nodes; v++)
        if (j->layer[v].reason == QUANTIZE_TAKEN &&
            (found < 0 || !(j->layer[v].snr >= j->layer[found].snr)))
            found = v;
    return found;
}

static bool improve(quantize_job *j, dfn_weight_format *format, dfn_error *err)
{
    const dfn_weight_format better =
        j->settings->format == DFN_WEIGHTS_INT8 ? DFN_WEIGHTS_BF16 : DFN_WEIGHTS_F32;
    int all = 0;
    for (int v = 0; v < j->nodes; v++) {
        all += j->layer[v].reason == QUANTIZE_TAKEN;
        format[v] = j->layer[v].format;
    }
    for (int v; !(j->score.snr >= j->settings->target) && (v = worst(j)) >= 0;) {
        show(j, "layers kept", ++j->kept, all);
        j->layer[v].reason = QUANTIZE_KEPT;
        j->layer[v].format = format[v] = better;
        if (!measure(j, format, (double)INFINITY, &j->score, err))
            return false;
    }
    return true;
}

static bool choose(quantize_job *j, dfn_weight_format *format, dfn_error *err)
{
    if (!begin(j, format, err))
        return false;
    show(j, "comparing", 0, 1);
    if (!quantize_play(&j->sound, j->plain, j->settings->cpu, (double)INFINITY, true,
                       err) ||
        !measure(j, format, (double)INFINITY, &j->score, err))
        return false;
    if (!j->score.segments) {
        dfn_fail(err, DFN_ERR_ARG,
                 "the sound to calibrate with is silent: float32 leaves nothing above -60 "
                 "dBFS");
        return false;
    }
    return j->score.snr >= j->settings->target ||
           (try_each(j, format, err) && improve(j, format, err));
}

bool quantize_choose(quantize_job *j, dfn_error *err)
{
    j->nodes = dfn_graph_node_count(dfn_model_net(j->model));
    j->layer = calloc((size_t)j->nodes, sizeof *j->layer);
    dfn_weight_format *format = calloc((size_t)j->nodes, sizeof *format);
    bool good = j->layer && format;
    if (!good)
        dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    good = good && choose(j, format, err);
    free(format);
    if (j->settings->progress)
        cli_bar("");
    return good;
}
