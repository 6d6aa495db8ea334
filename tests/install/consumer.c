/* A program of somebody else: built against the installed library through pkg-config, as C
 * and as C++ (.ci/run, job install). */
#include <dfnet4/stream.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    dfn_error err;
    dfn_model *model;
    if (dfn_model_load(&model, "/no/such/model", &err) != DFN_ERR_IO)
        return 1;
    printf("%s: %s\n", dfn_strerror(err.status), err.text);
    printf("first parameter: %s\n", dfn_param_get_info(DFN_PARAM_LIMIT_DB)->label);
    if (strstr(err.text, "/no/such/model") == NULL)
        return 1;
    if (dfn_model_load_default(&model, &err) != DFN_OK) {
        printf("%s\n", err.text);
        return dfn_model_default_name() != NULL; /* a build may go without */
    }
    printf("default model: %s\n", dfn_model_default_name());
    dfn_model_free(model);
    return 0;
}
