/* default.c - the model that comes with the library. */
#include "model/embedded.h"

#include <dfnet4/model.h>

const char *dfn_model_default_name(void) { return dfn_embedded_name; }

dfn_status dfn_model_load_default(dfn_model **out, dfn_error *err)
{
    return dfn_model_load_memory(out, dfn_embedded, (size_t)dfn_embedded_size,
                                 dfn_embedded_name, err);
}
