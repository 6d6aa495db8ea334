/* loss.h - what training makes small, with gradients.
 *
 * A loss is a sum of terms, each with a weight in the recipe; a weight of 0 switches the
 * term off and costs nothing. Spectra are [B][T][bins][2] in libDF's scale. */
#ifndef DFN_LOSS_H
#define DFN_LOSS_H

#include <dfnet4/model.h>

#define DFN_LOSS_TERMS(X)                                                                  \
    X(SPECTRAL, spectral)                 /* compressed, on the frames of the network */   \
    X(MULTI_RESOLUTION, multi_resolution) /* compressed, on STFTs of other sizes */        \
    X(MASK, mask)                         /* ERB gains against those of the target */      \
    X(SI_SDR, si_sdr)                                                                      \
    X(SEGMENTAL, segmental) /* SDR of short segments */                                    \
    X(LSNR, lsnr)           /* local SNR head */                                           \
    X(VAD, vad)             /* voice activity head */                                      \
    X(DF_ALPHA, df_alpha)                                                                  \
    X(OVER_SUPPRESSION, over_suppression) /* speech that was taken away */

typedef enum dfn_loss_term {
#define DFN_LOSS_ENUM(NAME, name) DFN_LOSS_##NAME,
    DFN_LOSS_TERMS(DFN_LOSS_ENUM)
#undef DFN_LOSS_ENUM
        DFN_LOSS_COUNT
} dfn_loss_term;

typedef struct dfn_loss_config dfn_loss_config; /* weights and shapes: loss_config.h */

/* One shard: B clips of T frames. All rows are of the same frame, that is, the target is as
 * late as the network's output. NULL: the network has no such part, or its gradient is not
 * wanted. Gradients are ADDED. The same in double is the oracle of the tests. */
#define DFN_LOSS_INPUT(REAL)                                                               \
    {                                                                                      \
        int skip; /* frames at the start of each clip that do not count: the lookahead */  \
        const REAL *noisy, *target, *enhanced; /* [B][T][bins][2] */                       \
        const REAL *mask;                      /* [B][T][nb_erb] */                        \
        const REAL *lsnr, *vad, *alpha; /* [B][T]; dB, probability, share of the filter */ \
        const double *bandwidth_hz; /* [B], may be NULL; bins above neither reward nor \
                                           punish; 0: all count */   \
        REAL *d_enhanced, *d_mask, *d_lsnr, *d_vad, *d_alpha;                              \
        float scale; /* of all gradients: 1 / shards of the step */                        \
    }
typedef struct dfn_loss_input DFN_LOSS_INPUT(float) dfn_loss_input;

typedef struct dfn_loss dfn_loss;

/** A loss of shards of `clips` clips of `frames` frames each. `cpu`: DFN_CPU_* allowed.
 * DFN_ERR_ARG if the configuration makes no sense. owner: caller frees with dfn_loss_free
 */
dfn_status dfn_loss_new(dfn_loss **out, const dfn_loss_config *config,
                        const dfn_model_info *info, int clips, int frames, unsigned cpu,
                        dfn_error *err);
void dfn_loss_free(dfn_loss *l);

/** The loss (mean over what counts in the shard), its terms (already weighted: they sum up
 * to it), and the gradients. Does not allocate. thread: one per dfn_loss */
double dfn_loss_run(dfn_loss *l, const dfn_loss_input *in, double terms[DFN_LOSS_COUNT]);

#endif
