/* difference.h - where two configurations, as dfn_config_print writes them, differ. */
#ifndef DFN_DIFFERENCE_H
#define DFN_DIFFERENCE_H

#include <stddef.h>

/** How many keys differ. out[size] names the first few, "[mix] seed is 2 there, 1 here;
 * ..."; "" if there are none. */
int dfn_difference(const char *there, const char *here, char *out, size_t size);

#endif
