/* write.c - a model becomes a file. */
#include "model/write.h"

#include "graph/node.h"
#include "model/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_METADATA = 4 };

/* Tensors to write, and the names of those that are made here. */
typedef struct tensor_list {
    dfn_tensor *tensor;
    char **name;
    size_t n, n_name;
} tensor_list;

static void add_weight(tensor_list *l, const dfn_weight *w, dfn_dtype type,
                       const void *data)
{
    dfn_tensor *t = &l->tensor[l->n++];
    *t = (dfn_tensor){
        .name = w->name, .dtype = type, .rank = w->rank, .count = w->count, .data = data};
    for (int j = 0; j < w->rank; j++)
        t->dim[j] = (size_t)w->dim[j];
}

/* "<name>.scale", one number for each row. False: out of memory. */
static bool add_scale(tensor_list *l, const char *weight, const float *scale, int rows)
{
    const size_t room = strlen(weight) + sizeof ".scale";
    char *name = malloc(room);
    if (!name)
        return false;
    snprintf(name, room, "%s.scale", weight);
    l->name[l->n_name++] = name;
    l->tensor[l->n++] = (dfn_tensor){.name = name,
                                     .dtype = DFN_DTYPE_F32,
                                     .rank = 1,
                                     .dim = {(size_t)rows},
                                     .count = (size_t)rows,
                                     .data = scale};
    return true;
}

static bool add_net(tensor_list *l, const dfn_graph *g, const dfn_stored *weights)
{
    static const dfn_dtype type[] = {DFN_DTYPE_F32, DFN_DTYPE_F32, DFN_DTYPE_BF16,
                                     DFN_DTYPE_I8};
    for (dfn_value v = 0; v < g->n_node; v++)
        for (int i = 0; i < g->node[v].n_w; i++) {
            const dfn_stored *w = &weights[g->node[v].w[i]];
            const dfn_weight *about = &g->weight[g->node[v].w[i]];
            dfn_rows rows;
            add_weight(l, about, type[w->format], w->data);
            if (w->format == DFN_WEIGHTS_INT8 && dfn_rows_find(&rows, g, v, i) &&
                !add_scale(l, about->name, w->scale, rows.rows))
                return false;
        }
    return true;
}

static dfn_status write_tensors(const dfn_model *m, const char *path, const tensor_list *l,
                                const dfn_text_pair *metadata, size_t n, dfn_error *err)
{
    const dfn_text_pair own[OWN_METADATA] = {{"format", "dfnet4-1"},
                                             {"model", m->info.kind},
                                             {"norm", m->batch_norm ? "batch" : "folded"},
                                             {"config", m->config_text}};
    dfn_text_pair *pairs = calloc(OWN_METADATA + n, sizeof *pairs);
    if (!pairs)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    memcpy(pairs, own, sizeof own);
    if (n)
        memcpy(pairs + OWN_METADATA, metadata, n * sizeof *pairs);
    const dfn_status status =
        dfn_safetensors_write(path, l->tensor, l->n, pairs, OWN_METADATA + n, err);
    free(pairs);
    return status;
}

dfn_status dfn_write_stored(const dfn_model *m, const char *path, const dfn_stored *net,
                            const void *const *apply, const dfn_text_pair *metadata,
                            size_t n_metadata, dfn_error *err)
{
    const size_t n = (size_t)m->net->n_weight, n_apply = (size_t)m->apply->n_weight;
    tensor_list l = {.tensor = calloc(2 * n + n_apply + 1, sizeof *l.tensor),
                     .name = calloc(n + 1, sizeof *l.name)};
    dfn_status status = DFN_ERR_NOMEM;
    if (l.tensor && l.name && add_net(&l, m->net, net)) {
        for (size_t i = 0; i < n_apply; i++)
            add_weight(&l, &m->apply->weight[i], DFN_DTYPE_F32, apply[i]);
        status = write_tensors(m, path, &l, metadata, n_metadata, err);
    } else {
        dfn_fail(err, status, "%s: out of memory", path);
    }
    for (size_t i = 0; i < l.n_name; i++)
        free(l.name[i]);
    free(l.name);
    free(l.tensor);
    return status;
}

dfn_status dfn_model_write(const dfn_model *m, const char *path,
                           const void *const *net_weights, const void *const *apply_weights,
                           const dfn_text_pair *metadata, size_t n_metadata, dfn_error *err)
{
    const int n = dfn_graph_weight_count(m->net),
              n_apply = dfn_graph_weight_count(m->apply);
    if (!net_weights)
        net_weights = m->net_weights;
    if (!apply_weights)
        apply_weights = m->apply_weights;
    if ((n && !net_weights && !m->stored) || (n_apply && !apply_weights))
        return dfn_fail(err, DFN_ERR_ARG, "%s: a model without weights cannot be written",
                        path);
    dfn_stored *net = calloc((size_t)n + 1, sizeof *net);
    if (!net)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    for (int i = 0; i < n; i++)
        net[i] = net_weights ? (dfn_stored){.data = net_weights[i]} : m->stored[i];
    const dfn_status status =
        dfn_write_stored(m, path, net, apply_weights, metadata, n_metadata, err);
    free(net);
    return status;
}
