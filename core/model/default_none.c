/* default_none.c - takes the place of default.c in a library without a model. */
#include <dfnet4/model.h>
#include <stddef.h>

const char *dfn_model_default_name(void) { return NULL; }

dfn_status dfn_model_load_default(dfn_model **out, dfn_error *err)
{
    *out = NULL;
    return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                    "this library was built without a default model");
}
