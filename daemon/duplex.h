/* duplex.h - from the blocks of one device through the engine to the blocks of another.
 *
 * Devices with one clock and the engine's rate are connected directly; all others through
 * the bridge of drift.h, and a converter if the output has another rate than the engine.
 * Knows nothing about where blocks come from. Blocks are interleaved. */
#ifndef DFND_DUPLEX_H
#define DFND_DUPLEX_H

#include "drift.h"
#include "engine.h"

typedef struct dfnd_duplex dfnd_duplex;

typedef struct dfnd_duplex_config {
    dfnd_engine *engine; /* of 48 kHz */
    int channels;        /* of the engine: 1 or 2 */
    int in_channels, out_channels;
    double in_rate, out_rate;
    int in_block, out_block; /* frames, the most at a time; longer ones may cost sound */
    bool one_clock;          /* dfnd_duplex_both is called, else _in and _out */
} dfnd_duplex_config;

DFN_MUST_CHECK dfn_status dfnd_duplex_new(dfnd_duplex **out,
                                          const dfnd_duplex_config *config, dfn_error *err);
/** NULL allowed; no audio thread may be in it. */
void dfnd_duplex_free(dfnd_duplex *d);

/** Leave the engine alone from now on, whoever calls: waits for a block that is at it. Then
 * all is silent. thread: main */
void dfnd_duplex_let_go(dfnd_duplex *d);

/** A block of each. `in` may be NULL: silence. `now`: s, at the begin of the call.
 * thread: an audio thread. rt: yes */
void dfnd_duplex_both(dfnd_duplex *d, const float *in, float *out, size_t frames,
                      double now) DFN_RT;
/** Blocks of two devices. thread: audio threads, one for each. rt: yes */
void dfnd_duplex_in(dfnd_duplex *d, const float *in, size_t frames, double now) DFN_RT;
void dfnd_duplex_out(dfnd_duplex *d, float *out, size_t frames, double now) DFN_RT;

/** Seconds between the devices' blocks, without the engine's. */
double dfnd_duplex_delay(const dfnd_duplex *d);
/** Times that the bridge, if there is one, lost sound. NULL allowed. thread: any */
uint64_t dfnd_duplex_lost(const dfnd_duplex *d);

#endif
