/* bench.h - the parts of 'dfnet4 bench'.
 *
 * The parent process (bench.c) finds out what to measure and prints. Each model is measured
 * by children (bench_child.c), so that memory and load time are those of a fresh process
 * and a crash is only a message; what they find out comes back through a pipe, one
 * bench_message at a time. */
#ifndef BENCH_H
#define BENCH_H

#include "cli.h"

#include <dfnet4/cpu.h>
#include <dfnet4/stream.h>
#include <signal.h>

enum { BENCH_STREAMS = 64, BENCH_TOGETHER = 64, BENCH_LABEL = 128, BENCH_ROWS = 64 };
enum { BENCH_PEAKS_MAX = 8, BENCH_CACHES = 4 };

typedef enum bench_mode { BENCH_HOT, BENCH_PACED, BENCH_MODES } bench_mode;

typedef enum bench_signal {
    BENCH_SPEECH,
    BENCH_NOISE,
    BENCH_SILENCE,
    BENCH_DENORMAL,
    BENCH_LOUD,
    BENCH_NAN,
    BENCH_SIGNALS
} bench_signal;

typedef enum bench_precision {
    BENCH_FILE, /* as the model file has it */
    BENCH_F32,
    BENCH_BF16,
    BENCH_INT8,
    BENCH_PRECISIONS
} bench_precision;

typedef struct bench_settings {
    bool mode[BENCH_MODES], signal[BENCH_SIGNALS], precision[BENCH_PRECISIONS];
    double seconds; /* of audio per mode; 0: the defaults */
    int streams;
    bool batch;   /* the streams are channels of one dfn_stream */
    int together; /* hops that run at a time */
    unsigned cpu;
    bool compare;
    unsigned other; /* what `cpu` is compared with */
    int pin;        /* -1: no processor in particular */
    bool ops, peaks, json, progress;
} bench_settings;

/* What one way to run a model has cost. Times in microseconds. */
typedef struct bench_row {
    bench_mode mode;
    bench_signal signal;
    unsigned cpu;
    int hops;
    double p50, p99, p999, max; /* of one hop of all streams */
    double each_p50, each_max;  /* of one hop of one stream */
    double seconds, rtf;        /* of audio; time taken over it */
    double instructions;        /* of one hop of all streams; negative: unknown */
    double ratio;               /* of p50 to that of the first row of its mode */
    long preempted; /* times that the system took the core away, all rows of the mode */
} bench_row;

typedef struct bench_load {
    double load_ms;                 /* load, make a stream, first hop */
    double rss_kib, rss_stream_kib; /* growth by then; by each further stream */
    char precision[8];
} bench_load;

/* One operator of a network, or all of a kind. Of one hop. */
typedef struct bench_op {
    char name[BENCH_LABEL], op[32], graph[8]; /* "net", "apply", or "" outside of both */
    int calls;
    double us, macs, bytes; /* of weights */
    double floor_us;        /* what its multiplications or its reading need at least */
    dfn_weight_format format;
} bench_op;

/* What one core of this machine can do at best; 0: not known. */
typedef struct bench_peak {
    unsigned cpu; /* the set that can do it */
    dfn_weight_format format;
    double gops; /* a multiplication and an addition are two */
} bench_peak;

typedef struct bench_peaks {
    bench_peak compute[BENCH_PEAKS_MAX];
    int n;
    double bytes[BENCH_CACHES], read[BENCH_CACHES]; /* L1, L2, L3, DRAM; GB/s */
    float sink;
} bench_peaks;

typedef enum bench_kind {
    BENCH_PROGRESS,
    BENCH_LOADED,
    BENCH_ROW,
    BENCH_OP,
    BENCH_PEAKS,
    BENCH_ERROR
} bench_kind;

typedef struct bench_message {
    bench_kind kind;
    union {
        char text[512];
        bench_load load;
        bench_row row;
        bench_op op;
        bench_peaks peaks;
    };
} bench_message;

/* Everything about one model at one precision. */
typedef struct bench_result {
    char label[BENCH_LABEL], what[64]; /* "random weights" or a kind */
    bench_load load;
    bench_row row[BENCH_ROWS];
    int n_row;
    bench_op *op; /* with --ops */
    int n_op;
    bool lost; /* something, for want of memory */
} bench_result;

/* bench_options.c */
bench_settings bench_options_read(const cli_command *self, int argc, char **argv);
const cli_option *bench_options(void);

/* bench_source.c */
typedef struct bench_source {
    const char *label;
    char *path;         /* of a model file, or the embedded model's name */
    const char *config; /* of a network without weights; the file is ours, and goes away */
    char *text;         /* of config, if it was read */
} bench_source;
/** The model file of an argument; a preset and an INI file get random weights and a temporary
 *  file, "default" is cli_find_model's. False after a message. owner: bench_source_close. */
