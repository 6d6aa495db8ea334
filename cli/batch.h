/* batch.h - the files of one 'dfnet4 enhance': what goes where, and what became of it. */
#ifndef BATCH_H
#define BATCH_H

#include <dfnet4/stream.h>
#include <stdatomic.h>
#include <sys/stat.h>

typedef enum job_state { JOB_WAITING, JOB_DONE, JOB_FAILED } job_state;

typedef struct job {
    char *input, *output; /* output: NULL until it is known */
    size_t tail;          /* input + tail is the part of the path kept below -o FOLDER */
    bool from_folder;     /* found in a folder, not named by the user */
    dev_t device;
    ino_t inode;
    int64_t bytes; /* size of the input */

    job_state state;
    char reason[512]; /* of a failure; a remark otherwise */
    int sample_rate, channels, latency;
    int64_t frames;
    double elapsed; /* s */
} job;

typedef struct job_list {
    job *job;
    int count, room;
} job_list;

/* What the threads have done so far, for the progress bar. */
typedef struct progress {
    _Atomic int64_t bytes;      /* of input files */
    _Atomic int64_t audio_usec; /* of sound */
} progress;

typedef struct enhance_settings {
    const char *output, *model_path; /* of the command line, may be NULL */
    bool output_is_folder;
    bool independent, force, dry_run, quiet, json;
    int threads;
    float param[DFN_PARAM_COUNT];
    mode_t umask;
    unsigned cpu;
    const dfn_model *model;
} enhance_settings;

/** Set by SIGINT, SIGTERM, SIGHUP to the signal: stop soon and leave nothing half-done. */
extern atomic_int batch_signal;

/* inputs.c */
/** Add a file, or the sound files of a folder and its folders; `skip` is a folder to leave
 *  out, or NULL; `fresh` leaves out *-enhanced files. What cannot be used is added as
 * failed. False if out of memory. */
bool jobs_add(job_list *list, const char *path, const struct stat *skip, bool fresh);
void jobs_free(job_list *list);
/** Fail a job with a reason, and say so on stderr. */
void job_fail(job *j, const char *format, ...) DFN_PRINTF(2, 3);

/* outputs.c */
/** Name every output, and refuse those that would overwrite something. False if out of
 *  memory. */
bool jobs_plan(job_list *list, const enhance_settings *s);
/** Make the folders above `path`. False with errno. */
bool make_folders(const char *path);

/* enhance_file.c */
/** Run one file: sets its state and results, reports failures. */
void enhance_file(job *j, const enhance_settings *s, progress *p);

/* batch.c */
/** Run all that wait, `s->threads` at a time, with progress. */
void batch_run(job_list *list, const enhance_settings *s);

/** Seconds of a clock that only runs forward. */
double batch_clock(void);

/* summary.c */
/** What became of one file, as a line for people. */
void summary_line(const job *j, bool dry_run);
/** All of it as JSON on stdout. */
bool summary_json(const job_list *list, const enhance_settings *s, double elapsed);

#endif
