/* fake_sounds.h - recordings made by a test, behind the functions of data/sounds.h. A test
 * that links it gets these functions instead of the trainer's. */
#ifndef FAKE_SOUNDS_H
#define FAKE_SOUNDS_H

#include "data/mix_config.h"

enum { FAKE_SOUNDS = 32 }; /* of a kind in a split */

struct dfn_sounds {
    int count[DFN_SOUND_KINDS][DFN_SPLITS];
    dfn_sound sound[DFN_SOUND_KINDS][DFN_SPLITS][FAKE_SOUNDS];
};

/** Adds `count` samples; keeps the pointers. Returns the sound, to set more of it. */
dfn_sound *fake_add(dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                    const int16_t *data, size_t count, const char *speaker);

/** n samples of noise of amplitude `peak`, below 1. */
void fake_noise(int16_t *x, size_t n, double peak, uint64_t seed);
/** Noise in syllables, 4 a second, with silence in between. */
void fake_speech(int16_t *x, size_t n, double peak, uint64_t seed);

/** The defaults with every probability 0: speech and recordings of noise, nothing else. */
dfn_mix_config fake_plain(void);

#endif
