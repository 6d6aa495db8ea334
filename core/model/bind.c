/* bind.c - see bind.h. Files are hostile: every number is looked at. */
#include "model/bind.h"

#include "graph/node.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char scale_suffix[] = ".scale";

typedef struct binding {
    const dfn_safetensors *file;
    const dfn_graph *g;
    const char *name;
    bool plain; /* float32 only */
    dfn_error *err;
} binding;

static dfn_status refuse(const binding *b, const char *tensor, const char *why)
{
    return dfn_fail(b->err, DFN_ERR_FORMAT, "%s: tensor '%s' %s", b->name, tensor, why);
}

/* Largest exponents and least numbers instead of a way out: loops that read a whole file
 * become vectors. */
static bool finite_f32(const float *x, size_t n)
{
    const int32_t exponent = 0x7f800000;
    int32_t top = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= exponent;
        top = bits > top ? bits : top;
    }
    return top < exponent;
}

static bool finite_bf16(const uint16_t *x, size_t n)
{
    const int16_t exponent = 0x7f80;
    int16_t top = 0;
    for (size_t i = 0; i < n; i++) {
        const int16_t bits = (int16_t)(x[i] & exponent);
        top = bits > top ? bits : top;
    }
    return top < exponent;
}

static bool good_int8(const int8_t *q, size_t n)
{
    int8_t least = 0;
    for (size_t i = 0; i < n; i++)
        least = q[i] < least ? q[i] : least;
    return least >= -127;
}

/* Products with scales stay finite: |q| is 127 at most. */
static bool good_scales(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= 0 && x[i] <= FLT_MAX / 127))
            return false;
    return true;
}

static dfn_status bind_int8(const binding *b, dfn_stored *to, const dfn_tensor *t, int rows)
{
    char name[512];
    if (strlen(t->name) + sizeof scale_suffix > sizeof name)
        return refuse(b, t->name, "has too long a name for int8");
    snprintf(name, sizeof name, "%s%s", t->name, scale_suffix);
    const dfn_tensor *s = dfn_safetensors_find(b->file, name);
    if (!s)
        return refuse(b, name, "is missing: int8 weights need scales");
    if (s->dtype != DFN_DTYPE_F32 || s->rank != 1 || s->dim[0] != (size_t)rows)
        return refuse(b, name, "is not one float32 number for each output");
    if (!good_scales(s->data, s->count))
        return refuse(b, name, "holds a scale that is negative, not finite or too large");
    if (!good_int8(t->data, t->count))
        return refuse(b, t->name, "holds -128; int8 weights are -127 to 127");
    *to = (dfn_stored){DFN_WEIGHTS_INT8, t->data, s->data};
    return DFN_OK;
}

static bool same_shape(const dfn_tensor *t, const dfn_weight *w)
{
    bool same = t->rank == w->rank;
    for (int i = 0; same && i < w->rank; i++)
        same = t->dim[i] == (size_t)w->dim[i];
    return same;
}

/* Weight i of node v. */
static dfn_status bind_weight(const binding *b, dfn_stored *to, dfn_value v, int i)
{
    const dfn_weight *w = &b->g->weight[b->g->node[v].w[i]];
    const dfn_tensor *t = dfn_safetensors_find(b->file, w->name);
    dfn_rows rows;
    if (!t)
        return refuse(b, w->name, "is missing");
    const bool f32 = t->dtype == DFN_DTYPE_F32;
    if (!f32 && t->dtype != DFN_DTYPE_BF16 && t->dtype != DFN_DTYPE_I8)
        return refuse(b, w->name, "is not float32");
    if (!same_shape(t, w))
        return refuse(b, w->name, "has another shape than its config says");
    if (!f32 && (b->plain || !dfn_rows_find(&rows, b->g, v, i)))
        return refuse(b, w->name, "is not float32, and only matrices of layers can be");
    if (t->dtype == DFN_DTYPE_I8)
        return bind_int8(b, to, t, rows.rows);
    if (!(f32 ? finite_f32(t->data, t->count) : finite_bf16(t->data, t->count)))
        return refuse(b, w->name, "holds NaN or infinity");
    to->format = f32 ? DFN_WEIGHTS_PLAIN : DFN_WEIGHTS_BF16;
    to->data = t->data;
    return DFN_OK;
}

/* The matrices of a layer have one format: its node runs in that. */
static dfn_status bind_node(const binding *b, dfn_stored *to, dfn_value v)
{
    const dfn_node *n = &b->g->node[v];
    dfn_rows rows;
    for (int i = 0; i < n->n_w; i++) {
        const dfn_status status = bind_weight(b, &to[n->w[i]], v, i);
        if (status)
            return status;
        if (i && dfn_rows_find(&rows, b->g, v, i) &&
            to[n->w[i]].format != to[n->w[0]].format)
            return refuse(b, b->g->weight[n->w[i]].name,
                          "has another type than the other matrix of its layer");
    }
    return DFN_OK;
}

dfn_status dfn_bind(dfn_stored **out, bool *quantised, const dfn_safetensors *file,
                    const dfn_graph *g, const char *name, dfn_error *err)
{
    const binding b = {file, g, name, !quantised, err};
    dfn_status status = DFN_OK;
    *out = calloc((size_t)g->n_weight + 1, sizeof **out);
    if (!*out)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    for (dfn_value v = 0; v < g->n_node && !status; v++)
        status = bind_node(&b, *out, v);
    for (int i = 0; i < g->n_weight && quantised; i++)
        *quantised |= (*out)[i].format != DFN_WEIGHTS_PLAIN;
    return status;
}

bool dfn_bind_knows(const dfn_graph *g, const dfn_stored *weights, const char *tensor)
{
    for (int i = 0; i < g->n_weight; i++) {
        const size_t n = strlen(g->weight[i].name);
        if (strncmp(g->weight[i].name, tensor, n))
            continue;
        if (!tensor[n] ||
            (weights[i].format == DFN_WEIGHTS_INT8 && !strcmp(tensor + n, scale_suffix)))
            return true;
    }
    return false;
}
