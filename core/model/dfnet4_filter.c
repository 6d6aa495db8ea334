/* dfnet4_filter.c - the multi-frame filter of the low bins.
 *
 *   coefs = tanh(linear(backbone(emb))) + conv(c0)
 *
 * Taps are newest-aligned: the last tap of every group is the newest frame, so zero
 * coefficients give silence in every bin. */
#include "model/dfnet4_parts.h"

#include <stdio.h>

typedef dfn_dfnet4_config config;

int dfn_dfnet4_order(const config *c)
{
    int order = 0;
    switch (c->filter) {
    case DFN_FILTER_GROUPS:
    case DFN_FILTER_WEIGHTED:
        for (int i = 0; i < c->n_resolution; i++)
            if (order < c->resolution[i].order)
                order = c->resolution[i].order;
        return order;
    case DFN_FILTER_SINGLE: return c->df_order;
    case DFN_FILTER_ADAPTIVE: return c->order_max;
    case DFN_FILTER_NONE: break;
    }
    return 0;
}

/* Group i of the bins from below, of n: where it starts, how many bins, which order. The
 * finest group, lowest in frequency, gets the highest order. */
typedef struct group {
    int start, n, order;
} group;

static group find_group(const config *c, int i)
{
    const int last = c->n_resolution - 1;
    int order[DFN_RESOLUTIONS_MAX];
    for (int k = 0; k <= last; k++) { /* falling */
        int at = k;
        for (; at > 0 && order[at - 1] < c->resolution[k].order; at--)
            order[at] = order[at - 1];
        order[at] = c->resolution[k].order;
    }
    const int start = i ? c->resolution[last - i + 1].bins : 0;
    return (group){start, c->resolution[last - i].bins - start, order[i]};
}

static dfn_value slice(dfn_graph *g, dfn_value x, int axis, int start, int length)
{
    if (length == dfn_graph_shape(g, x).d[axis])
        return x;
    return dfn_unary(g, DFN_OP_SLICE, NULL, x,
                     (dfn_attr){.axis = axis, .start = start, .length = length});
}

static dfn_value join(dfn_graph *g, int n, const dfn_value *x)
{
    return n == 1 ? x[0]
                  : dfn_graph_add(g, DFN_OP_CONCAT, NULL, &(dfn_attr){.axis = 2}, n, x);
}

static dfn_value tanh_head(dfn_graph *g, const config *c, const char *name, dfn_value h,
                           int n)
{
    return dfn_grouped_linear(g, name, h, n, c->linear_groups, DFN_ACT_TANH);
}

static dfn_value single(dfn_graph *g, const config *c, dfn_value h, dfn_value path)
{
    dfn_value x = tanh_head(g, c, "df_dec.df_out.0", h, c->nb_df * c->df_order * 2);
    x = dfn_reshape(g, x, c->nb_df, c->df_order, 2);
    return dfn_add(g, x, dfn_reshape(g, path, c->nb_df, c->df_order, 2));
}

/* One head for all groups, group by group; the newest taps of the pathway. */
static dfn_value grouped(dfn_graph *g, const config *c, dfn_value h, dfn_value path)
{
    const int top = dfn_dfnet4_order(c);
    dfn_value part[DFN_RESOLUTIONS_MAX];
    int total = 0;
    for (int i = 0; i < c->n_resolution; i++) {
        const group s = find_group(c, i);
        dfn_value x = slice(g, path, 1, s.start, s.n);
        part[i] = dfn_flatten(g, slice(g, x, 2, 2 * (top - s.order), 2 * s.order));
        total += 2 * s.n * s.order;
    }
    dfn_value x = tanh_head(g, c, "df_dec.df_out.0", h, total);
    return dfn_add(g, x, join(g, c->n_resolution, part));
}

/* Filters over each other, mixed into one with weights that sum to one in every bin. */
static dfn_value weighted(dfn_graph *g, const config *c, dfn_value h, dfn_value path)
{
    dfn_value part[DFN_RESOLUTIONS_MAX];
    for (int i = 0; i < c->n_resolution; i++) {
        char name[64];
        const dfn_resolution r = c->resolution[i];
        snprintf(name, sizeof name, "df_dec.output_heads.%d.0", i);
        part[i] = dfn_reshape(g, tanh_head(g, c, name, h, r.bins * r.order * 2), r.bins,
                              r.order, 2);
    }
    dfn_value x =
        dfn_graph_add(g, DFN_OP_RESOLUTION_MIX, "df_op", NULL, c->n_resolution, part);
    return dfn_add(g, x, dfn_reshape(g, path, c->nb_df, dfn_dfnet4_order(c), 2));
}

