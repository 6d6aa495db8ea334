/* scan.h - a manifest of folders, with what their recordings are like. */
#ifndef DFN_SCAN_H
#define DFN_SCAN_H

#include "data/manifest.h"
#include "data/measure.h"

#include <stdio.h>

typedef struct dfn_scan_result {
    dfn_measure measure;
    double seconds;
    dfn_error fault; /* no text: it can be used */
} dfn_scan_result;

/** Decode and measure every entry: result[m->count]. Progress is told to m->watch. */
dfn_status dfn_scan(dfn_scan_result *result, const dfn_manifest *m, int threads,
                    dfn_error *err);

/** Write a CSV of the entries that can be used. The path of one from m->source[i] is
 * prefix[i] and its name. Errors of `f` are left to the caller. */
void dfn_scan_write(FILE *f, const dfn_manifest *m, const dfn_scan_result *result,
                    char *const *prefix);

#endif
