#include "io/match_node.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dfn_status dfn_match_refuse(const matcher *m, foreign at, const char *format, ...)
{
    char why[256];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return dfn_fail(m->err, DFN_ERR_FORMAT, "%s: '%.120s': %s",
                    dfn_onnx_name(m->match->file[at.file]), at.name, why);
}

bool dfn_match_is(const dfn_onnx_node *node, const char *op)
{
    const char *domain = node->domain ? node->domain : "";
    return node->op_type && !strcmp(node->op_type, op) &&
           (!*domain || !strcmp(domain, "ai.onnx"));
}

bool dfn_match_constant(const matcher *m, int file, const dfn_onnx_node *node, size_t input,
                        dfn_onnx_const *out)
{
    return input < node->n_input &&
           dfn_onnx_constant(m->match->file[file], node->input[input], out);
}

bool dfn_match_same_shape(const dfn_weight *w, const dfn_onnx_const *c)
{
    bool same = c->rank == w->rank;
    for (int i = 0; same && i < w->rank; i++)
        same = c->dim[i] == w->dim[i];
    return same;
}

static const dfn_weight *weight_of(const matcher *m, const dfn_node *n, int i)
{
    return &m->match->graph->weight[n->w[i]];
}

/* A float constant of the given shape (w's own if rank is 0), all numbers finite. */
static dfn_status need(const matcher *m, const dfn_weight *w, foreign at,
                       const dfn_onnx_node *node, size_t input, int rank,
                       const int64_t *dim, const float **out)
{
    dfn_onnx_const c;
    if (!dfn_match_constant(m, at.file, node, input, &c) || !c.f32)
        return MATCH_REFUSE(m, at, "no float constant for '%s'", w->name);
    bool same = rank ? c.rank == rank : dfn_match_same_shape(w, &c);
    for (int i = 0; same && i < rank; i++)
        same = c.dim[i] == dim[i];
    if (!same)
        return MATCH_REFUSE(m, at, "'%s' has another shape than '%s'", node->input[input],
                            w->name);
    for (size_t i = 0; i < c.count; i++)
        if (!isfinite(c.f32[i]))
            return MATCH_REFUSE(m, at, "'%s' holds numbers that are not finite",
                                node->input[input]);
    *out = c.f32;
    return DFN_OK;
}

static dfn_status take(matcher *m, const dfn_node *n, int i, foreign at,
                       const dfn_onnx_node *node, size_t input)
{
    return need(m, weight_of(m, n, i), at, node, input, 0, NULL,
                &m->match->weight[n->w[i]]);
}

/* Room for a weight that must be rearranged. */
static float *own(matcher *m, const dfn_node *n, int i)
{
    float *p = malloc(weight_of(m, n, i)->count * sizeof *p);
    if (!p)
        dfn_fail(m->err, DFN_ERR_NOMEM, "out of memory");
    m->match->weight[n->w[i]] = m->match->owned[n->w[i]] = p;
    return p;
}

/* ---- convolutions ---- */

static int or_one(int x) { return x ? x : 1; }

static bool ints_are(const dfn_onnx_node *node, const char *name, int n,
                     const int64_t *want, int64_t fallback)
{
    int64_t got[8];
    if (!dfn_onnx_has(node, name))
        for (int i = 0; i < n; i++)
            got[i] = fallback;
    else if (!dfn_onnx_ints(node, name, n, got))
        return false;
    return !memcmp(got, want, (size_t)n * sizeof *got);
}

/* The frames that a Pad node adds: directly as begin and end of each axis, or as PyTorch
 * writes them (last axis first), which its exporter rearranges in a chain of nodes. */
static bool pads_past(const matcher *m, foreign at, const dfn_onnx_node *pad, int64_t past)
{
    const int64_t onnx[8] = {0, 0, past}, torch[4] = {0, 0, past, 0};
    const dfn_onnx *f = m->match->file[at.file];
    char mode[16];
    dfn_onnx_const c;
    dfn_onnx_text(pad, "mode", mode, sizeof mode);
    if ((*mode && strcmp(mode, "constant")) || pad->n_input < 2 || pad->n_input > 3)
        return false;
    if (pad->n_input == 3 && *pad->input[2] &&
        (!dfn_onnx_constant(f, pad->input[2], &c) || !c.f32 || c.count != 1 ||
         c.f32[0] != 0))
        return false;
    if (dfn_onnx_constant(f, pad->input[1], &c))
        return c.i64 && c.count == 8 && !memcmp(c.i64, onnx, sizeof onnx);
    const dfn_onnx_node *node = dfn_onnx_producer(f, pad->input[1]);
    while (node && node->n_input && !dfn_match_is(node, "Concat"))
        node = dfn_onnx_producer(f, node->input[0]);
    return node && node->n_input && dfn_onnx_constant(f, node->input[0], &c) && c.i64 &&
           c.count == 4 && !memcmp(c.i64, torch, sizeof torch);
}

