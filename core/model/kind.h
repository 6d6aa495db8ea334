/* kind.h - which network a configuration is about. */
#ifndef DFN_KIND_H
#define DFN_KIND_H

#include "model/builder.h"

/** The builder that "model" in section [train] names, as DeepFilterNet writes it; if it is
 *  silent, that of the first section that belongs to one. It is an error if there is none.
 */
dfn_status dfn_builder_of_config(const dfn_builder **out, const char *text,
                                 const char *name, dfn_error *err);

#endif
