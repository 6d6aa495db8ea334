/* quantize.h - the parts of 'dfnet4 quantize'. */
#ifndef QUANTIZE_H
#define QUANTIZE_H

#include "cli.h"

#include <dfnet4/stream.h>

/* Sound to compare with, and what the float32 model makes of it: planes of `frames`. */
typedef struct quantize_clip {
    int rate, channels;
    size_t frames;
    float *in, *want, *got; /* [channels][frames]; one allocation */
} quantize_clip;

typedef struct quantize_sound {
    quantize_clip *clip;
    int count;
    double seconds;
    bool made; /* by us: the sound of 'dfnet4 bench' */
    bool cut;  /* files were longer, or more, than are needed */
} quantize_sound;

/* How near one model comes to another. */
typedef struct quantize_score {
    double snr;    /* dB, segmental; NaN if there was nothing to hear */
    double si_sdr; /* dB */
    double lsd;    /* dB, log-spectral distance */
    long segments;
} quantize_score;

typedef struct quantize_settings {
    const char *model_path, *output;
    dfn_weight_format format;
    double target; /* dB */
    unsigned cpu;
    bool force, json, quiet, progress;
} quantize_settings;

typedef enum quantize_reason {
    QUANTIZE_NO_MATRIX, /* nothing to quantise; not shown */
    QUANTIZE_SMALL,     /* it would gain nothing */
    QUANTIZE_FEW,       /* too few inputs for int8 */
    QUANTIZE_TAKEN,
    QUANTIZE_KEPT /* it lost too much: the next better format */
} quantize_reason;

typedef struct quantize_layer {
    quantize_reason reason;
    dfn_weight_format format;
    double snr; /* dB, with this layer alone quantised; NaN: not measured */
} quantize_layer;

/* One model as it was and as it becomes. */
typedef struct quantize_size {
    double file, packed; /* bytes */
    double hop_us;       /* median */
} quantize_size;

typedef struct quantize_job {
    const quantize_settings *settings;
    quantize_sound sound;
    dfn_model *plain, *model;
    quantize_layer *layer; /* one for each node of dfn_model_net */
    int nodes, kept;
    quantize_score score;
    quantize_size before, after;
    bool written;
} quantize_job;

/* quantize_sound.c */
/** Read files and folders, or make a sound if there are none. False after a message. */
bool quantize_sound_read(quantize_sound *s, char **paths, int n);
void quantize_sound_free(quantize_sound *s);

/* quantize_score.c */
/** Run the first `seconds` of the sound into `want` (of the clips) or into `got`. */
bool quantize_play(const quantize_sound *s, const dfn_model *m, unsigned cpu,
                   double seconds, bool want, dfn_error *err);
/** Compare `got` with `want` in the first `seconds`. False: out of memory. */
bool quantize_compare(const quantize_sound *s, double seconds, quantize_score *out,
                      dfn_error *err);
/** Median microseconds of a hop of both, in turn. */
bool quantize_time(quantize_job *j, dfn_error *err);

/* quantize_layers.c */
/** Formats for the layers of j->model, so that the target holds if it can; the score. */
bool quantize_choose(quantize_job *j, dfn_error *err);

/* quantize_report.c */
void quantize_print(const quantize_job *j);
bool quantize_print_json(const quantize_job *j);
const char *quantize_format_name(dfn_weight_format f);

#endif
