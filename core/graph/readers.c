#include "graph/readers.h"

#include "graph/node.h"

#include <stdlib.h>

dfn_readers *dfn_readers_new(const dfn_graph *g)
{
    dfn_readers *r = calloc((size_t)g->n_node, sizeof *r);
    if (!r)
        return NULL;
    for (dfn_value v = 0; v < g->n_node; v++)
        r[v].last = -1;
    for (dfn_value v = 0; v < g->n_node; v++)
        for (int i = 0; i < g->node[v].n_in; i++) {
            r[g->node[v].in[i]].count++;
            r[g->node[v].in[i]].last = v;
        }
    for (int i = 0; i < g->n_port; i++)
        r[g->port[i].value].count++;
    return r;
}
