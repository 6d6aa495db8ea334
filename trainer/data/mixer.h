/* mixer.h - the parts of a mixer, for the files that share the work. */
#ifndef DFN_MIXER_H
#define DFN_MIXER_H

#include "data/mix_config.h"
#include "data/philox.h"
#include "data/resample.h"
#include "data/room.h"
#include "data/synth.h"

enum { DFN_RATE = 48000 };

/* Rows of random numbers of an example. What one part draws does not move another. */
enum dfn_mix_stream {
    DFN_MIX_KIND,
    DFN_MIX_SPEECH,
    DFN_MIX_NOISE,
    DFN_MIX_ROOM,
    DFN_MIX_SYNTH,
    DFN_MIX_TALKERS,
    DFN_MIX_INTRUDER,
    DFN_MIX_BAND,
    DFN_MIX_FAULT,
};

/* The speech of a split by speaker. */
typedef struct dfn_voices {
    int count, wide;         /* recordings: the first `wide` of `order` are wide band */
    const dfn_sound **order; /* [count]: those of a speaker stand together */
    int *first, *end;        /* [count]: where the speaker's recordings begin and end */
} dfn_voices;

dfn_status dfn_voices_make(dfn_voices *v, const dfn_sounds *sounds, dfn_split split,
                           double wide_hz, dfn_error *err);
void dfn_voices_free(dfn_voices *v);
/** Whether two recordings of `order` are by two people. Those without a name are. */
bool dfn_voices_differ(const dfn_voices *v, int a, int b);

struct dfn_mixer {
    const dfn_sounds *sounds;
    const dfn_mix_config *config;
    dfn_split split;
    size_t samples;

    const dfn_mixer *like; /* whose voices and rooms these are; NULL: its own */
    dfn_voices voices;
    dfn_rooms rooms;
    dfn_resampler resampler;
    int n_snr; /* of the list */
    double snr[DFN_SNR_LIST];

    dfn_conv *conv;
    dfn_synth *synth;
    dfn_response limit; /* the low-pass of this example */
    float *noise;       /* [samples]: the sum */
    float *part, *talk; /* [samples]: a part of it, a part of that */
    float *raw;         /* input of the resampler */
};

/** Numbers of c->snr_list; how many, or -1 if it cannot be read. */
int dfn_mix_snr_list(const dfn_mix_config *c, double list[DFN_SNR_LIST]);
/** Steps of the resampler: another speed with probability p. */
int dfn_mix_draw_speed(const dfn_mix_config *c, dfn_philox *r, double p);
double dfn_mix_draw(dfn_philox *r, dfn_range range);

/** A recording of `voices.order` whose speaker talks. */
int dfn_mix_draw_voice(const dfn_mixer *m, dfn_philox *r);
/** Fill x[samples] with this speaker at an active level of about 0 dB, or silence. Returns
 * where its band ends; 0: full band. Uses m->raw. */
double dfn_mix_talk(dfn_mixer *m, dfn_philox *r, int voice, float *x);

/** Fill m->noise with all that is noise, other talkers than `voice` included. Sets
 * clip->noises and clip->talkers. */
void dfn_mix_noise(dfn_mixer *m, const dfn_philox *start, int voice, dfn_clip *clip);
/** Fill x with one talker other than `voice` (-1: any). False if there is none. */
bool dfn_mix_other_talker(dfn_mixer *m, dfn_philox *r, int voice, float *x);

#endif
