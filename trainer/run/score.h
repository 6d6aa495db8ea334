/* score.h - how much better a network makes noisy sounds: measures of pairs of a noisy
 * sound and what should come out of it. */
#ifndef DFN_SCORE_H
#define DFN_SCORE_H

#include <dfnet4/model.h>

/* NAN where a measure is not defined: all against a silent target, and STOI of sounds with
 * less than half a second of speech. */
typedef struct dfn_score {
    double si_sdr_noisy, si_sdr; /* dB, at the rate of the sounds */
    double stoi_noisy, stoi;     /* at 16 kHz */
    double estoi_noisy, estoi;
    double level; /* dB, of the enhanced sound over the noisy one */
} dfn_score;

/** Score one sound. DFN_ERR_ARG if a sample is not finite. shape: [n]. thread: any */
dfn_status dfn_score_clip(dfn_score *out, const float *noisy, const float *target,
                          const float *enhanced, size_t n, int rate, dfn_error *err);

/** Means of what is defined; NAN if nothing is. Entries i with `use` (NULL: all) false do
 * not count. */
dfn_score dfn_score_mean(const dfn_score *s, size_t n, const bool *use);

/* A pair of files. */
typedef struct dfn_pair {
    char *id, *set;      /* set: "" if there is no list */
    char *noisy, *clean; /* paths */
    double snr_db;       /* NAN: not told */
    bool room;           /* with reverberation */
    int line;            /* of the list, or 0 */
    double seconds;
    dfn_status status; /* of the score: an error that says which file */
    dfn_error err;
    dfn_score score;
} dfn_pair;

typedef struct dfn_pairs {
    dfn_pair *pair;
    size_t count;
} dfn_pairs;

/** Find the pairs of a folder: those of its manifest.csv (columns id, set, clean, noisy,
 * snr_db, rir; only clean and noisy must be there), or else all NAME_noisy.EXT with
 * NAME_clean.EXT, by name. DFN_ERR_FORMAT names file and line. owner: dfn_pairs_free */
dfn_status dfn_pairs_find(dfn_pairs *out, const char *folder, dfn_error *err);
void dfn_pairs_free(dfn_pairs *p);

/** Enhance and score all pairs, with `threads` threads. `done`, if there is one, is called
 * after each, from any thread. What is wrong with one pair is in its `status`. */
dfn_status dfn_pairs_score(dfn_pairs *p, const dfn_model *m, int threads, unsigned cpu,
                           void (*done)(void *context, const dfn_pair *pair), void *context,
                           dfn_error *err);

#endif
