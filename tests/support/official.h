/* official.h - the official DeepFilterNet3, from the reference data. */
#ifndef OFFICIAL_H
#define OFFICIAL_H

#include <dfnet4/model.h>

/** The official model, imported now. NULL, after saying why on stderr, if it is absent,
 * this build has no importer, or it failed: return *status from main then. Free it with
 *  dfn_model_free. */
dfn_model *official_model(int *status);

#endif
