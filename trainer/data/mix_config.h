/* mix_config.h - what examples are made of: ranges and probabilities, section [mix] of a
 * recipe.
 *
 * A pair of numbers is a range to draw from uniformly. p_... is a probability. */
#ifndef DFN_MIX_CONFIG_H
#define DFN_MIX_CONFIG_H

#include "data/mix.h"
#include "model/config.h"

typedef struct dfn_range {
    double min, max;
} dfn_range;

enum { DFN_SNR_LIST = 128 };

struct dfn_mix_config {
    /* Kinds of examples; the rest has both. */
    double p_noise_only, p_clean_only;

    /* Speech: recordings of one speaker, cropped, one after the other. */
    double p_wide;  /* that the speaker is one of at least wide_hz bandwidth, not less */
    double wide_hz; /* 0 or nothing to choose from: all alike */
    double full_hz; /* recordings that reach it are taken as full band */
    dfn_range level_db; /* active level of the speech in the target, dBFS */
    dfn_range gap_s;    /* between recordings, and before the first */
    double p_pause;     /* that a gap is drawn from pause_s instead */
    dfn_range pause_s;
    dfn_range spread_db; /* of a recording against its neighbours */

    double p_speech_eq; /* that filters colour it, as microphones do */
    double p_speed;     /* that it is faster or slower, and higher or lower */
    dfn_range speed;    /* 0.8 to 1.25; also of noise */

    /* Noise: recordings, looped if short, mixed at levels of their own. */
    double noises[4];        /* weights of 1, 2, 3, 4 recordings */
    dfn_range noise_db;      /* of a recording against the others */
    dfn_range noise_only_db; /* level of a noise without speech, dBFS */

    double p_noise_eq, p_noise_speed; /* of a recording */
    double p_noise_clip;              /* of a recording */
    double eq_db;                     /* most that a filter adds or takes */
    double p_coloured;                /* and noise of a power like f^-beta */
    dfn_range beta;
    double p_hum; /* and 50 or 60 Hz with harmonics */
    double p_clicks;
    dfn_range clicks; /* a second */

    /* Other voices, of the speech of the split. */
    double p_babble;       /* that some of them are part of the noise */
    double p_babble_alone; /* and that there are no recordings then */
    dfn_range talkers;     /* 1 to 16 */
    double p_intruder; /* that one more talks, on top of the noise, in the mixture only */
    dfn_range intruder_db; /* active speech in the target against theirs */

    /* Rooms: made ones are drawn once, before the first example, and used again and again.
     */
    double p_room;
    double p_recorded;   /* that the room is a recorded response, if the split has any */
    double p_room_noise; /* that noise sounds in the room, too, from another place */
    int rooms, rooms_seed;
    dfn_range room_m, room_height_m; /* walls; ceiling */
    dfn_range room_t60_s;
    dfn_range room_damping; /* decay time of high against low frequencies */
    dfn_range talker_m;     /* from the microphone */
    double early_s; /* of a response belongs to the target, from the direct sound on */

    /* Active speech in the target over mean noise, dB: one of the list, if there is one; or
     * from the outer range with p_snr_outer; or from the range. */
    char snr_list[DFN_SNR_LIST]; /* "-5, 0, 5"; empty: none */
    dfn_range snr_db;
    double p_snr_outer;
    dfn_range snr_outer_db;

    /* Band limits. Both signals end there, and clip->bandwidth_hz says where. */
    double
        p_narrow; /* that an example of speech that is not full band ends where that does */
    double p_codec; /* that any example ends at one of: */
    dfn_range codec_hz;

    /* Faults, in the mixture only. */
    double p_clip, p_soft_clip;
    dfn_range clip_share; /* of the peak that is left */
    double p_dropout;
    dfn_range dropout_share; /* of the samples that are lost */
    double p_dc;
    dfn_range dc; /* of full scale */
};

dfn_mix_config dfn_mix_defaults(void);

/** Keys of section [mix] with their offsets in dfn_mix_config, for a reader of recipes.
 * thread: any */
const dfn_config_key *dfn_mix_keys(size_t *count);

/** Ranges the right way round, weights that can be drawn from, a list that can be read. */
dfn_status dfn_mix_check(const dfn_mix_config *c, dfn_error *err);

#endif
