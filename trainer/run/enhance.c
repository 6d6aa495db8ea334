#include "run/enhance.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 64, ALIGN = 64, CONTROLS = 3 };

/* One of the two graphs of a model. */
typedef struct side {
    const dfn_graph *graph;
    const void *const *weights;
    dfn_plan *plan;
    void *state;
} side;

typedef struct work {
    const dfn_model_info *info;
    dfn_stft *stft;
    side net, apply;
    float *net_spec, *net_wave, *apply_spec, *enhanced; /* in the plans */
    struct {
        const float *made;
        float *used;
        size_t size;
    } control[CONTROLS]; /* what `net` makes for `apply` */
    int n_control;
    float *analysis, *synthesis, *hop; /* memories of a hop each, and one hop */
    void *block;
} work;

static dfn_status open_side(side *s, const dfn_graph *graph, const void *const *weights,
                            unsigned cpu, dfn_error *err)
{
    if (!graph || !weights || dfn_graph_offline(graph))
        return dfn_fail(err, DFN_ERR_ARG, "a model that does not run");
    const dfn_plan_config config = {
        .batch = 1, .frames = FRAMES, .mode = DFN_INFER, .precision = DFN_F32, .cpu = cpu};
    *s = (side){.graph = graph, .weights = weights};
    const dfn_status status = dfn_plan_new(&s->plan, graph, &config, err);
    if (status)
        return status;
    const size_t bytes = dfn_state_bytes(graph, DFN_F32);
    s->state = aligned_alloc(ALIGN, (bytes / ALIGN + 1) * ALIGN);
    if (!s->state)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the state of a network");
    dfn_state_reset(graph, DFN_F32, s->state);
    return DFN_OK;
}

static void close_side(side *s)
{
    dfn_plan_free(s->plan);
    free(s->state);
}

/* Where a value of `size` numbers per frame lies (0: of any size); NULL if there is none.
 */
static float *port(const side *s, const char *name, size_t size)
{
    const dfn_value v = dfn_graph_find(s->graph, name);
    if (v < 0 || (size && dfn_shape_frame(dfn_graph_shape(s->graph, v)) != size))
        return NULL;
    return dfn_plan_data(s->plan, v);
}

static dfn_status open_ports(work *w, dfn_error *err)
{
    static const char *const controls[CONTROLS] = {"mask", "coefs", "keep"};
    const size_t spec = 2 * (size_t)w->info->bins, hop = (size_t)w->info->hop_size;
    w->net_spec = port(&w->net, "spec", spec);
    w->net_wave = port(&w->net, "wave", hop);
    w->apply_spec = port(&w->apply, "spec", spec);
    w->enhanced = port(&w->apply, "enhanced", spec);
    for (int i = 0; i < CONTROLS; i++) {
        const dfn_value v = dfn_graph_find(w->apply.graph, controls[i]);
        if (v < 0)
            continue;
        const size_t size = dfn_shape_frame(dfn_graph_shape(w->apply.graph, v));
        w->control[w->n_control].size = size;
        w->control[w->n_control].used = port(&w->apply, controls[i], size);
        w->control[w->n_control].made = port(&w->net, controls[i], size);
        if (!w->control[w->n_control++].made)
            return dfn_fail(err, DFN_ERR_UNSUPPORTED, "the model makes no '%s'",
                            controls[i]);
    }
    if (!w->net_spec || !w->apply_spec || !w->enhanced ||
        (!w->net_wave && dfn_graph_find(w->net.graph, "wave") >= 0))
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "the model has other inputs and outputs");
    return DFN_OK;
}

static dfn_status open_work(work *w, const dfn_model *m, unsigned cpu, dfn_error *err)
{
    w->info = dfn_model_get_info(m);
    const size_t hop = (size_t)w->info->hop_size;
    dfn_status status =
        open_side(&w->net, dfn_model_run_net(m), dfn_model_run_weights(m), cpu, err);
    if (!status)
        status =
            open_side(&w->apply, dfn_model_apply(m), dfn_model_apply_weights(m), cpu, err);
    if (!status)
        status = open_ports(w, err);
    if (!status)
        status = dfn_stft_new(&w->stft, w->info->fft_size, w->info->hop_size, cpu, err);
    if (status)
        return status;
    w->block = calloc(3 * hop, sizeof(float));
    if (!w->block)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a hop");
    w->analysis = w->block;
    w->synthesis = w->analysis + hop;
    w->hop = w->synthesis + hop;
    return DFN_OK;
}

/* Spectra of `frames` frames from sample `at` on; silence after the end. */
static void analyse(work *w, const float *in, size_t n, size_t at, int frames)
{
    const size_t hop = (size_t)w->info->hop_size, spec = 2 * (size_t)w->info->bins;
    for (int t = 0; t < frames; t++, at += hop) {
        const size_t count = at >= n ? 0 : n - at < hop ? n - at : hop;
        if (count)
            memcpy(w->hop, in + at, count * sizeof *in);
        memset(w->hop + count, 0, (hop - count) * sizeof *in);
        dfn_stft_analyse(w->stft, w->net_spec + (size_t)t * spec, w->analysis, w->hop);
        if (w->net_wave)
            memcpy(w->net_wave + (size_t)t * hop, w->hop, hop * sizeof *in);
    }
    memcpy(w->apply_spec, w->net_spec, (size_t)frames * spec * sizeof *in);
}

static void run(work *w, int frames)
{
    dfn_run(w->net.plan, w->net.weights, &w->net.state, frames);
    for (int i = 0; i < w->n_control; i++)
        memcpy(w->control[i].used, w->control[i].made,
               (size_t)frames * w->control[i].size * sizeof(float));
    dfn_run(w->apply.plan, w->apply.weights, &w->apply.state, frames);
}

/* The sound of `frames` frames, from sample `at` - delay of the output on. */
static void synthesise(work *w, float *out, size_t n, size_t at, size_t delay, int frames)
{
    const size_t hop = (size_t)w->info->hop_size, spec = 2 * (size_t)w->info->bins;
    for (int t = 0; t < frames; t++, at += hop) {
        dfn_stft_synthesise(w->stft, w->hop, w->synthesis, w->enhanced + (size_t)t * spec);
        for (size_t i = 0; i < hop; i++)
            if (at + i >= delay && at + i - delay < n)
                out[at + i - delay] = w->hop[i];
    }
}

dfn_status dfn_enhance(const dfn_model *m, const float *in, size_t n, float *out,
                       unsigned cpu, dfn_error *err)
{
    work w = {0};
    const dfn_status status = open_work(&w, m, cpu, err);
    if (!status) {
        const size_t hop = (size_t)w.info->hop_size;
        const size_t delay = (size_t)(w.info->fft_size - w.info->hop_size +
                                      w.info->lookahead * w.info->hop_size);
        /* Output is behind input, so that out may be in. */
        for (size_t at = 0; at < n + delay; at += FRAMES * hop) {
            const size_t left = (n + delay - at + hop - 1) / hop;
            const int frames = left < FRAMES ? (int)left : FRAMES;
            analyse(&w, in, n, at, frames);
            run(&w, frames);
            synthesise(&w, out, n, at, delay, frames);
        }
    }
    close_side(&w.net);
    close_side(&w.apply);
    dfn_stft_free(w.stft);
    free(w.block);
    return status;
}
