/* attention.c - multi-head attention over the last W frames, for streams.
 *
 *   q, k, v [..][D], H heads of E = D / H numbers; for frame i, head h and the frames
 *   j = max(0, i - W + 1) .. i, counted from the start of the stream
 *   s_j = q_i . k_j / sqrt(E) - slope_h (i - j)       slope_h = 2^-(h+1), or 0
 *   p = softmax over j of s          y_i = sum_j p_j v_j
 * The recency bias is ALiBi's (Press, Smith and Lewis, 2022), its slopes fixed.
 *
 * Backward: dp_j = dy . v_j, dv_j = p_j dy, ds_j = p_j (dp_j - sum_l p_l dp_l),
 *           dq = sum_j ds_j k_j / sqrt(E), dk_j = ds_j q / sqrt(E)
 *
 * The state is the number of frames it holds, at most W - 1, and one ring of keys and one
 * of values (history.h). p is kept key by key, [j][H].
 *
 * in: q, k, v. attr: heads, window (W), recency */
#include "op/history.h"

#include <limits.h>

void OP(attention_score)(REAL *restrict s, const REAL *restrict q, const REAL *restrict k,
                         REAL scale, int heads, int width)
{
    for (int h = 0; h < heads; h++) {
        REAL sum = 0;
        for (int i = h * width; i < (h + 1) * width; i++)
            sum += q[i] * k[i];
        s[h] = scale * sum;
    }
}

void OP(attention_mix)(REAL *restrict y, const REAL *restrict p, const REAL *restrict v,
                       int heads, int width)
{
    for (int h = 0; h < heads; h++)
        for (int i = h * width; i < (h + 1) * width; i++)
            y[i] += p[h] * v[i];
}

void OP(attention_score_bwd)(REAL *dq, REAL *dk, const REAL *restrict ds,
                             const REAL *restrict q, const REAL *restrict k, REAL scale,
                             int heads, int width)
{
    for (int h = 0; h < heads; h++)
        for (int i = h * width; i < (h + 1) * width; i++) {
            dq[i] += scale * ds[h] * k[i];
            dk[i] += scale * ds[h] * q[i];
        }
}

void OP(attention_mix_bwd)(REAL *restrict dp, REAL *restrict dv, const REAL *restrict dy,
                           const REAL *restrict p, const REAL *restrict v, int heads,
                           int width)
{
    for (int h = 0; h < heads; h++) {
        REAL sum = 0;
        for (int i = h * width; i < (h + 1) * width; i++) {
            sum += dy[i] * v[i];
            dv[i] += p[h] * dy[i];
        }
        dp[h] += sum;
    }
}

enum { Q = 0, K, V, RING_MAX = 1 << 24 /* counts stay exact as float */ };

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int heads = n->attr.heads, W = n->attr.window;
    if (n_in != 3)
        return "takes queries, keys and values";
    const int D = in[Q].d[2], T = in[Q].t;
    for (int i = 0; i < 3; i++)
        if (in[i].d[0] != 1 || in[i].d[1] != 1 || in[i].d[2] != D || in[i].t != T)
            return "queries, keys and values need one vector of equal size per frame";
    if (heads < 1 || D % heads)
        return "the vector does not divide into this number of heads";
    if (W < 1 || W > RING_MAX || W > INT_MAX / 2 / D - 1)
        return "needs a window of frames, at least 1 and not too large";
    s->out = in[Q];
    if (W > 1)
        s->state = 1 + 2 * history_size(W - 1, (size_t)D);
    s->save = (size_t)B * (size_t)T * (size_t)W * (size_t)heads;
    s->scratch = (size_t)(W + 1) * (size_t)heads;
    s->macs = (uint64_t)T * 2 * (uint64_t)W * (uint64_t)D;
    return NULL;
}

/* One stream of one call. */
typedef struct stream {
    const KERNELS *kernels;
    int T, D, W, heads, width, filled;
    REAL scale;
    bool recency;
    const REAL *q, *k, *v;     /* this run */
    const REAL *old_k, *old_v; /* rings; not touched if W is 1 */
    REAL *save;                /* p of every frame, or NULL */
} stream;

static stream open_stream(const dfn_args *a, int b)
{
    const int T = a->in_shape[Q].t, D = a->in_shape[Q].d[2], W = a->node->attr.window;
    const int heads = a->node->attr.heads;
    const REAL *q = a->in[Q], *k = a->in[K], *v = a->in[V];
    const size_t at = (size_t)b * (size_t)T * (size_t)D;
    stream s = {.kernels = a->kernels,
                .T = T,
                .D = D,
                .W = W,
                .heads = heads,
                .width = D / heads,
                .scale = 1 / SQRT((REAL)(D / heads)),
                .recency = a->node->attr.recency,
                .q = q + at,
                .k = k + at,
                .v = v + at};
    if (a->save)
        s.save = (REAL *)a->save + (size_t)b * (size_t)T * (size_t)W * (size_t)heads;
    if (W > 1) {
        const REAL *state = a->state[b];
        s.filled = (int)state[0];
        s.old_k = state + 1;
        s.old_v = s.old_k + history_size(W - 1, (size_t)D);
    }
    return s;
}

/* The first frame that frame t sees; negative in the ring. */
static int first_key(const stream *s, int t)
{
    const int first = t - s->W + 1;
    return first > -s->filled ? first : -s->filled;
}

