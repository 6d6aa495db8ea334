/* graph.h - a model is written once, as a graph; walkers do the rest.
 *
 *   dfn_graph  nodes, weights by name, state slots. Immutable once finished: share it.
 *   dfn_plan   a graph compiled for (batch, frames, mode): every buffer, in one block.
 *              One thread at a time.
 *   state      what one stream remembers between calls: one block, owned by the caller.
 *   weights    a table of pointers, one per dfn_graph_weight(); owned by the caller.
 *
 * Every value is a dense array [B][t][d0][d1][d2], innermost last: a vector is {1,1,D}, a
 * feature map {1,F,C}, a spectrum {1,F,2} (re, im), filter coefficients {F,O,2}. B and t
 * are never part of an op's own business except where an op runs along time. */
#ifndef DFNET4_GRAPH_H
#define DFNET4_GRAPH_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DFN_BEGIN

typedef struct dfn_graph dfn_graph;
typedef struct dfn_plan dfn_plan;
typedef int dfn_value; /* index of the node that makes the value; -1 after an error */

typedef struct dfn_shape {
    int t;    /* frames (or samples, where one "frame" is one sample) */
    int d[3]; /* one frame: [d0][d1][d2] */
} dfn_shape;

/** Elements of one frame. rt: yes */
static inline size_t dfn_shape_frame(dfn_shape s)
{
    return (size_t)s.d[0] * (size_t)s.d[1] * (size_t)s.d[2];
}

typedef enum dfn_op_kind {
#define DFN_OP(name, NAME) DFN_OP_##NAME,
#include <dfnet4/ops.def>
#undef DFN_OP
    DFN_OP_COUNT
} dfn_op_kind;

typedef enum dfn_activation {
    DFN_ACT_NONE,
    DFN_ACT_RELU,
    DFN_ACT_LEAKY_RELU, /* slope in dfn_attr.alpha */
    DFN_ACT_GELU,       /* x Phi(x), the erf form */
    DFN_ACT_SILU,
    DFN_ACT_SIGMOID,
    DFN_ACT_TANH,
    DFN_ACT_SOFTPLUS, /* identity above 20, as PyTorch */
    DFN_ACT_COUNT
} dfn_activation;

/* How the weights of a node are stored. Packed forms are for DFN_INFER plans; they are made
 * from plain ones when a model is loaded. */
typedef enum dfn_weight_format {
    DFN_WEIGHTS_PLAIN, /* as in the model file's float32 form, in PyTorch's layout */
    DFN_WEIGHTS_F32,   /* packed: float32 */
    DFN_WEIGHTS_BF16,  /* packed: bfloat16, and activations rounded to it */
    DFN_WEIGHTS_INT8,  /* packed: int8 with one scale per output; activations likewise, with
                          one scale per vector, found anew for each */
} dfn_weight_format;

enum { DFN_LIST_MAX = 64 };

/* What a node was asked to do. Each op reads a few of these and says which in its file. */
typedef struct dfn_attr {
    int out;                 /* output channels or features */
    int kernel_t, kernel_f;  /* 0 means 1 */
    int stride_t, stride_f;  /* 0 means 1 */
    int pad_t;               /* frames of symmetric padding; offline graphs only */
    int pad_f, out_pad_f;    /* bins of padding on both sides; extra bins (transposed) */
    int groups;              /* 0 means 1 */
    int heads, window;       /* attention */
    int order, size, hop;    /* deep filter order; transform or state size; hop */
    int axis, start, length; /* slice, concat: axis 0..2 of a frame; ERB gain: first bin */
    int perm[3];             /* permute: new axis i is old axis perm[i] */
    int dims[3];             /* reshape */
    int frames;              /* delay, also of the deep filter */
    int variant;             /* op-specific choice, an enum of the op's own */
    bool bias, causal, recency;
    dfn_activation act;       /* packed layers apply it, too */
    dfn_weight_format format; /* of the weights, in ops that can pack them */
    double alpha, beta;       /* op-specific numbers: slope, exponent, scale, epsilon ... */
    int list[DFN_LIST_MAX];   /* ERB widths; deep-filter groups */
    int list_len;
} dfn_attr;

typedef struct dfn_weight {
    const char *name; /* as in the model file: PyTorch's state_dict name */
    int rank, dim[4]; /* PyTorch's layout */
    size_t count;
    bool buffer; /* running statistics: no gradient */
} dfn_weight;

/* ---- building. thread: one. rt: no -------------------------------------------------- */

/** A new, empty graph; NULL if out of memory. Free with dfn_graph_free (NULL allowed). */
DFN_API dfn_graph *dfn_graph_new(void);
DFN_API void dfn_graph_free(dfn_graph *g);