bool bench_source_open(bench_source *s, const char *argument);
void bench_source_close(bench_source *s);

/* bench_child.c */
extern volatile sig_atomic_t bench_stop; /* the signal that ends us, or 0 */
/** Send a message to the parent. */
void bench_tell(int pipe, const bench_message *m);
void bench_tell_progress(int pipe, const char *format, ...) DFN_PRINTF(2, 3);
bool bench_tell_error(int pipe, const char *format, ...) DFN_PRINTF(2, 3); /* false */
/** Run `work` in a child process and hand its messages to `heard`. False, after a message
 * that begins with `label`, if it reports an error, returns false or crashes. */
bool bench_in_child(const char *label, bool (*work)(int pipe, const void *context),
                    const void *context, void (*heard)(void *to, const bench_message *m),
                    void *to);

/* bench_measure.c: what a child does with a model */
typedef struct bench_task {
    const bench_settings *settings;
    const char *path;
    bench_precision precision;
    bool load_only;
} bench_task;
bool bench_measure(int pipe, const void *task);
/** Load it at the precision asked for, and say which one that is. */
bool bench_load_model(dfn_model **m, const bench_task *t, bench_load *l, dfn_error *err);

/* bench_ops.c: the same for every operator: BENCH_OP messages, and a row for the whole hop
 */
bool bench_measure_ops(int pipe, const void *task);
/** Fill in floors from the peaks; sort by time, longest first. */
void bench_ops_judge(bench_result *r, const bench_settings *s, const bench_peaks *p);
/** The operators of each kind, added up and sorted; owner: caller frees. NULL: no memory.
 */
bench_op *bench_ops_by_kind(const bench_result *r, int *n);
bench_op bench_ops_total(const bench_result *r);

/* bench_peaks.c */
bool bench_find_peaks(int pipe, const void *unused); /* one BENCH_PEAKS message */
/** Best speed with these instruction sets, of products with such weights. */
double bench_peak_of(const bench_peaks *p, unsigned cpu, dfn_weight_format f);

/* bench_lane.c: streams that are run and timed together */
typedef struct bench_lane bench_lane;
typedef struct bench_lane_config {
    unsigned cpu;
    bench_signal signal;
    int streams;
    bool batch;
    int together; /* hops that run, and are timed, at a time; 0 is 1 */
    size_t times; /* room for as many */
} bench_lane_config;
bench_lane *bench_lane_new(const bench_lane_config *c, int hop_size, int rate);
/** Make further streams of `model` until there are n. */
bool bench_lane_fill(bench_lane *l, const dfn_model *model, int n, dfn_error *err);
void bench_lane_free(bench_lane *l);
/** Run a hop of every stream, or as many as go together, and keep the time if there is
 *  room. */
void bench_lane_hop(bench_lane *l, bool keep);
void bench_lane_clear(bench_lane *l);
size_t bench_lane_kept(const bench_lane *l);
/** Figures of the times kept, which it sorts. */
bench_row bench_lane_row(bench_lane *l, bench_mode mode, double instructions);

/* bench_signal.c */
enum { BENCH_LOOP = 1 << 18 }; /* samples, after which a signal begins anew: 5.5 s */
void bench_signal_fill(float *x, size_t n, bench_signal s);
extern const char *const bench_signal_name[BENCH_SIGNALS + 1]; /* ends with NULL */
extern const char *const bench_mode_name[BENCH_MODES + 1];
extern const char *const bench_precision_name[BENCH_PRECISIONS + 1];

/* bench_system.c */
double bench_rss_kib(void);        /* memory of this process that is resident; 0: unknown */
long bench_preempted(void);        /* times that it lost its core unwillingly, so far */
int64_t bench_clock(void);         /* nanoseconds */
void bench_sleep_until(int64_t t); /* on bench_clock; a signal ends it early */
bool bench_pin(int cpu);
/** Counter of instructions of this thread, outside the kernel; -1 where there is none. */
int bench_counter_open(void);
double bench_counter_read(int counter);
/** Processor, its frequency's governor and turbo as far as known: "AMD EPYC, ...". */
void bench_machine(char *text, size_t size, int cpu);
/** From now on this thread computes as streams do: denormal numbers are zero. */
void bench_flush_denormals(void);

/* bench_text.c, bench_ops_text.c */
void bench_print(const bench_settings *s, const bench_result *r);
void bench_print_ops(const bench_settings *s, const bench_result *r, const bench_peaks *p);
void bench_print_peaks(const bench_peaks *p);
extern const char *const bench_cache_name[BENCH_CACHES];
extern const char *const bench_format_name[];

/* bench_json.c. `p` is NULL without --peaks. */
json_t *bench_json(const bench_settings *s, const bench_result *r, const bench_peaks *p);

#endif
