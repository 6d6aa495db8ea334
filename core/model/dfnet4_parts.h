/* dfnet4_parts.h - how the files of DeepFilterNet4 fit together. */
#ifndef DFN_DFNET4_PARTS_H
#define DFN_DFNET4_PARTS_H

#include "model/conv_path.h"
#include "model/dfnet4.h"

/** The convolutions of a configuration. */
dfn_conv_path dfn_dfnet4_convolutions(const dfn_dfnet4_config *c);

/** x + delta along a skip connection of the given kind (dfn_skip). */
dfn_value dfn_dfnet4_skip(dfn_graph *g, const dfn_dfnet4_config *c, const char *name,
                          int skip, dfn_value from, dfn_value to);

/** One stage of the backbone, Mamba or GRU: squeeze, layers, expand to `out` (0: stay). */
dfn_value dfn_dfnet4_sequence(dfn_graph *g, const dfn_dfnet4_config *c, const char *name,
                              dfn_value x, int hidden, int layers, int out, int groups_in,
                              int skip);

/** Time and phase branch beside the magnitudes, fused and followed through time.
 *  dfnet4_hybrid.c */
dfn_value dfn_dfnet4_hybrid(dfn_graph *g, const dfn_dfnet4_config *c, dfn_dfnet4_input in,
                            dfn_value mag);

/** The filter's coefficients; *order and *keep are set if it is adaptive. lsnr is the local
 * SNR between 0 and 1. dfnet4_filter.c */
dfn_value dfn_dfnet4_filter(dfn_graph *g, const dfn_dfnet4_config *c, dfn_encoded e,
                            dfn_value emb, dfn_value lsnr, dfn_value *order,
                            dfn_value *keep);

/** Shape of the coefficients, and the deep_filter that uses them. */
dfn_shape dfn_dfnet4_coefs_shape(const dfn_dfnet4_config *c);
dfn_attr dfn_dfnet4_taps(const dfn_dfnet4_config *c);

/** Highest order of all groups; 0 for gains only. */
int dfn_dfnet4_order(const dfn_dfnet4_config *c);

#endif
