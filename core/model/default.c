/* default.c - the model that comes with the library. */
#include "io/constant.h"
#include "model/embedded.h"
#include "model/inside.h"

const char *dfn_model_default_name(void) { return dfn_embedded_name; }

dfn_status dfn_model_load_default(dfn_model **out, dfn_error *err)
{
    dfn_safetensors *file;
    *out = NULL;
    const dfn_status status = dfn_safetensors_open_constant(
        &file, dfn_embedded, (size_t)dfn_embedded_size, dfn_embedded_name, err);
    return status ? status : dfn_model_of_file(out, file, dfn_embedded_name, err);
}
