/* conv.h - the convolution that conv2d, conv1d and conv_transpose2d share.
 *
 * Frames are [F][C]. Output frame j looks at the kt input frames from j stride_t - before:
 *
 *   y[j][f][o] = b[o] + sum_{d,c,k} x[j stride_t - before + d][f stride_f - pad_f + k][c]
 *                                   w[o][c][d][k]        c over the channels of o's group
 *
 * Frames before the first are in the history of a state (history.h, `before` frames), or
 * zero if there is none; frames after the last and bins outside 0..F-1 are zero. */
#ifndef DFN_CONV_H
#define DFN_CONV_H

#include "op/packed_layer.h"

#include <limits.h>

enum {
    CONV_KERNEL_MAX = 256,   /* taps along time: their pointers stand on the stack */
    CONV_ATTR_MAX = 1 << 20, /* any other attribute: sums of a few stay in an int */
};

typedef struct conv_shape {
    int F, C, Fo, O, groups;
    int kt, kf, stride_t, stride_f;
    int before, pad_f;
} conv_shape;

/* One stream, T frames in and To frames out. */
typedef struct conv_run {
    const conv_shape *s;
    const KERNELS *k;
    int T, To;
    const REAL *x, *state; /* state: before the run, or NULL */
    REAL *sums;            /* the state, where it is sums: conv_overlaps() */
    const REAL *w, *b;     /* b may be NULL; packed: w is all */
    dfn_weight_format format;
    bool relu;     /* packed only: of the result */
    REAL *scratch; /* conv_scratch() numbers */
} conv_run;

typedef struct conv_grad {
    REAL *dx, *dw, *db; /* added to; each may be NULL */
    bool fresh;         /* dx is to be overwritten */
    REAL *dstate;       /* NULL if there is no state; only used with dx */
    const REAL *dy;
} conv_grad;

/* 0 means 1, in kernels, strides and groups. */
static inline int conv_or_one(int n) { return n ? n : 1; }

/* Positions of a kernel on n positions padded on both sides; below 1 if it does not fit. */
static inline int conv_positions(int n, int pad, int kernel, int stride)
{
    const int64_t room = (int64_t)n + 2 * (int64_t)pad - kernel;
    return room < 0 ? 0 : (int)(room / stride < INT_MAX ? room / stride + 1 : INT_MAX);
}

/* Why these attributes, or sizes, cannot be worked with; or NULL. */
const char *OP(conv_check_attr)(const dfn_attr *a, int C);
const char *OP(conv_check)(const conv_shape *s);

/* Multiply-adds of one output frame, and numbers of scratch. */
uint64_t OP(conv_macs)(const conv_shape *s);
size_t OP(conv_scratch)(const conv_shape *s);

/* One kernel per position, or per channel. */
static inline bool conv_pointwise(const conv_shape *s)
{
    return s->kt == 1 && s->kf == 1 && s->stride_t == 1 && s->stride_f == 1 &&
           s->groups == 1 && !s->before && !s->pad_f;
}
static inline bool conv_depthwise(const conv_shape *s)
{
    return s->groups > 1 && s->groups == s->C && s->groups == s->O;
}
/* The same with one or more outputs per channel; of few channels, a dense kernel with zeros
 * is faster. */
static inline bool conv_by_channel(const conv_shape *s)
{
    return conv_depthwise(s) || (s->groups > 4 && s->groups == s->C);
}

/* What output frame j sees: its kt frames, NULL for zeros. */
void OP(conv_look)(const REAL **frame, const conv_run *r, int j);

/* Packed weights (conv_packed.c): their numbers, those of the state, those of scratch for
 * `frames` output frames at a time, packing (from float32), and conv_forward with them,
 * which moves the state if it is one of sums. */
bool OP(conv_overlaps)(const conv_shape *s);
size_t OP(conv_packed_state)(const conv_shape *s);
size_t OP(conv_packed_size)(const conv_shape *s, dfn_weight_format f);
size_t OP(conv_packed_scratch)(const conv_shape *s, dfn_weight_format f, size_t frames);
void OP(conv_pack)(const conv_shape *s, dfn_weight_format f, const float *w, const float *b,
                   const float *scale, float *out);
void OP(conv_packed_forward)(const conv_run *r, REAL *y);

/* y[To][Fo][O] is overwritten. Neither function moves the state. */
void OP(conv_forward)(const conv_run *r, REAL *y);
void OP(conv_backward)(const conv_run *r, const conv_grad *g);

/* A whole op: every stream, T frames in and To out, with its state if it has one. */
void OP(conv_op_forward)(const dfn_args *a, const conv_shape *s, int T, int To);
void OP(conv_op_backward)(const dfn_args *a, const conv_shape *s, int T, int To);

#endif
