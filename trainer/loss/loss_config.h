/* loss_config.h - weights and shapes of the loss, all int or double for a table of keys. */
#ifndef DFN_LOSS_CONFIG_H
#define DFN_LOSS_CONFIG_H

#include "loss/loss.h"

/* Targets of the gains of ERB bands, means over their bins of
 *   IAM  |S| / |X|            WG  |S|^2 / (|S|^2 + |X - S|^2)
 *   IRM  |S| / (|S| + |X - S|)
 * or, SPECTRUM, of |S|, to which the gain times the mean of |X| is compared. */
typedef enum dfn_mask_target {
    DFN_MASK_IAM,
    DFN_MASK_WG,
    DFN_MASK_IRM,
    DFN_MASK_SPECTRUM,
} dfn_mask_target;
#define DFN_MASK_TARGETS "iam|wg|irm|spectrum" /* for DFN_CONFIG_CHOICE */

enum { DFN_LOSS_SIZES = 4 };

struct dfn_loss_config {
    /* By dfn_loss_term. Terms differ much in size: with a weight of 1 and the shapes below,
     * from doing nothing to what DeepFilterNet3 does on three clips of 2 to 7 dB, spectral
     * falls from 0.002 to 0.0008, multi_resolution from 0.05 to 0.017, si_sdr from -5 to
     * -18 dB; over_suppression rises from 1e-5 to 1.5e-4; gains of 1 give a mask of 1 to 2
     */
    double weight[DFN_LOSS_COUNT];

    /* spectral: magnitude mean((|Y|^g - |S|^g)^2, times `under` where Y is smaller)
     *           + complex mean(|Y' - S'|^2) / 2, Y' with the compressed magnitude.
     * over_suppression: mean((|Y|^g - |S|^g)^2 where Y is smaller) */
    double spectral_gamma, spectral_magnitude, spectral_complex, spectral_under;

    /* multi_resolution: the same two parts, summed over transforms of these sizes (0: none)
     * with a Hann window and a hop of a quarter, orthonormal, of the waveforms */
    int multi_size[DFN_LOSS_SIZES];
    double multi_gamma, multi_magnitude, multi_complex;

    /* mask: sum over k of factor[k] mean(e^(power[k] / 2)), e = (t^gamma - m^gamma_pred)^2,
     * times `under` where m is smaller */
    int mask_target; /* dfn_mask_target */
    double mask_gamma, mask_gamma_pred, mask_under;
    double mask_power[2], mask_factor[2];

    /* segmental: -SDR in dB of segments of these sizes (0: none), whose target is louder
     * than `floor` dB of full scale */
    int segment_size[2]; /* samples */
    double segment_overlap, segment_floor;

    /* lsnr: mean((l - target)^2). The local SNR of a frame compares it with the mean noise
     * of itself and its neighbours; `reference`: as the reference does, whose window takes
     * half the noise of this frame and the next, 3 dB too little */
    int lsnr_reference;

    /* df_alpha: mean((a off)^2) + on_factor mean((1 - a) on), where `off` falls from 1 to 0
     * over the local SNRs off[0] .. off[1], and `on` rises over on[0] .. on[1] */
    double alpha_off[2], alpha_on[2], alpha_on_factor;

    /* vad: cross-entropy. Speech is where the target between these frequencies is within
     * `range` dB of the clip's loudest frame, and above `floor` dB of full scale */
    double vad_low_hz, vad_high_hz, vad_range, vad_floor;
};

/** Shapes as above, usual values, and all weights 0. */
dfn_loss_config dfn_loss_config_default(void);

/** Name of a term as in recipes and logs: "spectral". */
const char *dfn_loss_term_name(dfn_loss_term t);

#endif
