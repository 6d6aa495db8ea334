#include "data/mix_config.h"

#include "data/mixer.h"

#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(dfn_mix_config, field)
#define REAL(key, field, min, max)                                                         \
    {                                                                                      \
        "mix", key, DFN_CONFIG_REAL, AT(field), min, max, NULL                             \
    }
#define INT(name, min, max)                                                                \
    {                                                                                      \
        "mix", #name, DFN_CONFIG_INT, AT(name), min, max, NULL                             \
    }
#define P(name) REAL(#name, name, 0, 1)
#define RANGE(name, low, high)                                                             \
    REAL(#name "_min", name.min, low, high), REAL(#name "_max", name.max, low, high)

static const dfn_config_key keys[] = {
    P(p_noise_only),
    P(p_clean_only),
    P(p_wide),
    REAL("wide_hz", wide_hz, 0, 24000),
    REAL("full_hz", full_hz, 0, 24000),
    RANGE(level_db, -80, 0),
    RANGE(gap_s, 0, 60),
    P(p_pause),
    RANGE(pause_s, 0, 60),
    RANGE(spread_db, -40, 40),
    P(p_speech_eq),
    P(p_speed),
    RANGE(speed, 0.8, 1.25),
    P(p_noise_eq),
    P(p_noise_speed),
    P(p_noise_clip),
    REAL("eq_db", eq_db, 0, 40),
    P(p_coloured),
    RANGE(beta, -3, 4),
    P(p_hum),
    P(p_clicks),
    RANGE(clicks, 0.01, 200),
    P(p_babble),
    P(p_babble_alone),
    RANGE(talkers, 1, 16),
    P(p_intruder),
    RANGE(intruder_db, -60, 100),
    REAL("one_noise", noises[0], 0, 1e6),
    REAL("two_noises", noises[1], 0, 1e6),
    REAL("three_noises", noises[2], 0, 1e6),
    REAL("four_noises", noises[3], 0, 1e6),
    RANGE(noise_db, -60, 60),
    RANGE(noise_only_db, -120, 0),
    P(p_room),
    P(p_recorded),
    P(p_room_noise),
    INT(rooms, 0, 4096),
    INT(rooms_seed, 0, 1 << 30),
    RANGE(room_m, 1, 30),
    RANGE(room_height_m, 1, 30),
    RANGE(room_t60_s, 0.05, 3),
    RANGE(room_damping, 0.1, 1),
    RANGE(talker_m, 0.05, 10),
    REAL("early_s", early_s, 0, 1),
    {"mix", "snr_list", DFN_CONFIG_TEXT, AT(snr_list), 0, DFN_SNR_LIST, NULL},
    RANGE(snr_db, -60, 100),
    P(p_snr_outer),
    RANGE(snr_outer_db, -60, 100),
    P(p_narrow),
    P(p_codec),
    RANGE(codec_hz, 2000, 24000),
    P(p_clip),
    P(p_soft_clip),
    RANGE(clip_share, 0.01, 1),
    P(p_dropout),
    RANGE(dropout_share, 0, 1),
    P(p_dc),
    RANGE(dc, -1, 1),
};

const dfn_config_key *dfn_mix_keys(size_t *count)
{
    *count = sizeof keys / sizeof *keys;
    return keys;
}

dfn_mix_config dfn_mix_defaults(void)
{
    return (dfn_mix_config){
        .p_noise_only = 0.03,
        .p_clean_only = 0.03,
        .p_wide = 0.7,
        .wide_hz = 12000,
        .full_hz = 20000,
        .level_db = {-38, -15},
        .gap_s = {0.05, 0.4},
        .p_pause = 0.2,
        .pause_s = {0.5, 2},
        .spread_db = {-3, 3},
        .p_speech_eq = 0.25,
        .p_speed = 0.15,
        .speed = {0.9, 1.1},
        .noises = {0.4, 0.3, 0.2, 0.1},
        .noise_db = {-12, 0},
        .noise_only_db = {-65, -20},
        .p_noise_eq = 0.2,
        .p_noise_speed = 0.1,
        .p_noise_clip = 0.05,
        .eq_db = 15,
        .p_coloured = 0.1,
        .beta = {-1, 2.5},
        .p_hum = 0.05,
        .p_clicks = 0.05,
        .clicks = {0.5, 15},
        .p_babble = 0.08,
        .p_babble_alone = 0.5,
        .talkers = {2, 8},
        .p_intruder = 0.02,
        .intruder_db = {8, 25},
        .p_room = 0.4,
        .p_recorded = 0.1,
        .p_room_noise = 0.5,
        .rooms = 64,
        .room_m = {2, 10},
        .room_height_m = {2.2, 4},
        .room_t60_s = {0.15, 1},
        .room_damping = {0.3, 1},
        .talker_m = {0.3, 4},
        .early_s = 0.05,
        .snr_db = {-5, 30},
        .p_snr_outer = 0.15,
        .snr_outer_db = {-15, 45},
        .p_narrow = 0.5,
        .p_codec = 0.08,
        .codec_hz = {4000, 16000},
        .p_clip = 0.05,
        .p_soft_clip = 0.5,
        .clip_share = {0.1, 0.9},
        .p_dropout = 0.03,
        .dropout_share = {0.005, 0.05},
        .p_dc = 0.05,
        .dc = {-0.02, 0.02},
    };
}

int dfn_mix_snr_list(const dfn_mix_config *c, double list[DFN_SNR_LIST])
{
    int n = 0;
    for (const char *at = c->snr_list + strspn(c->snr_list, " \t"); *at;) {
        char *end;
        const double x = strtod(at, &end);
        if (end == at || !(x >= -60 && x <= 100))
            return -1;
        list[n++] = x;
        at = end + strspn(end, " \t");
        if (*at == ',')
            at += 1 + strspn(at + 1, " \t");
        else if (*at)
            return -1;
    }
    return n;
}

/* The keys of a range stand side by side in the table: _min, _max. */
static dfn_status check_ranges(const dfn_mix_config *c, dfn_error *err)
{
    for (size_t i = 0; i + 1 < sizeof keys / sizeof *keys; i++) {
        const char *name = keys[i].key, *end = strstr(name, "_min");
        double min, max;
        if (!end || end[4])
            continue;
        memcpy(&min, (const char *)c + keys[i].at, sizeof min);
        memcpy(&max, (const char *)c + keys[i + 1].at, sizeof max);
        if (!(min <= max))
            return dfn_fail(err, DFN_ERR_ARG, "[mix] %s = %g is more than %s = %g", name,
                            min, keys[i + 1].key, max);
    }
    return DFN_OK;
}

dfn_status dfn_mix_check(const dfn_mix_config *c, dfn_error *err)
{
    double list[DFN_SNR_LIST];
    double weights = 0;
    for (int i = 0; i < 4; i++)
        weights += c->noises[i];
    if (!(weights > 0))
        return dfn_fail(err, DFN_ERR_ARG, "[mix] one_noise ... four_noises are all 0");
    if (c->p_noise_only + c->p_clean_only > 1)
        return dfn_fail(err, DFN_ERR_ARG, "[mix] p_noise_only + p_clean_only is above 1");
    if (dfn_mix_snr_list(c, list) < 0)
        return dfn_fail(err, DFN_ERR_ARG,
                        "[mix] snr_list = %.60s: not numbers from -60 to 100 with commas",
                        c->snr_list);
    return check_ranges(c, err);
}
