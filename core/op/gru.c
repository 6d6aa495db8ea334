/* gru.c - gated recurrent unit, one layer (PyTorch's form and gate order r, z, n).
 *
 *   x[..][I], h[H]; W_i [3H][I], W_h [3H][H], b_i, b_h [3H]
 *   r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)      z likewise
 *   n = tanh(W_in x + b_in + r m),   m = W_hn h + b_hn
 *   h' = (1 - z) n + z h             y = h'
 *
 * Backward, with g = dL/dh' (of the frame and of the frames after it)
 *   dn = g (1 - z) (1 - n^2)   dz = g (h - n) z (1 - z)   dr = dn m r (1 - r)
 *   both halves' sums get (dr, dz, dn), the recurrent half's third part dn r;
 *   dL/dh = g z + W_h^T (dr, dz, dn r)
 *
 * The input half is one product over all frames; the recurrent half is one per frame, for
 * all streams at once. The state is h.
 *
 * attr: out (H), variant (layer number in the weights' names: weight_ih_l0 ...) */
#include "op/packed_layer.h"

#include <limits.h>
#include <string.h>

static REAL sigmoid(REAL x) { return 1 / (1 + EXP(-x)); }

void OP(gru_gates_fwd)(REAL *restrict y, REAL *restrict gates, const REAL *restrict gx,
                       const REAL *restrict gh, const REAL *restrict h, int H)
{
    for (int i = 0; i < H; i++) {
        const REAL r = sigmoid(gx[i] + gh[i]), z = sigmoid(gx[H + i] + gh[H + i]);
        const REAL m = gh[2 * H + i], n = TANH(gx[2 * H + i] + r * m);
        y[i] = (1 - z) * n + z * h[i];
        if (gates) {
            gates[i] = r;
            gates[H + i] = z;
            gates[2 * H + i] = n;
            gates[3 * H + i] = m;
        }
    }
}

void OP(gru_gates_bwd)(REAL *restrict dgx, REAL *restrict dgh, REAL *restrict dh,
                       const REAL *restrict dy, const REAL *restrict gates,
                       const REAL *restrict h, int H)
{
    for (int i = 0; i < H; i++) {
        const REAL r = gates[i], z = gates[H + i], n = gates[2 * H + i],
                   m = gates[3 * H + i];
        const REAL dn = dy[i] * (1 - z) * (1 - n * n);
        dgx[i] = dgh[i] = dn * m * r * (1 - r);
        dgx[H + i] = dgh[H + i] = dy[i] * (h[i] - n) * z * (1 - z);
        dgx[2 * H + i] = dn;
        dgh[2 * H + i] = dn * r;
        dh[i] += dy[i] * z;
    }
}

#define LAYER(l)                                                                           \
    {                                                                                      \
        "weight_ih_l" #l, "weight_hh_l" #l, "bias_ih_l" #l, "bias_hh_l" #l                 \
    }
static const char *const suffix[][4] = {LAYER(0), LAYER(1), LAYER(2), LAYER(3),
                                        LAYER(4), LAYER(5), LAYER(6), LAYER(7)};
#undef LAYER
static const char *const packed_suffix[][2] = {
    {"packed_ih_l0", "packed_hh_l0"}, {"packed_ih_l1", "packed_hh_l1"},
    {"packed_ih_l2", "packed_hh_l2"}, {"packed_ih_l3", "packed_hh_l3"},
    {"packed_ih_l4", "packed_hh_l4"}, {"packed_ih_l5", "packed_hh_l5"},
    {"packed_ih_l6", "packed_hh_l6"}, {"packed_ih_l7", "packed_hh_l7"}};
enum { LAYERS = sizeof suffix / sizeof *suffix, W_IH = 0, W_HH, B_IH, B_HH };

/* The input half and the recurrent half as packed layers. */
static packed_layer half(const dfn_node *n, int I)
{
    return (packed_layer){.G = 1, .I = I, .O = 3 * n->attr.out, .format = n->attr.format};
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const int size[2] = {in[0].d[2], n->attr.out};
    for (int i = 0; i < 2; i++)
        dfn_packed_fill(out[i], 1, size[i], 3 * n->attr.out, n->attr.format,
                        &(packed_source){.w = w[W_IH + i],
                                         .bias = w[B_IH + i],
                                         .scale = scale[W_IH + i],
                                         .inner = size[i],
                                         .by_o = size[i],
                                         .by_c = 1});
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int I = in[0].d[2], H = n->attr.out, layer = n->attr.variant;
    const size_t rows = (size_t)B * (size_t)in[0].t;
    if (n_in != 1 || in[0].d[0] != 1 || in[0].d[1] != 1)
        return "takes one vector per frame";
    if (H < 1 || H > INT_MAX / 4)
        return "needs a number of hidden units";
    if (layer < 0 || layer >= LAYERS)
        return "layer number is not 0 to 7";
    if (rows > INT_MAX / 4 / (size_t)H)
        return "too many frames for this number of hidden units";
    s->out = in[0];
    s->out.d[2] = H;
    s->state = (size_t)H;
    s->macs = (uint64_t)in[0].t * 3 * (uint64_t)H * ((uint64_t)I + (uint64_t)H);
    s->scratch = (rows * 7 + (size_t)B * 4) * (size_t)H; /* see fwd and bwd */
    if (n->attr.format && dfn_packed_size(1, I, 3 * H, n->attr.format) &&
        dfn_packed_size(1, H, 3 * H, n->attr.format)) {
        const size_t ih = OP(packed_layer_scratch)(half(n, I), rows);
        const size_t hh = OP(packed_layer_scratch)(half(n, H), (size_t)B);
        packed_layer_weight(s, packed_suffix[layer][W_IH], half(n, I));
        packed_layer_weight(s, packed_suffix[layer][W_HH], half(n, H));
        s->scratch = (rows * 3 + (size_t)B * 4) * (size_t)H + (ih > hh ? ih : hh);
        return NULL;
    }
    dfn_spec_weight(s, suffix[layer][W_IH], false, 2, 3 * H, I, 0, 0);
    dfn_spec_weight(s, suffix[layer][W_HH], false, 2, 3 * H, H, 0, 0);
    dfn_spec_weight(s, suffix[layer][B_IH], false, 1, 3 * H, 0, 0, 0);
    dfn_spec_weight(s, suffix[layer][B_HH], false, 1, 3 * H, 0, 0, 0);
    s->save = rows * 4 * (size_t)H;
    return NULL;
}

