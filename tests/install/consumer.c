/* A program of somebody else: built against the installed library through pkg-config, as C
 * and as C++ (.ci/run, job install). */
#include <dfnet4/graph.h>
#include <dfnet4/safetensors.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    dfn_error err;
    dfn_safetensors *file;
    if (dfn_safetensors_open(&file, "/no/such/model", &err) != DFN_ERR_IO)
        return 1;
    printf("%s: %s\n", dfn_strerror(err.status), err.text);

    dfn_graph *g = dfn_graph_new();
    const dfn_shape shape = {1, {1, 1, 3}};
    dfn_graph_output(g, "y", dfn_graph_input(g, "x", shape));
    const int failed = dfn_graph_finish(g, &err) != DFN_OK;
    dfn_graph_free(g);
    return failed || !strstr(err.text, "/no/such/model");
}
