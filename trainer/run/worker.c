/* worker.c - samples to spectra, through the network, and the loss's gradient back.
 *
 * What the network makes at frame t belongs to frame t - lookahead. The target is analysed
 * as late, so that rows meet. */
#include "run/worker.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>
#include <string.h>

struct dfn_worker {
    dfn_worker_config config;
    const dfn_graph *g;
    const dfn_model_info *info;
    int frames;
    dfn_plan *plan;
    dfn_loss *loss;
    dfn_stft *stft;
    unsigned char *start; /* a state's start value; then one state for each clip */
    void **state;
    size_t state_bytes;
    float *target;     /* [clips][frames][bins][2] */
    float *memory;     /* [hop] of the transform */
    double *bandwidth; /* [clips] */
};

enum { ALIGN = 64 };

static size_t spectrum(const dfn_worker *w)
{
    return (size_t)w->frames * (size_t)w->info->bins * 2;
}

static dfn_status allocate(dfn_worker *w, dfn_error *err)
{
    const size_t clips = (size_t)w->config.clips;
    w->state_bytes = (dfn_state_bytes(w->g, DFN_F32) + ALIGN - 1) / ALIGN * ALIGN;
    w->start = aligned_alloc(ALIGN, (clips + 1) * w->state_bytes + ALIGN);
    w->state = calloc(clips, sizeof *w->state);
    w->target = calloc(clips * spectrum(w), sizeof *w->target);
    w->memory = calloc((size_t)w->info->hop_size, sizeof *w->memory);
    w->bandwidth = calloc(clips, sizeof *w->bandwidth);
    if (!w->start || !w->state || !w->target || !w->memory || !w->bandwidth)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for %zu clips of %d frames", clips,
                        w->frames);
    for (size_t b = 0; b < clips; b++)
        w->state[b] = w->start + (b + 1) * w->state_bytes;
    dfn_state_reset(w->g, DFN_F32, w->start);
    return DFN_OK;
}

dfn_status dfn_worker_new(dfn_worker **out, const dfn_worker_config *config, dfn_error *err)
{
    *out = NULL;
    dfn_worker *w = calloc(1, sizeof *w);
    if (!w)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a worker");
    w->config = *config;
    w->g = dfn_model_net(config->model);
    w->info = dfn_model_get_info(config->model);
    w->frames = (int)(config->samples / (size_t)w->info->hop_size);
    const dfn_plan_config plan = {.batch = config->clips,
                                  .frames = w->frames,
                                  .mode = config->mode,
                                  .cpu = config->cpu,
                                  .bf16 = config->bf16,
                                  .weights_only = true};
    dfn_status status = DFN_OK;
    if (w->frames <= w->info->lookahead)
        status = dfn_fail(err, DFN_ERR_ARG, "a clip of %zu samples is too short",
                          config->samples);
    if (!status)
        status = dfn_plan_new(&w->plan, w->g, &plan, err);
    if (!status)
        status =
            dfn_stft_new(&w->stft, w->info->fft_size, w->info->hop_size, config->cpu, err);
    if (!status)
        status = dfn_loss_new(&w->loss, config->loss, w->info, config->clips, w->frames,
                              config->cpu, err);
    if (!status)
        status = allocate(w, err);
    if (status)
        dfn_worker_free(w);
    else
        *out = w;
    return status;
}

void dfn_worker_free(dfn_worker *w)
{
    if (!w)
        return;
    dfn_plan_free(w->plan);
    dfn_stft_free(w->stft);
    dfn_loss_free(w->loss);
    free(w->start);
    free(w->state);
    free(w->target);
    free(w->memory);
    free(w->bandwidth);
    free(w);
}

/* Spectra of one clip, `late` frames after it; the first are zeros. */
static void analyse(dfn_worker *w, float *spec, const float *in, int late)
{
    const size_t frame = (size_t)w->info->bins * 2, hop = (size_t)w->info->hop_size;
    memset(w->memory, 0, hop * sizeof *w->memory);
    memset(spec, 0, (size_t)late * frame * sizeof *spec);
    for (int t = late; t < w->frames; t++)
        dfn_stft_analyse(w->stft, spec + (size_t)t * frame, w->memory,
                         in + (size_t)(t - late) * hop);
}

static void load(dfn_worker *w, const dfn_shard *shard)
{
    float *spec = dfn_plan_data(w->plan, dfn_graph_find(w->g, "spec"));
    float *wave = dfn_plan_data(w->plan, dfn_graph_find(w->g, "wave"));
    const size_t samples = w->config.samples;
    const size_t used = (size_t)w->frames * (size_t)w->info->hop_size;
    for (int b = 0; b < w->config.clips; b++) {
        const float *noisy = shard->noisy + (size_t)b * samples;
        analyse(w, spec + (size_t)b * spectrum(w), noisy, 0);
        analyse(w, w->target + (size_t)b * spectrum(w), shard->target + (size_t)b * samples,
                w->info->lookahead);
        if (wave)
            memcpy(wave + (size_t)b * used, noisy, used * sizeof *wave);
        w->bandwidth[b] = shard->clip[b].bandwidth_hz;
        memcpy(w->state[b], w->start, w->state_bytes);
    }
}

double dfn_worker_run(dfn_worker *w, const void *const *weights, void *const *dweights,
                      const dfn_shard *shard, double scale, double terms[DFN_LOSS_COUNT])
{
#define DATA(name) dfn_plan_data(w->plan, dfn_graph_find(w->g, name))
#define GRAD(name) dfn_plan_grad(w->plan, dfn_graph_find(w->g, name))
    load(w, shard);
    dfn_run(w->plan, weights, w->state, w->frames);
    dfn_plan_zero_grad(w->plan);
    const dfn_loss_input in = {.skip = w->info->lookahead,
                               .noisy = DATA("noisy"),
                               .target = w->target,
                               .enhanced = DATA("enhanced"),
                               .mask = DATA("mask"),
                               .lsnr = DATA("lsnr"),
                               .vad = DATA("vad"),
                               .bandwidth_hz = w->bandwidth,
                               .d_enhanced = GRAD("enhanced"),
                               .d_mask = GRAD("mask"),
                               .d_lsnr = GRAD("lsnr"),
                               .d_vad = GRAD("vad"),
                               .scale = (float)scale};
    const double loss = dfn_loss_run(w->loss, &in, terms);
    if (dweights) {
        dfn_backward(w->plan, weights, dweights, NULL);
        dfn_update_statistics(w->plan, dweights);
    }
    return loss;
#undef DATA
#undef GRAD
}

size_t dfn_worker_enhanced(dfn_worker *w, int b, float *out)
{
    const size_t frame = (size_t)w->info->bins * 2, hop = (size_t)w->info->hop_size;
    const float *spec = dfn_plan_data(w->plan, dfn_graph_find(w->g, "enhanced"));
    const int late = w->info->lookahead + 1; /* synthesis is one hop late, too */
    spec += (size_t)b * spectrum(w);
    memset(w->memory, 0, hop * sizeof *w->memory);
    for (int t = 0; t < w->frames; t++) /* hops that come too early are overwritten */
        dfn_stft_synthesise(w->stft, out + (size_t)(t < late ? 0 : t - late) * hop,
                            w->memory, spec + (size_t)t * frame);
    return (size_t)(w->frames - late) * hop;
}
