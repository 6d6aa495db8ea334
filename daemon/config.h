/* config.h - what dfnet4d is asked to do: files and command line.
 *
 * docs: dfnet4d.conf(5). Sections are [daemon], and one for each stream: [microphone],
 * [microphone NAME], [incoming], [incoming NAME]. Parameters of params.def are keys of
 * these. An unknown section or key is an error with file and line. */
#ifndef DFND_CONFIG_H
#define DFND_CONFIG_H

#include <dfnet4/stream.h>
#include <stdio.h>

enum { DFND_NAME = 64, DFND_TEXT = 256, DFND_PATH = 4096, DFND_INSTANCES = 16 };

typedef enum dfnd_direction {
    DFND_MICROPHONE, /* a device is heard, and a clean source is offered */
    DFND_INCOMING /* a sink is offered, and what it is given goes on to a device, clean */
} dfnd_direction;

/* One stream through one network. */
typedef struct dfnd_instance_config {
    char name[DFND_NAME]; /* letters, digits, '-', '_'; unique; "microphone", "incoming" */
    dfnd_direction direction;
    char description[DFND_TEXT]; /* for people; "dfnet4 NAME" */
    char device[DFND_TEXT];      /* as the backend names it; "": the default one */
    char output[DFND_TEXT];      /* PortAudio: where the clean sound goes */
    char model[DFND_PATH];       /* file, or name in the model folders; "": the default */
    char precision[8];           /* "f32", "bf16", "int8" */
    int channels;                /* 1 or 2 */
    bool smart;                  /* PipeWire: a smart filter */
    bool make_default;           /* become the default source (or sink) */
    float param[DFN_PARAM_COUNT];
} dfnd_instance_config;

typedef struct dfnd_config {
    char backend[16]; /* "pipewire", "portaudio" */
    int count;
    dfnd_instance_config instance[DFND_INSTANCES];
} dfnd_config;

/** The defaults of a stream called `name`. */
void dfnd_instance_config_default(dfnd_instance_config *c, const char *name,
                                  dfnd_direction direction);

/** A setting as the files and the options write it: "limit_db", "20". Keys may be written
 * with '-' for '_'. The error says what may stand there. */
DFN_MUST_CHECK dfn_status dfnd_instance_config_set(dfnd_instance_config *c, const char *key,
                                                   const char *value, dfn_error *err);
/** The same for a key of [daemon]. */
DFN_MUST_CHECK dfn_status dfnd_config_set(dfnd_config *c, const char *key,
                                          const char *value, dfn_error *err);

/** The defaults: no stream yet. */
void dfnd_config_default(dfnd_config *c);
/** NULL if there is none of that name. */
dfnd_instance_config *dfnd_config_find(dfnd_config *c, const char *name);
/** The stream of that name, made with its defaults if there is none. Fails if the name
 * cannot be one, belongs to the other direction, or there are DFND_INSTANCES already. */
DFN_MUST_CHECK dfn_status dfnd_config_add(dfnd_instance_config **out, dfnd_config *c,
                                          const char *name, dfnd_direction direction,
                                          dfn_error *err);

/** Change what `text` mentions. `file` is for messages. After an error, `c` holds what came
 * before it. */
DFN_MUST_CHECK dfn_status dfnd_config_parse(dfnd_config *c, const char *text, size_t size,
                                            const char *file, dfn_error *err);

/** The settings of the file `only` and of `only`.d, or with NULL those of all XDG folders,
 * the user's last. Without any file: the defaults. */
DFN_MUST_CHECK dfn_status dfnd_config_load(dfnd_config *c, const char *only,
                                           dfn_error *err);

/** All settings as a file with comments, which reads back to the same. */
void dfnd_config_print(FILE *f, const dfnd_config *c);

#endif
