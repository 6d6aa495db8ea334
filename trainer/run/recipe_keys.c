#include "run/recipe_keys.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(dfn_recipe, field)
#define INT(section, key, field, min, max)                                                 \
    {                                                                                      \
        section, key, DFN_CONFIG_INT, AT(field), min, max, NULL                            \
    }
#define REAL(section, key, field, min, max)                                                \
    {                                                                                      \
        section, key, DFN_CONFIG_REAL, AT(field), min, max, NULL                           \
    }
#define CHOICE(section, key, field, choices)                                               \
    {                                                                                      \
        section, key, DFN_CONFIG_CHOICE, AT(field), 0, 0, choices                          \
    }
#define TEXT(section, key, field)                                                          \
    {                                                                                      \
        section, key, DFN_CONFIG_TEXT, AT(field), 0, DFN_RECIPE_TEXT, NULL                 \
    }
#define SWITCH "false|true"
#define HOURS 1e6 /* a century */

static const dfn_config_key train_keys[] = {
    TEXT("train", "model", train.model),
    TEXT("train", "init", train.init),
    CHOICE("train", "batch_norm", train.batch_norm, SWITCH),
    CHOICE("train", "products", train.bf16, "f32|bf16"),
    INT("train", "seed", train.seed, 0, 2147483647),
    REAL("train", "seconds", train.seconds, 0.1, 60),
    INT("train", "shard_clips", train.shard_clips, 1, 256),
    REAL("train", "hours", train.hours, 0, HOURS),
    REAL("train", "epoch_hours", train.epoch_hours, 1e-6, HOURS),
    INT("train", "threads", train.threads, 0, 1024),
    INT("train", "loader_threads", train.loader_threads, 0, 1024),
    REAL("train", "validate_hours", train.validate_hours, 1e-6, HOURS),
    INT("train", "validate_clips", train.validate_clips, 0, 100000),
    REAL("train", "checkpoint_seconds", train.checkpoint_seconds, 0, 1e6),
    INT("train", "keep_best", train.keep_best, 0, 8),
    CHOICE("train", "criterion", train.criterion, "loss|si_sdr"),
    INT("train", "patience", train.patience, 0, 1000000),
    INT("train", "nan_limit", train.nan_limit, 1, 1000000),
};

static const dfn_config_key optim_keys[] = {
    TEXT("optim", "batch", batch),
    CHOICE("optim", "schedule", schedule.kind, DFN_SCHEDULE_KINDS),
    REAL("optim", "lr", schedule.base, 1e-12, 1),
    REAL("optim", "lr_min", schedule.min, 1e-12, 1),
    REAL("optim", "warmup", schedule.warmup, 0, 1e6),
    REAL("optim", "warmup_lr", schedule.warmup_start, 0, 1),
    REAL("optim", "cycle", schedule.cycle, 0, 1e6),
    REAL("optim", "cycle_mul", schedule.cycle_mul, 0.1, 10),
    REAL("optim", "cycle_decay", schedule.cycle_decay, 0.01, 1),
    REAL("optim", "weight_decay", decay, 0, 1),
    REAL("optim", "weight_decay_end", decay_end, -1, 1),
    REAL("optim", "beta1", adamw.beta1, 0, 0.9999),
    REAL("optim", "beta2", adamw.beta2, 0, 0.999999),
    REAL("optim", "epsilon", adamw.epsilon, 1e-12, 1),
    REAL("optim", "clip", adamw.clip, 0, 1e6),
    REAL("optim", "ema", adamw.ema, 0, 0.999999),
    CHOICE("optim", "amsgrad", adamw.amsgrad, SWITCH),
};

static const dfn_config_key data_keys[] = {
    TEXT("data", "manifest", manifest),
    TEXT("data", "speech", folders[DFN_SPEECH]),
    TEXT("data", "noise", folders[DFN_NOISE]),
    TEXT("data", "rooms", folders[DFN_ROOM]),
    TEXT("data", "cache", cache),
};

