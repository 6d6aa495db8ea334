/* mixer.h - the parts of a mixer, for the files that share the work. */
#ifndef DFN_MIXER_H
#define DFN_MIXER_H

#include "data/mix_config.h"
#include "data/philox.h"
#include "data/room.h"

enum { DFN_RATE = 48000 };

/* Rows of random numbers of an example. What one part draws does not move another. */
enum dfn_mix_stream {
    DFN_MIX_KIND,
    DFN_MIX_SPEECH,
    DFN_MIX_NOISE,
    DFN_MIX_ROOM,
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

struct dfn_mixer {
    const dfn_sounds *sounds;
    const dfn_mix_config *config;
    dfn_split split;
    size_t samples;
    const dfn_mixer *like; /* whose voices and rooms these are; NULL: its own */
    dfn_voices voices;
    dfn_rooms rooms;
    dfn_conv *conv;
    int n_snr; /* of the list */
    double snr[DFN_SNR_LIST];
    float *noise, *part; /* [samples]: the sum, and one recording of it */
};

/** Numbers of c->snr_list; how many, or -1 if it cannot be read. */
int dfn_mix_snr_list(const dfn_mix_config *c, double list[DFN_SNR_LIST]);

/** Fill x[samples] with a speaker at a mean level of about 0 dB. Sets clip->bandwidth_hz.
 */
void dfn_mix_speech(dfn_mixer *m, dfn_philox *r, float *x, dfn_clip *clip);
/** Fill m->noise with recordings. Sets clip->noises. */
void dfn_mix_noise(dfn_mixer *m, dfn_philox *r, dfn_clip *clip);

#endif
