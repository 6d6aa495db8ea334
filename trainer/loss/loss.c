/* loss.c - a loss's memory, and the sum of its terms. */
#include "loss/terms.h"

#include "dsp/fft.h"
#include "graph/arena.h"

#include <limits.h>

#ifdef DFN_REAL_F64
#    include "op/dft.h"

static dfn_status open_transform(LOSS *l, unsigned cpu, dfn_error *err)
{
    (void)cpu;
    l->dft = dfn_block_new(dft_scratch(l->fft_size) * sizeof *l->dft);
    return l->dft ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "loss: no memory");
}
#else
static dfn_status open_transform(LOSS *l, unsigned cpu, dfn_error *err)
{
    return dfn_stft_new(&l->stft, l->fft_size, l->hop, cpu, err);
}
#endif

static void layout_multi(dfn_arena *a, LOSS *l)
{
    int largest = 0;
    for (int i = 0; i < DFN_LOSS_SIZES; i++) {
        const int size = l->config.multi_size[i];
        if (size > 0)
            OP(loss_frames_layout)(&l->multi[i], a, size);
        largest = size > largest ? size : largest;
    }
    for (int i = 0; i < 2; i++)
        l->multi_work[i] = dfn_arena_take(a, OP(loss_frames_work)(largest), sizeof(REAL));
    if (largest / 2 > l->margin)
        l->margin = largest / 2;
}

/* Room around each wave for the mirrors of transforms, and for one more hop of gradient. */
static void layout_wave(dfn_arena *a, LOSS *l)
{
    const size_t hop = (size_t)l->hop;
    l->margin = l->hop;
    if (l->config.weight[DFN_LOSS_MULTI_RESOLUTION] > 0)
        layout_multi(a, l);
    l->stride = l->frames * l->hop + 2 * l->margin;
    const size_t n = (size_t)l->stride, ahead = (size_t)l->margin;
    REAL *target = dfn_arena_take(a, (size_t)l->clips * n, sizeof *target);
    REAL *wave = dfn_arena_take(a, n, sizeof *wave);
    REAL *d_wave = dfn_arena_take(a, n, sizeof *d_wave);
    l->row = dfn_arena_take(a, 2 * (size_t)l->bins, sizeof *l->row);
    l->memory = dfn_arena_take(a, hop, sizeof *l->memory);
    if (!a->base)
        return;
    l->target = target + ahead;
    l->wave = wave + ahead;
    l->d_wave = d_wave + ahead;
}

static LOSS *layout(dfn_arena *a, const dfn_loss_config *config, const dfn_model_info *info,
                    int clips, int frames)
{
    const size_t B = (size_t)clips, T = (size_t)frames, F = (size_t)info->bins;
    LOSS *l = dfn_arena_take(a, 1, sizeof *l);
    LOSS at = {.config = *config,
               .clips = clips,
               .frames = frames,
               .bins = info->bins,
               .bands = info->nb_erb,
               .sample_rate = info->sample_rate,
               .fft_size = info->fft_size,
               .hop = info->hop_size,
               .lsnr_low = info->lsnr_min - 1, /* beyond what the network can say */
               .lsnr_high = info->lsnr_max + 1};
    at.widths = dfn_arena_take(a, (size_t)info->nb_erb, sizeof *at.widths);
    at.bins_of = dfn_arena_take(a, B, sizeof *at.bins_of);
    at.bands_of = dfn_arena_take(a, B, sizeof *at.bands_of);
    at.lsnr_target = dfn_arena_take(a, B * T, sizeof *at.lsnr_target);
    at.speech = dfn_arena_take(a, T, sizeof *at.speech);
    at.noise = dfn_arena_take(a, T, sizeof *at.noise);
    at.abs_x = dfn_arena_take(a, F, sizeof *at.abs_x);
    at.abs_s = dfn_arena_take(a, F, sizeof *at.abs_s);
    at.abs_n = dfn_arena_take(a, F, sizeof *at.abs_n);
    if (OP(loss_needs_wave)(config))
        layout_wave(a, &at);
    if (l) {
        *l = at;
        for (int e = 0; e < l->bands; e++)
            l->widths[e] = info->erb_widths[e];
    }
    return l;
}