dfn_status dfn_match_conv(matcher *m, const dfn_node *n, foreign at,
                          const dfn_onnx_node *node, foreign *data)
{
    const dfn_attr *a = &n->attr;
    const bool transposed = n->op == DFN_OP_CONV_TRANSPOSE2D;
    const int64_t one[2] = {1, 1}, kernel[2] = {or_one(a->kernel_t), or_one(a->kernel_f)},
                  stride[2] = {or_one(a->stride_t), or_one(a->stride_f)},
                  extra[2] = {0, a->out_pad_f}, pads[4] = {0, a->pad_f, 0, a->pad_f},
                  past[4] = {kernel[0] - 1, a->pad_f, 0, a->pad_f};
    char auto_pad[16];
    dfn_onnx_text(node, "auto_pad", auto_pad, sizeof auto_pad);
    const bool pads_itself = kernel[0] > 1 && ints_are(node, "pads", 4, past, 0);
    const char *bad = NULL;
    if (!ints_are(node, "dilations", 2, one, 1))
        bad = "dilations";
    else if (dfn_onnx_int(node, "group", 1) != or_one(a->groups))
        bad = "group";
    else if (!ints_are(node, "strides", 2, stride, 1))
        bad = "strides";
    else if (dfn_onnx_has(node, "kernel_shape") &&
             !ints_are(node, "kernel_shape", 2, kernel, 1))
        bad = "kernel_shape";
    else if (!pads_itself && !ints_are(node, "pads", 4, pads, 0))
        bad = "pads";
    else if (transposed && !ints_are(node, "output_padding", 2, extra, 0))
        bad = "output_padding";
    else if (*auto_pad && strcmp(auto_pad, "NOTSET"))
        bad = "auto_pad";
    else if (dfn_onnx_has(node, "output_shape"))
        bad = "output_shape";
    if (bad)
        return MATCH_REFUSE(m, at, "attribute '%s' is not that of '%s'", bad, n->name);

    if (kernel[0] > 1 && !pads_itself) {
        const dfn_onnx_node *pad = dfn_onnx_producer(m->match->file[at.file], data->name);
        if (!pad || !dfn_match_is(pad, "Pad") || !pads_past(m, at, pad, kernel[0] - 1))
            return MATCH_REFUSE(m, at, "needs %d frames of the past, padded with zeros",
                                (int)kernel[0] - 1);
        data->name = pad->input[0];
    }
    if ((node->n_input > 2 && *node->input[2]) != a->bias)
        return MATCH_REFUSE(m, at, "%s a bias", a->bias ? "lacks" : "has");
    const dfn_status status = take(m, n, 0, at, node, 1);
    return status || !a->bias ? status : take(m, n, 1, at, node, 2);
}

/* ---- linear layers ---- */

dfn_status dfn_match_grouped_linear(matcher *m, const dfn_node *n, foreign at,
                                    const dfn_onnx_node *node)
{
    char equation[32];
    dfn_onnx_text(node, "equation", equation, sizeof equation);
    if (strcmp(equation, "btgi,gih->btgh") || n->attr.bias)
        return MATCH_REFUSE(m, at, "'%s' is not the equation of a grouped linear layer",
                            equation);
    return take(m, n, 0, at, node, 1);
}

/* Of a sum: which input is constant, and which is made by `op`? False if not one of each.
 */
static bool sum_of(const matcher *m, foreign at, const dfn_onnx_node *node, const char *op,
                   size_t *constant, const dfn_onnx_node **product)
{
    dfn_onnx_const c;
    if (node->n_input != 2)
        return false;
    *constant = dfn_match_constant(m, at.file, node, 0, &c) ? 0 : 1;
    *product = dfn_onnx_producer(m->match->file[at.file], node->input[1 - *constant]);
    return *product && dfn_match_is(*product, op) && (*product)->n_input == 2;
}

/* Add(MatMul(x, W), b): W is [in][out] there, [out][in] here. */
dfn_status dfn_match_linear(matcher *m, const dfn_node *n, foreign at,
                            const dfn_onnx_node *node, foreign *data)
{
    const dfn_weight *w = weight_of(m, n, 0);
    const int64_t O = w->dim[0], I = w->dim[1], shape[2] = {I, O};
    const dfn_onnx_node *matmul;
    const float *x;
    size_t bias;
    if (!sum_of(m, at, node, "MatMul", &bias, &matmul) || !n->attr.bias)
        return MATCH_REFUSE(m, at, "expected a product and a bias for '%s'", n->name);
    dfn_status status = take(m, n, 1, at, node, bias);
    if (!status)
        status = need(m, w, at, matmul, 1, 2, shape, &x);
    if (status)
        return status;
    float *y = own(m, n, 0);
    if (!y)
        return DFN_ERR_NOMEM;
    for (int64_t o = 0; o < O; o++)
        for (int64_t i = 0; i < I; i++)
            y[o * I + i] = x[i * O + o];
    data->name = matmul->input[0];
    return DFN_OK;
}

