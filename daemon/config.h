/* config.h - what dfnet4d is asked to do: files and command line.
 *
 * docs: dfnet4d.conf(5). Sections are [daemon], and one for each stream: [microphone],
 * [microphone NAME], [incoming], [incoming NAME]. Parameters of params.def are keys of
 * these. An unknown section or key is an error with file and line. */
#ifndef DFND_CONFIG_H
#define DFND_CONFIG_H

#include <dfnet4/stream.h>

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

#endif
