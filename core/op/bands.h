/* bands.h - attr.list as widths of consecutive frequency bands, for the ERB ops. */
#ifndef DFN_BANDS_H
#define DFN_BANDS_H

#include "op/op.h"

/* NULL, or why the widths of a node do not fit a spectrum of F bins. */
static inline const char *bands_refuse(const dfn_attr *a, int F)
{
    long sum = 0;
    if (a->list_len < 1 || a->list_len > DFN_LIST_MAX)
        return "needs a list of band widths";
    for (int e = 0; e < a->list_len; e++) {
        if (a->list[e] < 1)
            return "a band is empty";
        sum += a->list[e];
    }
    return sum == F ? NULL : "the band widths do not add up to the bins";
}

static inline bool is_spectrum(dfn_shape s) { return s.d[0] == 1 && s.d[2] == 2; }

#endif