/* keep {1,1,K} by age (newest first) -> by tap (oldest first) */
static dfn_value by_tap(dfn_graph *g, dfn_value keep, int K)
{
    dfn_value part[8];
    for (int k = 0; k < K; k++)
        part[k] = slice(g, keep, 2, K - 1 - k, 1);
    return join(g, K, part);
}

static dfn_value sum(dfn_graph *g, dfn_value x, int n)
{
    dfn_value y = slice(g, x, 2, 0, 1);
    for (int i = 1; i < n; i++)
        y = dfn_add(g, y, slice(g, x, 2, i, 1));
    return y;
}

/* As many taps as the frame needs, by a small network that also sees the local SNR. Blocks
 * of the head for taps that are off are not computed. */
static dfn_value adaptive(dfn_graph *g, const config *c, dfn_value h, dfn_value path,
                          dfn_value lsnr, dfn_value *order, dfn_value *keep)
{
    enum { PREDICTOR = 64 };
    const int K = c->order_max;
    const dfn_attr range = {.order = c->order_min, .size = K};
    dfn_attr soft = range;
    soft.variant = 1;
    dfn_value p = dfn_binary(g, DFN_OP_CONCAT, h, lsnr, (dfn_attr){.axis = 2});
    p = dfn_unary(g, DFN_OP_LINEAR, "df_dec.order_predictor.0", p,
                  (dfn_attr){.out = PREDICTOR, .bias = true});
    p = dfn_unary(g, DFN_OP_LINEAR, "df_dec.order_predictor.2", dfn_act(g, p, DFN_ACT_RELU),
                  (dfn_attr){.out = K - c->order_min + 1, .bias = true});
    *order = sum(g, dfn_unary(g, DFN_OP_ORDER_GATE, NULL, p, soft), K);
    *keep = dfn_unary(g, DFN_OP_ORDER_GATE, "order_gate", p, range);
    dfn_value gate = by_tap(g, *keep, K);

    dfn_value x =
        dfn_graph_add(g, DFN_OP_GATED_LINEAR, "df_dec.df_out.0",
                      &(dfn_attr){.out = K * c->nb_df * 2}, 2, (dfn_value[]){h, gate});
    x = dfn_reshape(g, dfn_act(g, x, DFN_ACT_TANH), K, c->nb_df, 2);
    x = dfn_unary(g, DFN_OP_PERMUTE, NULL, x, (dfn_attr){.perm = {1, 0, 2}});
    path = dfn_reshape(g, path, c->nb_df, K, 2);
    path = dfn_binary(g, DFN_OP_MUL, path, dfn_reshape(g, gate, 1, K, 1), (dfn_attr){0});
    return dfn_add(g, x, path);
}

dfn_value dfn_dfnet4_filter(dfn_graph *g, const config *c, dfn_encoded e, dfn_value emb,
                            dfn_value lsnr, dfn_value *order, dfn_value *keep)
{
    /* the GRU form of the reference squeezes in eight groups here, whatever LINEAR_GROUPS
     */
    dfn_value h = dfn_dfnet4_sequence(g, c, "df_dec.backbone", emb, c->df_hidden,
                                      c->df_layers, 0, 8, DFN_SKIP_NONE);
    h = dfn_dfnet4_skip(g, c, "df_dec.df_skip", c->df_skip, emb, h);
    const dfn_conv_path convolutions = dfn_dfnet4_convolutions(c);
    dfn_value path =
        dfn_coefs_path(g, &convolutions, e.c0, dfn_dfnet4_order(c), c->df_path_kernel_t);
    switch (c->filter) {
    case DFN_FILTER_SINGLE: return single(g, c, h, path);
    case DFN_FILTER_GROUPS: return grouped(g, c, h, path);
    case DFN_FILTER_WEIGHTED: return weighted(g, c, h, path);
    case DFN_FILTER_ADAPTIVE: return adaptive(g, c, h, path, lsnr, order, keep);
    case DFN_FILTER_NONE: break;
    }
    return -1;
}

dfn_attr dfn_dfnet4_taps(const config *c)
{
    dfn_attr a = {.order = dfn_dfnet4_order(c), .size = c->nb_df};
    if (c->filter != DFN_FILTER_GROUPS)
        return a;
    a = (dfn_attr){.list_len = 2 * c->n_resolution};
    for (int i = 0; i < c->n_resolution; i++) {
        const group s = find_group(c, i);
        a.list[2 * i] = s.n;
        a.list[2 * i + 1] = s.order;
    }
    return a;
}

dfn_shape dfn_dfnet4_coefs_shape(const config *c)
{
    const dfn_attr a = dfn_dfnet4_taps(c);
    int total = 0;
    for (int i = 0; i < a.list_len; i += 2)
        total += 2 * a.list[i] * a.list[i + 1];
    return total ? (dfn_shape){1, {1, 1, total}} : (dfn_shape){1, {c->nb_df, a.order, 2}};
}
