/* op.h - what an op's source file includes, and how it talks to the graph.
 *
 * An op's file is compiled twice, with REAL float (names end in _c) and, with DFN_REAL_F64,
 * REAL double (_f64): the oracle of all tests. It holds the mathematics in a comment, the
 * kernels listed in sigs.h, and one `const dfn_op OP(op_<name>)`.
 *
 *   infer  checks attributes and input shapes, fills a dfn_spec; returns NULL or the reason
 *          why not, a short English phrase. Called while building and again by each plan,
 *          so it may depend on t. Never allocates.
 *   fwd    overwrites out; advances state by in[0].t frames
 *   bwd    ADDS into din and dw; see dfn_args
 *   reset  start value of the state slot; NULL means zeros
 *   update moves running statistics (batch norm only)
 *   pack   makes the weights of a packed node (attr.format) from the plain float32 ones: w
 *          in the order of the plain node, NULL past its last; out zeroed. scale[i] is that
 *          of w[i]'s outputs, if they were int8 before, or NULL. The op applies attr.act in
 *          that form if `activates`
 */
#ifndef DFN_OP_H
#define DFN_OP_H

#include "graph/node.h"
#include "op/real.h"

#include <dfnet4/graph.h>
#include <limits.h>

enum { DFN_MAX_IN = 8, DFN_MAX_W = 4 };

typedef struct dfn_spec {
    dfn_shape out;
    struct {
        const char *suffix; /* "weight" -> "<node>.weight"; "" -> "<node>" */
        int rank, dim[4];
        bool buffer;
    } w[DFN_MAX_W];
    int n_w;
    size_t state;   /* numbers per stream; must not depend on t */
    size_t save;    /* numbers kept from fwd to bwd, whole batch (EVAL and TRAIN) */
    size_t scratch; /* numbers, whole batch, valid during one call of fwd or bwd */
    uint64_t macs;  /* multiply-adds of one call for one stream: in[0].t frames */
    bool packed;    /* attr.format was heeded: the weights are what op.pack makes */
    bool view;      /* out is in[0] with another shape: no fwd, no bwd */
    bool part;      /* for this B and t, out is in[0] from number part_at on: a plan that
                       shares memory does not call fwd */
    size_t part_at;
    bool offline; /* needs the whole sequence at once: not for streaming */
} dfn_spec;

/* A slice of an output's last axis that is made instead of it, see dfn_op.parts. */
typedef struct dfn_part {
    void *out;
    const void *dout;
    int start, length;
} dfn_part;

/* Arguments of one call. Pointers are to REAL; `void` keeps the walkers free of it. Small
 * on purpose: a run in cold caches has to fetch every one of them. */
typedef struct dfn_args {
    const dfn_node *node; /* attributes: node->attr */
    const void *kernels;  /* const KERNELS * */
    int B, n_in;
    dfn_mode mode;
    bool relu;            /* it does the ReLU behind it, too: see dfn_op.relu */
    const dfn_part *part; /* slices that are its output, `parts` of them, or NULL */
    int parts;
    dfn_shape out_shape;
    dfn_shape *in_shape;   /* [n_in], with the t of this call, as out_shape */
    const void *const *in; /* [n_in] of [B][t][d0][d1][d2] */
    void *out;
    const void *w[DFN_MAX_W]; /* NULL past the node's weights */
    void *const *state; /* state[b]: slot of stream b. In bwd: its value BEFORE the run.
                           NULL if the op has none */
    void *save, *scratch;
    /* bwd only */
    const void *dout;
    void *const *din;    /* [n_in] */
    const bool *fresh;   /* [n_in]: din[i] is to be overwritten, see dfn_op.fresh */
    void *const *dw;     /* [DFN_MAX_W]; NULL entries are not wanted */
    void *const *dstate; /* dstate[b]: in: d/d(state after), out: d/d(state before). NULL if
                            the op has no state; otherwise always there */
} dfn_args;

typedef struct dfn_op {
    const char *name;
    const char *(*infer)(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s);
    void (*fwd)(const dfn_args *a);
    void (*bwd)(const dfn_args *a);
    void (*reset)(const dfn_node *n, void *state);
    void (*update)(const dfn_args *a, void *const *w);
    void (*pack)(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out);
    bool activates;

    /* what plans for the gradients of weights only may ask of bwd */
    bool skips;    /* NULL in din: not wanted */
    bool fresh;    /* to heed args.fresh: it does not add, but overwrite */
    bool in_place; /* one of din, of the shape of dout, is that, and fresh */
    bool forgets;  /* out is gone: it does not read it */
    bool relu;     /* to heed args.relu: out and dout are those of a ReLU behind it */
    bool parts;    /* to heed args.part: there is no out and no dout, but slices of them */
    bool (*over)(const dfn_node *n); /* for this node, fwd may have out == in[0]: bwd reads
                                        out only */
} dfn_op;

/* Declare a weight of a node. dims past `rank` are 0. */
static inline void dfn_spec_weight(dfn_spec *s, const char *suffix, bool buffer, int rank,
                                   int d0, int d1, int d2, int d3)
{
    const int i = s->n_w++;
    s->w[i].suffix = suffix;
    s->w[i].rank = rank;
    s->w[i].buffer = buffer;
    s->w[i].dim[0] = d0;
    s->w[i].dim[1] = d1;
    s->w[i].dim[2] = d2;
    s->w[i].dim[3] = d3;
}

/* Whether a value of this shape, for one stream, has at most INT_MAX numbers. */
static inline bool dfn_shape_fits(dfn_shape s)
{
    int room = INT_MAX; /* by division: a product could overflow */
    const int size[4] = {s.t, s.d[0], s.d[1], s.d[2]};
    for (int i = 0; i < 4; i++) {
        if (size[i] < 1 || size[i] > room)
            return false;
        room /= size[i];
    }
    return true;
}

/* Rows of the first input's last axis, and numbers of the output, in all streams and
 * frames. */
static inline int dfn_args_rows(const dfn_args *a)
{
    return a->B * a->in_shape[0].t * a->in_shape[0].d[0] * a->in_shape[0].d[1];
}

static inline size_t dfn_args_count(const dfn_args *a)
{
    return (size_t)a->B * (size_t)a->out_shape.t * dfn_shape_frame(a->out_shape);
}

/* linear.c, for all that contains a linear layer: y[N][O] = x[N][I] w[O][I]^T + b[O], and
 * its gradients, which are added, that of x only with `add`; b, dx, dw and db may be NULL.
 */
void OP(linear_forward)(const KERNELS *k, REAL *restrict y, const REAL *restrict x,
                        const REAL *restrict w, const REAL *restrict b, int N, int I,
                        int O);
void OP(linear_backward)(const KERNELS *k, REAL *restrict dx, REAL *restrict dw,
                         REAL *restrict db, const REAL *restrict dy, const REAL *restrict x,
                         const REAL *restrict w, bool add, int N, int I, int O);

/* What keeps a norm from dividing by zero: attr.alpha, or PyTorch's value. */
static inline double dfn_norm_epsilon(const dfn_node *n)
{
    return n->attr.alpha > 0 ? n->attr.alpha : 1e-5;
}

/* Frames of stream b of a value with shape s. */
#define DFN_AT(base, s, b) ((base) + (size_t)(b) * (size_t)(s).t * dfn_shape_frame(s))

#endif
