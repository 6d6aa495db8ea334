#include "weight_norm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct normed {
    size_t rows, row;
    double *v, *w, *g; /* [rows][row], the same, [rows] */
} normed;

static bool open_normed(normed *n, const golden *c, const dfn_weight *info,
                        const char *name)
{
    char v_name[310], g_name[310];
    snprintf(v_name, sizeof v_name, "%s_v", name);
    snprintf(g_name, sizeof g_name, "%s_g", name);
    if (golden_has(c, name) || !golden_has(c, v_name))
        return false;
    const dfn_tensor *v = golden_tensor(c, v_name), *g = golden_tensor(c, g_name);
    n->rows = (size_t)info->dim[0];
    n->row = info->count / n->rows;
    n->v = calloc(info->count, sizeof *n->v);
    n->w = calloc(info->count, sizeof *n->w);
    n->g = calloc(n->rows, sizeof *n->g);
    bool same = v->rank == info->rank && g->count == n->rows && n->v && n->w && n->g;
    for (int k = 0; same && k < v->rank; k++)
        same = v->dim[k] == (size_t)info->dim[k];
    if (!same) {
        fprintf(stderr, "%s: another shape than in the graph, or out of memory\n", v_name);
        exit(1);
    }
    for (size_t i = 0; i < info->count; i++)
        n->v[i] = golden_at(v, i);
    for (size_t o = 0; o < n->rows; o++)
        n->g[o] = golden_at(g, o);
    return true;
}

static void close_normed(normed *n)
{
    free(n->v);
    free(n->w);
    free(n->g);
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

bool weight_norm_fill(const golden *c, const dfn_weight *info, const char *name, void *w,
                      dfn_precision precision)
{
    normed n;
    if (!open_normed(&n, c, info, name))
        return false;
    for (size_t i = 0; i < info->count; i++) {
        const double *v = n.v + i / n.row * n.row;
        const double value = n.g[i / n.row] * n.v[i] / sqrt(dot(v, v, n.row));
        if (precision == DFN_F64)
            ((double *)w)[i] = value;
        else
            ((float *)w)[i] = (float)value;
    }
    close_normed(&n);
    return true;
}

/* dw to dv in place, g to dg. */
static void project(normed *n)
{
    for (size_t o = 0; o < n->rows; o++) {
        const double *v = n->v + o * n->row;
        double *d = n->w + o * n->row;
        const double square = dot(v, v, n->row), along = dot(d, v, n->row);
        for (size_t i = 0; i < n->row; i++)
            d[i] = n->g[o] / sqrt(square) * (d[i] - v[i] * along / square);
        n->g[o] = along / sqrt(square);
    }
}

bool weight_norm_compare(const golden_rig *r, const dfn_weight *info, const char *name,
                         const char *prefix, const void *dw)
{
    normed n;
    char tensor[400];
    if (!open_normed(&n, r->c, info, name))
        return false;
    for (size_t i = 0; i < info->count; i++)
        n.w[i] = r->precision == DFN_F64 ? ((const double *)dw)[i]
                                         : (double)((const float *)dw)[i];
    project(&n);
    snprintf(tensor, sizeof tensor, "%s%s_v", prefix, name);
    golden_compare(r->c, tensor, n.w, sizeof *n.w, info->count);
    snprintf(tensor, sizeof tensor, "%s%s_g", prefix, name);
    golden_compare(r->c, tensor, n.g, sizeof *n.g, n.rows);
    close_normed(&n);
    return true;
}