/* p[n][heads]: softmax over n for every head. */
static void softmax(REAL *p, int n, int heads)
{
    for (int h = 0; h < heads; h++) {
        REAL top = p[h], sum = 0;
        for (int j = 1; j < n; j++)
            top = FMAX(top, p[j * heads + h]);
        for (int j = 0; j < n; j++) {
            p[j * heads + h] = EXP(p[j * heads + h] - top);
            sum += p[j * heads + h];
        }
        for (int j = 0; j < n; j++)
            p[j * heads + h] /= sum;
    }
}

static void fwd_frame(const stream *s, REAL *y, REAL *p, int t)
{
    const KERNELS *k = s->kernels;
    const int first = first_key(s, t), n = t - first + 1;
    const size_t D = (size_t)s->D;
    for (int j = 0; j < n; j++) {
        REAL *score = p + j * s->heads, slope = (REAL)0.5;
        k->attention_score(score, s->q + (size_t)t * D,
                           history_frame(s->old_k, s->W - 1, D, s->k, first + j), s->scale,
                           s->heads, s->width);
        for (int h = 0; s->recency && h < s->heads; h++, slope /= 2)
            score[h] -= slope * (REAL)(n - 1 - j);
    }
    softmax(p, n, s->heads);
    memset(y, 0, D * sizeof *y);
    for (int j = 0; j < n; j++)
        k->attention_mix(y, p + j * s->heads,
                         history_frame(s->old_v, s->W - 1, D, s->v, first + j), s->heads,
                         s->width);
}

static void fwd(const dfn_args *a)
{
    for (int b = 0; b < a->B; b++) {
        const stream s = open_stream(a, b);
        const size_t D = (size_t)s.D, ring = history_size(s.W - 1, D);
        REAL *y = (REAL *)a->out + (size_t)b * (size_t)s.T * D;
        for (int t = 0; t < s.T; t++)
            fwd_frame(&s, y + (size_t)t * D,
                      s.save ? s.save + (size_t)t * (size_t)(s.W * s.heads) : a->scratch,
                      t);
        if (s.W > 1) {
            REAL *state = a->state[b];
            history_push(state + 1, s.W - 1, D, s.k, s.T);
            history_push(state + 1 + ring, s.W - 1, D, s.v, s.T);
            state[0] = (REAL)(s.T < s.W - 1 - s.filled ? s.filled + s.T : s.W - 1);
        }
    }
}

typedef struct gradients {
    REAL *q, *k, *v;         /* this run */
    REAL *old_k, *old_v, *p; /* rings; dp and then ds of one frame, and their sums */
} gradients;

static void bwd_frame(const stream *s, const gradients *d, const REAL *dy, int t)
{
    const KERNELS *k = s->kernels;
    const int first = first_key(s, t), n = t - first + 1, R = s->W - 1, heads = s->heads;
    const size_t D = (size_t)s->D;
    const REAL *p = s->save + (size_t)t * (size_t)(s->W * heads);
    REAL *sum = d->p + n * heads;
    memset(d->p, 0, (size_t)((n + 1) * heads) * sizeof *d->p);
    for (int j = 0; j < n; j++) {
        k->attention_mix_bwd(
            d->p + j * heads, history_grad(d->old_v, s->old_v, R, D, d->v, first + j), dy,
            p + j * heads, history_frame(s->old_v, R, D, s->v, first + j), heads, s->width);
        for (int h = 0; h < heads; h++)
            sum[h] += p[j * heads + h] * d->p[j * heads + h];
    }
    for (int j = 0; j < n; j++) {
        for (int h = 0; h < heads; h++)
            d->p[j * heads + h] = p[j * heads + h] * (d->p[j * heads + h] - sum[h]);
        k->attention_score_bwd(
            d->q + (size_t)t * D, history_grad(d->old_k, s->old_k, R, D, d->k, first + j),
            d->p + j * heads, s->q + (size_t)t * D,
            history_frame(s->old_k, R, D, s->k, first + j), s->scale, heads, s->width);
    }
}

static void bwd(const dfn_args *a)
{
    for (int b = 0; b < a->B; b++) {
        const stream s = open_stream(a, b);
        const size_t D = (size_t)s.D, at = (size_t)b * (size_t)s.T * D;
        const REAL *dy = (const REAL *)a->dout + at;
        gradients d = {.q = (REAL *)a->din[Q] + at,
                       .k = (REAL *)a->din[K] + at,
                       .v = (REAL *)a->din[V] + at,
                       .p = a->scratch};
        if (s.W > 1) {
            REAL *dstate = a->dstate[b];
            dstate[0] = 0; /* a count has no gradient */
            d.old_k = dstate + 1;
            d.old_v = d.old_k + history_size(s.W - 1, D);
            history_pop(d.old_k, s.old_k, s.W - 1, D, d.k, s.T);
            history_pop(d.old_v, s.old_v, s.W - 1, D, d.v, s.T);
        }
        for (int t = 0; t < s.T; t++)
            bwd_frame(&s, &d, dy + (size_t)t * D, t);
    }
}

const dfn_op OP(op_attention) = {
    .name = "attention", .infer = infer, .fwd = fwd, .bwd = bwd};