/** Add an input. `shape.t` is the frames of this input per frame of the plan; 1 as a rule.
 *  All builders remember the first error, return -1 from then on, and accept -1 as input:
 *  a model can be written without a check on every line. */
DFN_API dfn_value dfn_graph_input(dfn_graph *g, const char *name, dfn_shape shape);

/** Add a node. `name` prefixes its weights ("enc.conv" -> "enc.conv.weight"), is unique
 *  among nodes with weights, and may be NULL for ops without. */
DFN_API dfn_value dfn_graph_add(dfn_graph *g, dfn_op_kind op, const char *name,
                                const dfn_attr *attr, int n_in, const dfn_value *in);

/** Name a value so that it can be found from outside; it stays readable after a run. */
DFN_API void dfn_graph_output(dfn_graph *g, const char *name, dfn_value v);

/** Refuse the rest of the build with a message of the model's own. */
DFN_API void dfn_graph_refuse(dfn_graph *g, const char *format, ...) DFN_PRINTF(2, 3);

/** Close the graph. Reports the first error of the build, if any. */
DFN_API DFN_MUST_CHECK dfn_status dfn_graph_finish(dfn_graph *g, dfn_error *err);

/* ---- asking. thread: any, after finish. rt: yes ---------------------------------------
 */

DFN_API dfn_value dfn_graph_find(const dfn_graph *g,
                                 const char *name); /* in or out; or -1 */
DFN_API dfn_shape dfn_graph_shape(const dfn_graph *g,
                                  dfn_value v); /* of one frame; zeros for no value */
DFN_API int dfn_graph_weight_count(const dfn_graph *g);
DFN_API const dfn_weight *dfn_graph_weight(const dfn_graph *g, int i);
DFN_API size_t dfn_graph_parameters(const dfn_graph *g); /* trainable numbers */
DFN_API uint64_t dfn_graph_macs(const dfn_graph *g);     /* multiply-adds per frame */
DFN_API bool dfn_graph_offline(const dfn_graph *g); /* some node needs the whole sequence */

typedef struct dfn_node_info {
    const char *op, *name; /* name may be "" */
    dfn_shape shape;
    size_t parameters, state; /* numbers */
    uint64_t macs;
    dfn_weight_format format; /* of its weights */
    bool view;                /* its input with another shape: a run does nothing */
    int n_in;
    const dfn_value *in;
} dfn_node_info;
DFN_API int dfn_graph_node_count(const dfn_graph *g);
DFN_API dfn_node_info dfn_graph_node(const dfn_graph *g, dfn_value v);

/* ---- plan and run ----------------------------------------------------------------------
 */

typedef enum dfn_precision { DFN_F32, DFN_F64 } dfn_precision;
typedef enum dfn_mode {
    DFN_INFER, /* buffers are shared by lifetime; batch norm uses running statistics */
    DFN_EVAL,  /* as DFN_INFER, but keeps everything that dfn_backward needs */
    DFN_TRAIN, /* as DFN_EVAL, with batch statistics */
} dfn_mode;

/* A matrix product of somebody else's for the layers of a plan: c[M][N] = A B, or c += A B
 * with `add`. A is a[M][K], or the transpose of a[K][M] with `at`; B is b[K][N], or the
 * transpose of b[N][K] with `bt`. Rows are lda, ldb, ldc numbers apart. No overlap. */
typedef void dfn_gemm(float *c, const float *a, const float *b, int M, int N, int K,
                      int lda, int ldb, int ldc, bool at, bool bt, bool add);

typedef struct dfn_plan_config {
    int batch, frames; /* streams, and the most frames of one run; both >= 1 */
    dfn_mode mode;
    dfn_precision precision; /* DFN_F64 is the oracle of the tests */
    unsigned cpu;            /* DFN_CPU_* allowed; 0 is portable C */
    dfn_gemm *gemm;          /* DFN_F32, DFN_EVAL and DFN_TRAIN; NULL: our own */
    bool bf16;               /* products of numbers rounded to bfloat16 (sums are float32)
                                in DFN_F32, DFN_TRAIN, where the processor has an
                                instruction for it that `cpu` allows and gemm is NULL */
    bool weights_only;       /* no gradients but those of weights; see dfn_backward */
    bool guard;              /* tests: no sharing, guard words behind every buffer */
} dfn_plan_config;

/** Compile a finished graph, which must outlive the plan. A graph with packed weights
 * (dfn_model_run_net) runs in DFN_INFER and DFN_F32 only: for others, DFN_ERR_ARG.
 *  rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_plan_new(dfn_plan **out, const dfn_graph *g,
                                               const dfn_plan_config *config,
                                               dfn_error *err);
DFN_API void dfn_plan_free(dfn_plan *p);

/** Bytes of the plan's one block (activations, scratch, list of calls). rt: yes */
DFN_API size_t dfn_plan_bytes(const dfn_plan *p) DFN_RT;

