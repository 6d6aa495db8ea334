/* mix.h - one training example: speech, noises, a room and what goes wrong with
 * microphones, drawn at random.
 *
 * What an example holds depends on the seed, epoch and index only, not on threads, order or
 * machine. */
#ifndef DFN_MIX_H
#define DFN_MIX_H

#include "data/sounds.h"

#include <stdbool.h>

typedef struct dfn_mix_config dfn_mix_config; /* ranges and probabilities: mix_config.h */

/* Faults of the mixture that the target does not have. */
enum {
    DFN_FAULT_CLIP = 1,
    DFN_FAULT_DROPOUT = 2,
    DFN_FAULT_DC = 4,
};

/* What was drawn, for losses, logs and tests. */
typedef struct dfn_clip {
    uint64_t epoch, index;
    double snr_db;       /* of the target's active speech to the noise, before faults and an
                            intruder; meaningless without one of them */
    double gain_db;      /* of the speech, from what was mixed to the target */
    double level_db;     /* of the target where it is active, dBFS */
    double bandwidth_hz; /* the loss must ignore what lies above; 0: full band */
    double t60;          /* seconds, of the room; 0: none */
    int room;            /* which; -1: none */
    int noises;          /* recordings mixed into the noise */
    int talkers;         /* of babble in the noise */
    unsigned faults;     /* DFN_FAULT_... */
    bool speech;         /* false: noise only, the target is zeros */
    bool noise;          /* false: clean, noisy is target (but for room and faults) */
    bool limited;        /* both signals end at bandwidth_hz: nothing above to ignore, but
                            for what a fault brings */
    bool intruder;       /* one more voice in the mixture that is not to remain */
} dfn_clip;

/* Memory for one thread's work. */
typedef struct dfn_mixer dfn_mixer;

/** A mixer for examples of `samples` samples at 48 kHz. `sounds` and `config` must outlive
 * it. Needs at least one speech and one noise recording of the split. */
dfn_status dfn_mixer_new(dfn_mixer **out, const dfn_sounds *sounds,
                         const dfn_mix_config *config, dfn_split split, size_t samples,
                         dfn_error *err);
/** Another one for another thread, which makes the same examples as `like` and shares its
 * rooms: `like` must outlive it. */
dfn_status dfn_mixer_share(dfn_mixer **out, const dfn_mixer *like, dfn_error *err);
void dfn_mixer_free(dfn_mixer *m);

/** Make example `index` of `epoch`: noisy[samples] as a microphone would have it, and
 * target[samples], what should be left: the speech with the first reflections of its room,
 * in the same gain and band, without noise, other voices, late reverberation and faults.
 * Aligned to the sample, also in a room. Finite, at most full scale. Does not allocate.
 * thread: one per mixer */
void dfn_mix(dfn_mixer *m, uint64_t seed, uint64_t epoch, uint64_t index, float *noisy,
             float *target, dfn_clip *clip);

#endif
