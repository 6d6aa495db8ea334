/* finetune_copy.c - a model that has no file of its own, as a file. */
#include "run/finetune.h"

#include "model/inside.h"

#include <dfnet4/safetensors.h>
#include <stdlib.h>

dfn_status dfn_finetune_copy(const dfn_model *m, const char *path, dfn_error *err)
{
    static const char *const keys[] = {"format", "model", "norm", "config"};
    enum { KEYS = sizeof keys / sizeof *keys };
    dfn_text_pair pairs[KEYS];
    size_t n_pairs = 0;
    const size_t n = dfn_safetensors_count(m->file);
    dfn_tensor *tensor = malloc((n + 1) * sizeof *tensor);
    if (!tensor)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        tensor[i] = *dfn_safetensors_get(m->file, i);
    for (int i = 0; i < KEYS; i++) {
        const char *value = dfn_safetensors_metadata(m->file, keys[i]);
        if (value)
            pairs[n_pairs++] = (dfn_text_pair){keys[i], value};
    }
    const dfn_status status = dfn_safetensors_write(path, tensor, n, pairs, n_pairs, err);
    free(tensor);
    return status;
}