static bool scalar_is(const matcher *m, foreign at, const dfn_onnx_node *node, size_t input,
                      double want)
{
    dfn_onnx_const c;
    return dfn_match_constant(m, at.file, node, input, &c) && c.f32 && c.count == 1 &&
           c.f32[0] == (float)want;
}

/* Add(Mul(x, alpha), beta) */
dfn_status dfn_match_affine(matcher *m, const dfn_node *n, foreign at,
                            const dfn_onnx_node *node, foreign *data)
{
    const dfn_onnx_node *mul;
    size_t beta;
    if (!sum_of(m, at, node, "Mul", &beta, &mul))
        return MATCH_REFUSE(m, at, "expected a scale and an offset");
    dfn_onnx_const c;
    const size_t alpha = dfn_match_constant(m, at.file, mul, 0, &c) ? 0 : 1;
    if (!scalar_is(m, at, mul, alpha, n->attr.alpha) ||
        !scalar_is(m, at, node, beta, n->attr.beta))
        return MATCH_REFUSE(m, at, "scale and offset are not the %g and %g of the config",
                            n->attr.alpha, n->attr.beta);
    data->name = mul->input[1 - alpha];
    return DFN_OK;
}

/* ---- recurrent ---- */

/* Absent, or zeros whatever their shape: PyTorch's exporter makes them from the batch size.
 */
static bool starts_at_zero(const matcher *m, foreign at, const dfn_onnx_node *node)
{
    const dfn_onnx *f = m->match->file[at.file];
    const char *value = node->n_input > 5 ? node->input[5] : "";
    dfn_onnx_const c;
    for (;;) {
        if (dfn_onnx_constant(f, value, &c)) {
            for (size_t i = 0; c.f32 && i < c.count; i++)
                if (c.f32[i] != 0)
                    return false;
            return c.f32 != NULL;
        }
        node = dfn_onnx_producer(f, value);
        if (!node || !node->n_input)
            return !*value;
        if (dfn_match_is(node, "ConstantOfShape"))
            return dfn_onnx_fills_with_zero(node);
        if (!dfn_match_is(node, "Slice") && !dfn_match_is(node, "Expand") &&
            !dfn_match_is(node, "Unsqueeze"))
            return false;
        value = node->input[0];
    }
}

/* Gates z, r, n there and r, z, n here. */
static dfn_status take_gates(matcher *m, const dfn_node *n, int i, const float *x)
{
    const size_t gate = weight_of(m, n, i)->count / 3;
    float *y = own(m, n, i);
    if (!y)
        return DFN_ERR_NOMEM;
    memcpy(y, x + gate, gate * sizeof *y);
    memcpy(y + gate, x, gate * sizeof *y);
    memcpy(y + 2 * gate, x + 2 * gate, gate * sizeof *y);
    return DFN_OK;
}

dfn_status dfn_match_gru(matcher *m, const dfn_node *n, foreign at,
                         const dfn_onnx_node *node)
{
    enum { W, R, BW, BR };
    const int H = n->attr.out, I = weight_of(m, n, W)->dim[1];
    const int64_t w[3] = {1, 3 * H, I}, r[3] = {1, 3 * H, H}, b[2] = {1, 6 * H};
    const float *x[3];
    char direction[16];
    dfn_onnx_text(node, "direction", direction, sizeof direction);
    const char *bad = NULL;
    if (dfn_onnx_int(node, "hidden_size", H) != H)
        bad = "hidden_size";
    else if (dfn_onnx_int(node, "linear_before_reset", 0) != 1)
        bad = "linear_before_reset";
    else if (*direction && strcmp(direction, "forward"))
        bad = "direction";
    else if (dfn_onnx_int(node, "layout", 0))
        bad = "layout";
    else if (dfn_onnx_has(node, "activations"))
        bad = "activations";
    else if (dfn_onnx_has(node, "clip"))
        bad = "clip";
    if (bad)
        return MATCH_REFUSE(m, at, "attribute '%s' is not that of '%s'", bad, n->name);
    if (node->n_input > 4 && *node->input[4])
        return MATCH_REFUSE(m, at, "sequence lengths are not supported");
    if (!starts_at_zero(m, at, node))
        return MATCH_REFUSE(m, at, "does not start from zeros");
    dfn_status status = need(m, weight_of(m, n, W), at, node, 1, 3, w, &x[0]);
    if (!status)
        status = need(m, weight_of(m, n, R), at, node, 2, 3, r, &x[1]);
    if (!status)
        status = need(m, weight_of(m, n, BW), at, node, 3, 2, b, &x[2]);
    if (!status)
        status = take_gates(m, n, W, x[0]);
    if (!status)
        status = take_gates(m, n, R, x[1]);
    if (!status)
        status = take_gates(m, n, BW, x[2]);
    return status ? status : take_gates(m, n, BR, x[2] + 3 * H);
}
