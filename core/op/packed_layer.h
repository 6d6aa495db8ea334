/* packed_layer.h - one packed layer of an op: its input prepared, multiplied, activated. */
#ifndef DFN_PACKED_LAYER_H
#define DFN_PACKED_LAYER_H

#include "op/op.h"

typedef struct packed_layer {
    int G, I, O; /* inputs and outputs of one group */
    dfn_weight_format format;
    bool mixed; /* groups: see packed.h */
    bool relu;  /* part of the product, which has its results in registers */
} packed_layer;

/* Declare the array of a packed layer. */
static inline void packed_layer_weight(dfn_spec *s, const char *suffix, packed_layer l)
{
    dfn_spec_weight(s, suffix, false, 1, (int)dfn_packed_size(l.G, l.I, l.O, l.format), 0,
                    0, 0);
    s->packed = true;
}

/* Numbers that a prepared row takes, without its scale. */
size_t OP(packed_layer_row)(packed_layer l);

/* Numbers of scratch for up to N rows at a time. */
size_t OP(packed_layer_scratch)(packed_layer l, size_t N);

/* y[N][G][O] = W x + b, or its relu; rows of x and y are ldx and ldy numbers apart. */
void OP(packed_layer_run)(const KERNELS *k, packed_layer l, const void *block, REAL *y,
                          const REAL *x, int N, int ldx, int ldy, void *scratch);

/* The activation that was fused into a node, on its dense output. */
static inline void packed_activate(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    if (a->node->attr.act != DFN_ACT_NONE)
        k->activation_fwd(a->out, a->out, a->node->attr.act, (REAL)a->node->attr.alpha,
                          dfn_args_count(a));
}

/* The same, where relu was part of a packed_layer. */
static inline void packed_activate_rest(const dfn_args *a)
{
    if (a->node->attr.act != DFN_ACT_RELU)
        packed_activate(a);
}

#endif
