/* plan.h - the inside of a plan; plan.c makes it, run.c uses it. */
#ifndef DFN_PLAN_H
#define DFN_PLAN_H

#include "op/ops.h"

/* What a plan knows about one node. */
typedef struct dfn_step {
    dfn_shape shape;            /* with t for config.frames */
    unsigned char *data, *grad; /* views share their source's; grad in EVAL and TRAIN */
    unsigned char *save;
    unsigned char *scratch; /* one for all nodes, unless they are guarded */
    size_t save_bytes, scratch_bytes;
    bool wanted;      /* its gradient is computed */
    bool over;        /* lies over its input, which nobody needs any more */
    bool taken;       /* a ReLU over a node, or a slice of one, that does its work, too */
    bool cut;         /* there are its slices only */
    dfn_value shares; /* the value in whose gradient its own is made, or itself */
    bool part;        /* no buffer of its own: the input's, from number part_at on */
    size_t part_at;
} dfn_step;

/* A node that computes something, in the order of the run. */
typedef struct dfn_call {
    void (*fwd)(const dfn_args *a);
    dfn_value value;
    dfn_args args; /* everything that does not change from run to run */
} dfn_call;

struct dfn_plan {
    const dfn_graph *g;
    dfn_plan_config config;
    size_t elem; /* bytes of a number */
    const dfn_op *const *op;
    union {
        dfn_kernels f32;
        dfn_kernels_f64 f64;
    } kernels;

    dfn_step *step;      /* [node] */
    dfn_call *call;      /* [n_call] */
    dfn_shape *in_shape; /* of all calls' inputs, as the next two */
    const void **in;
    void **din;
    dfn_part *part;      /* slices of values that are cut, in the order of these, n_part */
    bool *fresh, *clear; /* of the gradients in din: not written yet; to be zeroed before */
    int n_call, n_in, n_part,
        frames;           /* frames: of the last run, which shapes in args stand for */
    void **state;         /* [node][batch]: this node's slot in stream b, set by each run */
    void **before;        /* [batch]: copy of the state before the run (EVAL and TRAIN) */
    void **dstate;        /* [batch]: gradient of the state, if the caller keeps none */
    void **dslot;         /* [batch]: one node's slots of that gradient */
    unsigned char *waste; /* for gradients that nobody wants */
    unsigned char *grads; /* all gradients, and their size */
    size_t grad_bytes, state_bytes, bytes;
    unsigned char *block;
};

enum { DFN_GUARD_BYTES = 64, DFN_GUARD_VALUE = 0xa5 };

/** Bytes of a value, without guard and padding, for config.frames. */
static inline size_t dfn_plan_used(const dfn_plan *p, dfn_value v)
{
    return (size_t)p->config.batch * (size_t)p->step[v].shape.t *
           dfn_shape_frame(p->step[v].shape) * p->elem;
}

/* Bytes of a value with its guard, rounded up to the alignment of every buffer. */
size_t dfn_plan_value_bytes(const dfn_plan *p, dfn_value v);

/* Whether a value has no buffer of its own. */
static inline bool dfn_plan_borrows(const dfn_plan *p, dfn_value v)
{
    return p->g->node[v].view || p->step[v].part;
}

/* The node whose buffer a value lives in: itself, or the source of a chain of views. */
static inline dfn_value dfn_plan_root(const dfn_plan *p, dfn_value v)
{
    while (dfn_plan_borrows(p, v))
        v = p->g->node[v].in[0];
    return v;
}

#endif
