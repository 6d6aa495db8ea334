/* dfnet4_config.h - the list of keys of DeepFilterNet4, for its parser, its template and
 * the test that walks them all. */
#ifndef DFN_DFNET4_CONFIG_H
#define DFN_DFNET4_CONFIG_H

#include "model/config.h"

/** The one list of keys; `n` gets its length. */
const dfn_config_key *dfn_dfnet4_keys(size_t *n);

#endif
