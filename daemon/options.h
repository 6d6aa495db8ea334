/* options.h - the command line of dfnet4d. */
#ifndef DFND_OPTIONS_H
#define DFND_OPTIONS_H

#include "config.h"
#include "log.h"

typedef enum dfnd_action {
    DFND_RUN,
    DFND_CHECK_CONFIG,
    DFND_LIST_DEVICES,
    DFND_LIST_MODELS,
    DFND_DUMP_CONFIG,
    DFND_VERSION
} dfnd_action;

enum { DFND_OPTIONS = 32 };

typedef struct dfnd_options {
    dfnd_action action;
    dfnd_level level;                    /* of messages */
    const char *config, *backend, *name; /* NULL: not given */
    int count;                           /* settings of one stream, in order */
    struct {
        const char *key, *value;
    } set[DFND_OPTIONS];
} dfnd_options;

/** Wrong usage and --help print and exit. Texts belong to `argv`. */
void dfnd_options_read(dfnd_options *o, int argc, char **argv);

/** What the options say comes last. Without any stream, there is one microphone. */
DFN_MUST_CHECK dfn_status dfnd_options_apply(const dfnd_options *o, dfnd_config *c,
                                             dfn_error *err);

/** The settings of all files and the options. */
DFN_MUST_CHECK dfn_status dfnd_options_load(const dfnd_options *o, dfnd_config *c,
                                            dfn_error *err);

#endif
