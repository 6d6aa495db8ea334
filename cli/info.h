/* info.h - the parts of 'dfnet4 info'. */
#ifndef INFO_H
#define INFO_H

#include <dfnet4/model.h>

/* One model is two graphs; they are shown one after the other and added up. */
typedef struct info_part {
    const char *name;
    const dfn_graph *graph;
} info_part;

/* Where the network comes from: one of these, or all NULL for the model that 'dfnet4
 * enhance' would use. */
typedef struct info_source {
    const char *model, *config, *preset;
} info_source;

/* info_source.c */
/** Load or build it; `*name`, freed by the caller, is the model's or the preset's. NULL
 * after a message. */
dfn_model *info_open(const info_source *source, char **name);

/* info_dot.c */
/** The graphs as one picture, in the language of Graphviz, on stdout. False if out of
 *  memory. */
bool info_print_dot(const char *title, const info_part parts[2]);

#endif