/* y[N][3H] of one half (W_IH or W_HH). */
static void product(const dfn_args *a, int which, REAL *y, const REAL *x, int N, int I,
                    void *scratch)
{
    const KERNELS *k = a->kernels;
    const int O = 3 * a->out_shape.d[2];
    if (a->node->packed)
        OP(packed_layer_run)(k, half(a->node, I), a->w[which], y, x, N, I, O, scratch);
    else
        OP(linear_forward)(k, y, x, a->w[which], a->w[B_IH + which], N, I, O);
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int B = a->B, T = a->in_shape[0].t, I = a->in_shape[0].d[2];
    const size_t H = (size_t)a->out_shape.d[2];
    REAL *gx = a->scratch, *gh = gx + (size_t)B * (size_t)T * 3 * H;
    REAL *h = gh + (size_t)B * 3 * H, *y = a->out, *gates = a->save;

    product(a, W_IH, gx, a->in[0], B * T, I, h + (size_t)B * H);
    for (int b = 0; b < B; b++)
        memcpy(h + (size_t)b * H, a->state[b], H * sizeof *h);
    for (int t = 0; t < T; t++) {
        product(a, W_HH, gh, h, B, (int)H, h + (size_t)B * H);
        for (int b = 0; b < B; b++) {
            const size_t row = (size_t)b * (size_t)T + (size_t)t;
            k->gru_gates_fwd(y + row * H, gates ? gates + row * 4 * H : NULL,
                             gx + row * 3 * H, gh + (size_t)b * 3 * H, h + (size_t)b * H,
                             (int)H);
            memcpy(h + (size_t)b * H, y + row * H, H * sizeof *h);
        }
    }
    for (int b = 0; b < B; b++)
        memcpy(a->state[b], h + (size_t)b * H, H * sizeof *h);
}

/* The recurrent half is gathered frame by frame, [T][B], so that the streams of a frame lie
 * side by side; the input half keeps the order of the input, [B][T]. */
static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int B = a->B, T = a->in_shape[0].t, I = a->in_shape[0].d[2];
    const size_t H = (size_t)a->out_shape.d[2], rows = (size_t)B * (size_t)T;
    const REAL *y = a->out, *dout = a->dout, *gates = a->save;
    REAL *dgx = a->scratch, *dgh = dgx + rows * 3 * H, *before = dgh + rows * 3 * H;
    REAL *dh = before + rows * H, *dy = dh + (size_t)B * H;

    for (int b = 0; b < B; b++)
        memcpy(dh + (size_t)b * H, a->dstate[b], H * sizeof *dh);
    for (int t = T - 1; t >= 0; t--) {
        REAL *now = dgh + (size_t)t * (size_t)B * 3 * H;
        REAL *h = before + (size_t)t * (size_t)B * H;
        for (size_t b = 0; b < (size_t)B; b++) {
            const size_t row = b * (size_t)T + (size_t)t;
            memcpy(h + b * H, t ? y + (row - 1) * H : a->state[b], H * sizeof *h);
            for (size_t i = 0; i < H; i++)
                dy[i] = dh[b * H + i] + dout[row * H + i];
            memset(dh + b * H, 0, H * sizeof *dh);
            k->gru_gates_bwd(dgx + row * 3 * H, now + b * 3 * H, dh + b * H, dy,
                             gates + row * 4 * H, h + b * H, (int)H);
        }
        OP(linear_backward)
        (k, dh, NULL, NULL, now, h, a->w[W_HH], true, B, (int)H, 3 * (int)H);
    }
    OP(linear_backward)
    (k, NULL, a->dw[W_HH], a->dw[B_HH], dgh, before, a->w[W_HH], true, B * T, (int)H,
     3 * (int)H);
    OP(linear_backward)
    (k, a->din[0], a->dw[W_IH], a->dw[B_IH], dgx, a->in[0], a->w[W_IH], !a->fresh[0], B * T,
     I, 3 * (int)H);
    for (int b = 0; b < B; b++)
        memcpy(a->dstate[b], dh + (size_t)b * H, H * sizeof *dh);
}

const dfn_op OP(op_gru) = {.name = "gru",
                           .infer = infer,
                           .fwd = fwd,
                           .bwd = bwd,
                           .pack = pack,
                           .skips = true,
                           .fresh = true};