#define TERM(NAME, name) REAL("loss", #name, loss.weight[DFN_LOSS_##NAME], 0, 1e6),
static const dfn_config_key loss_keys[] = {
    DFN_LOSS_TERMS(TERM) REAL("loss", "spectral_gamma", loss.spectral_gamma, 0.1, 1),
    REAL("loss", "spectral_magnitude", loss.spectral_magnitude, 0, 1e6),
    REAL("loss", "spectral_complex", loss.spectral_complex, 0, 1e6),
    REAL("loss", "spectral_under", loss.spectral_under, 0, 1000),
    INT("loss", "multi_size1", loss.multi_size[0], 0, 8192),
    INT("loss", "multi_size2", loss.multi_size[1], 0, 8192),
    INT("loss", "multi_size3", loss.multi_size[2], 0, 8192),
    INT("loss", "multi_size4", loss.multi_size[3], 0, 8192),
    REAL("loss", "multi_gamma", loss.multi_gamma, 0.1, 1),
    REAL("loss", "multi_magnitude", loss.multi_magnitude, 0, 1e6),
    REAL("loss", "multi_complex", loss.multi_complex, 0, 1e6),
    CHOICE("loss", "mask_target", loss.mask_target, DFN_MASK_TARGETS),
    REAL("loss", "mask_gamma", loss.mask_gamma, 0.1, 1),
    REAL("loss", "mask_gamma_pred", loss.mask_gamma_pred, 0.1, 1),
    REAL("loss", "mask_under", loss.mask_under, 0, 1000),
    REAL("loss", "mask_power1", loss.mask_power[0], 0, 8),
    REAL("loss", "mask_factor1", loss.mask_factor[0], 0, 1e6),
    REAL("loss", "mask_power2", loss.mask_power[1], 0, 8),
    REAL("loss", "mask_factor2", loss.mask_factor[1], 0, 1e6),
    INT("loss", "segment_size1", loss.segment_size[0], 0, 480000),
    INT("loss", "segment_size2", loss.segment_size[1], 0, 480000),
    REAL("loss", "segment_overlap", loss.segment_overlap, 0, 0.9),
    REAL("loss", "segment_floor", loss.segment_floor, -200, 0),
    CHOICE("loss", "lsnr_reference", loss.lsnr_reference, SWITCH),
    REAL("loss", "alpha_off_low", loss.alpha_off[0], -100, 100),
    REAL("loss", "alpha_off_high", loss.alpha_off[1], -100, 100),
    REAL("loss", "alpha_on_low", loss.alpha_on[0], -100, 100),
    REAL("loss", "alpha_on_high", loss.alpha_on[1], -100, 100),
    REAL("loss", "alpha_on_factor", loss.alpha_on_factor, 0, 1e6),
    REAL("loss", "vad_low_hz", loss.vad_low_hz, 0, 24000),
    REAL("loss", "vad_high_hz", loss.vad_high_hz, 0, 24000),
    REAL("loss", "vad_range", loss.vad_range, 1, 200),
    REAL("loss", "vad_floor", loss.vad_floor, -200, 0),
};

/* What only says where things are, how fast, how long or how closely it is watched. */
static const char *const changeable[] = {
    "model", /* its configuration is compared instead */
    "init",           "hours",          "threads",
    "loader_threads", "validate_hours", "checkpoint_seconds",
    "keep_best",      "patience",       "nan_limit",
    "products",
};

static bool is_fixed(const dfn_config_key *k)
{
    if (!strcmp(k->section, "data"))
        return false;
    for (size_t i = 0; i < sizeof changeable / sizeof *changeable; i++)
        if (!strcmp(k->section, "train") && !strcmp(k->key, changeable[i]))
            return false;
    return true;
}

/* Append keys whose fields begin `base` bytes into the recipe. */
static size_t append(dfn_config_key *out, size_t n, const dfn_config_key *keys,
                     size_t count, size_t base, bool fixed)
{
    for (size_t i = 0; i < count; i++)
        if (!fixed || is_fixed(&keys[i])) {
            out[n] = keys[i];
            out[n++].at += base;
        }
    return n;
}

dfn_config_key *dfn_recipe_keys(bool fixed, size_t *count)
{
    size_t n_mix;
    const dfn_config_key *mix_keys = dfn_mix_keys(&n_mix);
    const struct {
        const dfn_config_key *keys;
        size_t count, base;
    } table[] = {
        {train_keys, sizeof train_keys / sizeof *train_keys, 0},
        {optim_keys, sizeof optim_keys / sizeof *optim_keys, 0},
        {data_keys, sizeof data_keys / sizeof *data_keys, 0},
        {mix_keys, n_mix, AT(mix)},
        {loss_keys, sizeof loss_keys / sizeof *loss_keys, 0},
    };
    enum { TABLES = sizeof table / sizeof *table };
    size_t most = 0;
    for (int i = 0; i < TABLES; i++)
        most += table[i].count;
    dfn_config_key *out = calloc(most, sizeof *out);
    *count = 0;
    for (int i = 0; i < TABLES && out; i++)
        *count = append(out, *count, table[i].keys, table[i].count, table[i].base, fixed);
    return out;
}

void dfn_recipe_defaults(dfn_recipe *r)
{
    *r = (dfn_recipe){
        .train = {.model = "lite",
                  .batch_norm = 1,
                  .bf16 = 1,
                  .seed = 1,
                  .seconds = 3,
                  .shard_clips = 4,
                  .hours = 300,
                  .epoch_hours = 5,
                  .validate_hours = 5,
                  .validate_clips = 64,
                  .checkpoint_seconds = 300,
                  .keep_best = 5,
                  .nan_limit = 50},
        .adamw = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip = 1, .ema = 0.999},
        .schedule = {.base = 1e-3,
                     .min = 1e-6,
                     .warmup = 1,
                     .warmup_start = 1e-5,
                     .cycle_mul = 1,
                     .cycle_decay = 0.5},
        .decay = 0.01,
        .decay_end = -1,
        .batch = "32",
        .mix = dfn_mix_defaults(),
        .loss = dfn_loss_config_default(),
    };
    r->loss.weight[DFN_LOSS_SPECTRAL] = 1;
}
