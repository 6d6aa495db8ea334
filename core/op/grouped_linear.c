/* grouped_linear.c - the last axis in G groups, each with a matrix of its own.
 *
 *   x[..][G][I/G]  w[G][I/G][O/G]  b[O]  ->  y[..][G][O/G]
 *   y[g] = x[g] w[g] + b[g]
 *   dx[g] += dy[g] w[g]^T     dw[g][i][o] += sum_n x[n][g][i] dy[n][g][o]     db += dy
 *
 * w is in the order in which it is read: a group's outputs for one input stand together.
 * The layout is that of DeepFilterNet's GroupedLinearEinsum.
 *
 * attr: out, groups, bias; packed: act */
#include "op/packed_layer.h"

enum { LANES = 16 };

/* `m` (at most LANES) outputs of one group; two inputs per pass keep more sums in flight.
 */
static inline void block(REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                         int I, int O, int m)
{
    REAL even[LANES] = {0}, odd[LANES] = {0};
    int i = 0;
    for (; i + 2 <= I; i += 2)
        for (int j = 0; j < m; j++) {
            even[j] += x[i] * w[i * O + j];
            odd[j] += x[i + 1] * w[(i + 1) * O + j];
        }
    for (int j = 0; j < m && i < I; j++)
        even[j] += x[i] * w[i * O + j];
    for (int j = 0; j < m; j++)
        y[j] += even[j] + odd[j];
}

void OP(grouped_linear_fwd)(REAL *restrict y, const REAL *restrict x,
                            const REAL *restrict w, const REAL *restrict b, int N, int G,
                            int I, int O)
{
    for (int n = 0; n < N; n++, x += G * I, y += G * O)
        for (int g = 0; g < G; g++) {
            const REAL *xg = x + g * I, *wg = w + g * I * O;
            REAL *yg = y + g * O;
            for (int o = 0; o < O; o++)
                yg[o] = b ? b[g * O + o] : 0;
            int o = 0;
            for (; o + LANES <= O; o += LANES)
                block(yg + o, xg, wg + o, I, O, LANES);
            if (O - o == LANES / 2)
                block(yg + o, xg, wg + o, I, O, LANES / 2);
            else if (o < O)
                block(yg + o, xg, wg + o, I, O, O - o);
        }
}

void OP(grouped_linear_bwd)(REAL *restrict dx, REAL *restrict dw, REAL *restrict db,
                            const REAL *restrict dy, const REAL *restrict x,
                            const REAL *restrict w, int N, int G, int I, int O)
{
    for (int n = 0; n < N; n++, x += G * I, dx += G * I, dy += G * O) {
        for (int o = 0; db && o < G * O; o++)
            db[o] += dy[o];
        for (int g = 0; g < G; g++)
            for (int i = g * I; i < (g + 1) * I; i++) {
                const REAL *dyg = dy + g * O;
                REAL sum = 0;
                for (int o = 0; o < O; o++)
                    sum += dyg[o] * w[i * O + o];
                dx[i] += sum;
                for (int o = 0; dw && o < O; o++)
                    dw[i * O + o] += x[i] * dyg[o];
            }
    }
}

static int groups(const dfn_node *n) { return n->attr.groups ? n->attr.groups : 1; }

static packed_layer layer(const dfn_node *n, dfn_shape in)
{
    const int G = groups(n);
    return (packed_layer){G, in.d[2] / G, n->attr.out / G, n->attr.format};
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const packed_layer l = layer(n, in[0]);
    dfn_packed_fill(out[0], l.G, l.I, l.O, l.format,
                    &(packed_source){.w = w[0],
                                     .bias = w[1],
                                     .scale = scale[0],
                                     .inner = l.I,
                                     .by_g = l.I * l.O,
                                     .by_o = 1,
                                     .by_c = l.O});
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int I = in[0].d[2], O = n->attr.out, G = groups(n);
    if (n_in != 1)
        return "takes one input";
    if (O < 1)
        return "needs a number of outputs";
    if (G < 1 || I % G || O % G)
        return "the groups must divide inputs and outputs";
    s->out = in[0];
    s->out.d[2] = O;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * (uint64_t)(O / G);
    const packed_layer l = layer(n, in[0]);
    if (n->attr.format && dfn_packed_size(l.G, l.I, l.O, l.format)) {
        packed_layer_weight(s, "packed", l);
        s->scratch = OP(packed_layer_scratch)(
            l, (size_t)B * (size_t)in[0].t * (size_t)in[0].d[0] * (size_t)in[0].d[1]);
        return NULL;
    }
    dfn_spec_weight(s, "weight", false, 3, G, I / G, O / G, 0);
    if (n->attr.bias)
        dfn_spec_weight(s, "bias", false, 1, O, 0, 0, 0);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int G = groups(a->node);
    if (a->node->packed) {
        OP(packed_layer_run)
        (k, layer(a->node, a->in_shape[0]), a->w[0], a->out, a->in[0], dfn_args_rows(a),
         a->in_shape[0].d[2], a->out_shape.d[2], a->scratch);
        packed_activate(a);
        return;
    }
    k->grouped_linear_fwd(a->out, a->in[0], a->w[0], a->w[1], dfn_args_rows(a), G,
                          a->in_shape[0].d[2] / G, a->out_shape.d[2] / G);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int G = groups(a->node);
    k->grouped_linear_bwd(a->din[0], a->dw[0], a->dw[1], a->dout, a->in[0], a->w[0],
                          dfn_args_rows(a), G, a->in_shape[0].d[2] / G,
                          a->out_shape.d[2] / G);
}

const dfn_op OP(op_grouped_linear) = {.name = "grouped_linear",
                                      .infer = infer,
                                      .fwd = fwd,
                                      .bwd = bwd,
                                      .pack = pack,
                                      .activates = true};