static const char *refuse(const dfn_loss_config *c)
{
    const double gammas[] = {c->spectral_gamma, c->multi_gamma, c->mask_gamma,
                             c->mask_gamma_pred};
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        if (!(c->weight[i] >= 0))
            return "a weight is negative";
    for (int i = 0; i < 4; i++)
        if (!(gammas[i] > 0 && gammas[i] <= 1))
            return "an exponent of compression is not in 0 .. 1";
    if (c->mask_target < DFN_MASK_IAM || c->mask_target > DFN_MASK_SPECTRUM)
        return "there is no such target of masks";
    for (int i = 0; i < DFN_LOSS_SIZES; i++)
        if (c->multi_size[i] != 0 &&
            (c->multi_size[i] % 4 || !dfn_fft_supported(c->multi_size[i])))
            return "a size of multi_resolution is not a multiple of 4, 4 to 65536, without "
                   "prime factors above 5";
    if (c->segment_size[0] < 0 || c->segment_size[1] < 0)
        return "the size of a segment is negative";
    if (!(c->segment_overlap >= 0 && c->segment_overlap < 1))
        return "segments must overlap by 0 to less than 1";
    if (!(c->alpha_off[0] < c->alpha_off[1] && c->alpha_on[0] < c->alpha_on[1]))
        return "a ramp of df_alpha does not rise";
    return NULL;
}

dfn_status LOSS_API(new)(LOSS **out, const dfn_loss_config *config,
                         const dfn_model_info *info, int clips, int frames, unsigned cpu,
                         dfn_error *err)
{
    const char *why = refuse(config);
    dfn_arena measure = {0};
    *out = NULL;
    if (why)
        return dfn_fail(err, DFN_ERR_ARG, "loss: %s", why);
    if (clips < 1 || frames < 1 || frames > INT_MAX / 4 / info->hop_size)
        return dfn_fail(err, DFN_ERR_ARG, "loss: no shard of %d clips of %d frames", clips,
                        frames);
    layout(&measure, config, info, clips, frames);
    dfn_arena place = {.base = measure.overflow ? NULL : dfn_block_new(measure.used)};
    if (!place.base)
        return dfn_fail(err, DFN_ERR_NOMEM, "loss: no memory for %d clips of %d frames",
                        clips, frames);
    LOSS *l = layout(&place, config, info, clips, frames);
    INIT_KERNELS(&l->kernels, cpu);
    if (OP(loss_needs_wave)(config)) {
        const dfn_status status = open_transform(l, cpu, err);
        if (status != DFN_OK) {
            free(l);
            return status;
        }
    }
    *out = l;
    return DFN_OK;
}

void LOSS_API(free)(LOSS *l)
{
    if (!l)
        return;
#ifdef DFN_REAL_F64
    free(l->dft);
#else
    dfn_stft_free(l->stft);
#endif
    free(l);
}

/* How many bins and whole bands of each clip lie within its bandwidth. */
static void find_bandwidths(LOSS *l, const LOSS_INPUT *in)
{
    for (int b = 0; b < l->clips; b++) {
        const double hz = in->bandwidth_hz ? in->bandwidth_hz[b] : 0;
        const double top = hz > 0 ? hz * l->fft_size / l->sample_rate + 1 : l->bins;
        int bins = top < l->bins ? (int)top : l->bins, bands = 0;
        l->bins_of[b] = bins;
        while (bands < l->bands && bins >= l->widths[bands])
            bins -= l->widths[bands++];
        l->bands_of[b] = bands;
    }
}

double LOSS_API(run)(LOSS *l, const LOSS_INPUT *in, double terms[DFN_LOSS_COUNT])
{
    const dfn_loss_config *k = &l->config;
    double sum = 0;
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        terms[i] = 0;
    find_bandwidths(l, in);
    OP(loss_spectral)(l, in, terms);
    OP(loss_mask)(l, in, terms);
    if ((k->weight[DFN_LOSS_LSNR] > 0 && in->lsnr) ||
        (k->weight[DFN_LOSS_DF_ALPHA] > 0 && in->alpha))
        OP(loss_lsnr_target)(l, in);
    OP(loss_lsnr)(l, in, terms);
    OP(loss_df_alpha)(l, in, terms);
    OP(loss_vad)(l, in, terms);
    OP(loss_wave)(l, in, terms);
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        sum += terms[i];
    return sum;
}