/** Where to write an input before a run and read an output after it, dense
 *  [B][t][d0][d1][d2] for the frames of that run. Owned by the plan. NULL for values that
 * are neither, except in DFN_EVAL and DFN_TRAIN, where every value can be read. rt: yes */
DFN_API void *dfn_plan_data(const dfn_plan *p, dfn_value v) DFN_RT;
DFN_API dfn_shape dfn_plan_shape(const dfn_plan *p, dfn_value v) DFN_RT;

/** Bytes of one stream's state, and its start value. `mem` is 64-byte aligned; a state can
 * be copied with memcpy and belongs to a graph, not to a plan. rt: yes */
DFN_API size_t dfn_state_bytes(const dfn_graph *g, dfn_precision precision) DFN_RT;
DFN_API void dfn_state_reset(const dfn_graph *g, dfn_precision precision, void *mem) DFN_RT;

/** Run `frames` (1 .. config.frames) of every stream.
 *
 *  weights  weights[i] is the array of dfn_graph_weight(g, i), in the plan's precision
 *  states   states[b] is the state of stream b, advanced by `frames`; NULL if there is none
 *  alias    nothing may overlap the plan's block
 *  rt       yes. run(T) and T times run(1) give the same result, bit for bit, and so
 *           does a stream in a batch of any size. Graphs for which dfn_graph_offline() is
 *           true accept only frames == config.frames. */
DFN_API void dfn_run(dfn_plan *p, const void *const *weights, void *const *states,
                     int frames) DFN_RT;

/** As dfn_run, in pieces, to time them: the nodes `first` .. `end` - 1 of a run. The pieces
 * of a run have the same arguments and follow each other from node 0 to the last. rt: yes
 */
DFN_API void dfn_run_nodes(dfn_plan *p, const void *const *weights, void *const *states,
                           int frames, dfn_value first, dfn_value end) DFN_RT;

/** Gradient buffers of DFN_EVAL and DFN_TRAIN plans. Order of a step: dfn_run,
 *  dfn_plan_zero_grad, write d(loss)/d(output) into dfn_plan_grad(output), dfn_backward,
 * read dfn_plan_grad(input).
 *
 *  With config.weights_only, gradients of values share memory, values may lie over each
 *  other, and what no weight can change is left out: only inputs and outputs can be read
 *  after a run, only gradients of outputs can be written (NULL if no weight can change it),
 *  and dstates are complete for nothing but the next plan of the kind.
 *
 *  dweights  dweights[i] is ADDED to; NULL entries are not computed. NULL: none at all
 *  dstates   in: gradient of the state after the run; out: of the state before it. NULL:
 * the gradient stops at the borders of the run rt        no promise (but no allocation
 * either) */
DFN_API void *dfn_plan_grad(const dfn_plan *p, dfn_value v);
DFN_API void dfn_plan_zero_grad(dfn_plan *p);
DFN_API void dfn_backward(dfn_plan *p, const void *const *weights, void *const *dweights,
                          void *const *dstates);

/** As dfn_backward, in pieces, to time them: the nodes `end` - 1 down to `first`. The
 * pieces have the same arguments and follow each other from the last node to node 0. */
DFN_API void dfn_backward_nodes(dfn_plan *p, const void *const *weights,
                                void *const *dweights, void *const *dstates,
                                dfn_value first, dfn_value end);

/** After a DFN_TRAIN run: move the running statistics of every batch norm towards those of
 *  the batch. `weights` are the mutable arrays of the graph's weights. */
DFN_API void dfn_update_statistics(dfn_plan *p, void *const *weights);

/** Tests, with config.guard: name of a node that wrote past one of its buffers, or NULL. */
DFN_API const char *dfn_plan_guard(const dfn_plan *p);

/* ---- weights ---------------------------------------------------------------------------
 */

typedef struct dfn_weights {
    void **data; /* one array per dfn_graph_weight(), all in one block, zeroed at first */
    void *block;
    int count;
} dfn_weights;

/** A zeroed table for a graph; DFN_ERR_NOMEM leaves it empty. Free with dfn_weights_free.
 */
DFN_API DFN_MUST_CHECK dfn_status dfn_weights_new(dfn_weights *w, const dfn_graph *g,
                                                  dfn_precision precision, dfn_error *err);
DFN_API void dfn_weights_free(dfn_weights *w);

/** Position and length (in numbers) of the state slot of the node called `name`, for tests
 * and tools that look inside a state. False if there is no such node or it has no state. */
DFN_API bool dfn_state_slot(const dfn_graph *g, const char *name, size_t *at,
                            size_t *count);

DFN_END

#endif
