/* config.c - usual values of a loss's shapes, and the names of its terms. */
#include "loss/loss_config.h"

dfn_loss_config dfn_loss_config_default(void)
{
    return (dfn_loss_config){
        .spectral_gamma = 0.3,
        .spectral_magnitude = 1,
        .spectral_complex = 1,
        .spectral_under = 1,
        .multi_size = {512, 1024, 2048},
        .multi_gamma = 0.3,
        .multi_magnitude = 1,
        .multi_complex = 1,
        .mask_target = DFN_MASK_IAM,
        .mask_gamma = 0.6,
        .mask_gamma_pred = 0.6,
        .mask_under = 2,
        .mask_power = {2, 4},
        .mask_factor = {1, 10},
        .segment_size = {960},
        .segment_overlap = 0.5,
        .segment_floor = -60,
        .alpha_off = {-10, -7.5},
        .alpha_on = {-5, 0},
        .alpha_on_factor = 0.1,
        .vad_low_hz = 300,
        .vad_high_hz = 8000,
        .vad_range = 40,
        .vad_floor = -70,
    };
}

const char *dfn_loss_term_name(dfn_loss_term t)
{
    static const char *const names[] = {
#define DFN_LOSS_NAME(NAME, name) #name,
        DFN_LOSS_TERMS(DFN_LOSS_NAME)
#undef DFN_LOSS_NAME
    };
    return names[t];
}
