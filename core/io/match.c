#include "io/match.h"

#include "io/match_node.h"

#include <stdlib.h>
#include <string.h>

/* ---- walking the foreign graph ---- */

/* Through inputs of the later files to the outputs of file 0. */
static foreign resolve(const matcher *m, foreign v)
{
    const dfn_onnx *first = m->match->file[0];
    if (v.file > 0 && dfn_onnx_is_input(m->match->file[v.file], v.name) &&
        dfn_onnx_is_output(first, v.name))
        return (foreign){0, v.name};
    return v;
}

static bool is_plumbing(const char *op)
{
    static const char *const ops[] = {"Reshape", "Squeeze", "Unsqueeze", "Identity"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(op, ops[i]))
            return true;
    return false;
}

enum { TRANSPOSES = 4 };

/* Transposes between a value and the node that computes it, from the value inwards. */
typedef struct descent {
    foreign at;
    const dfn_onnx_node *node; /* NULL: an input or a constant */
    const dfn_onnx_node *transpose[TRANSPOSES];
    int n;
} descent;

/* Nodes are in order of execution, so this ends. */
static dfn_status descend(const matcher *m, foreign v, descent *d)
{
    *d = (descent){.at = resolve(m, v)};
    while ((d->node = dfn_onnx_producer(m->match->file[d->at.file], d->at.name))) {
        const bool transpose = dfn_match_is(d->node, "Transpose");
        if ((!transpose && !is_plumbing(d->node->op_type ? d->node->op_type : "")) ||
            !d->node->n_input)
            break;
        if (transpose && d->n == TRANSPOSES)
            return MATCH_REFUSE(m, d->at, "too many transposes in a row");
        if (transpose)
            d->transpose[d->n++] = d->node;
        d->at = resolve(m, (foreign){d->at.file, d->node->input[0]});
    }
    return DFN_OK;
}

static dfn_status apply_transposes(const matcher *m, const descent *d, dfn_layout *layout)
{
    static const struct {
        int rank;
        int64_t perm[4];
        dfn_layout from, to;
    } known[] = {
        {4, {0, 2, 3, 1}, DFN_CHANNELS_FIRST, DFN_FEATURES_LAST},
        {4, {0, 3, 1, 2}, DFN_FEATURES_LAST, DFN_CHANNELS_FIRST},
        {3, {1, 0, 2}, DFN_FEATURES_LAST, DFN_TIME_FIRST},
        {3, {1, 0, 2}, DFN_TIME_FIRST, DFN_FEATURES_LAST},
    };
    for (int i = d->n; i-- > 0;) {
        int64_t perm[4];
        size_t k = 0;
        for (; k < sizeof known / sizeof *known; k++)
            if (known[k].from == *layout &&
                dfn_onnx_ints(d->transpose[i], "perm", known[k].rank, perm) &&
                !memcmp(perm, known[k].perm, (size_t)known[k].rank * sizeof *perm))
                break;
        if (k == sizeof known / sizeof *known)
            return MATCH_REFUSE(m, d->at, "its axes are transposed in an unknown way");
        *layout = known[k].to;
    }
    return DFN_OK;
}

/* ---- walking ours ---- */

/* Reshapes of ours never move data. */
static dfn_value skip_reshapes(const dfn_graph *g, dfn_value v)
{
    while (g->node[v].op == DFN_OP_RESHAPE)
        v = g->node[v].in[0];
    return v;
}

static const char *act_name(dfn_activation act)
{
    switch (act) {
    case DFN_ACT_RELU: return "Relu";
    case DFN_ACT_SIGMOID: return "Sigmoid";
    case DFN_ACT_TANH: return "Tanh";
    default: return "?";
    }
}

/* What the foreign node is called that computes ours. */
static const char *foreign_op(const dfn_node *n)
{
    switch (n->op) {
    case DFN_OP_CONV2D: return "Conv";
    case DFN_OP_CONV_TRANSPOSE2D: return "ConvTranspose";
    case DFN_OP_GROUPED_LINEAR: return "Einsum";
    case DFN_OP_GRU: return "GRU";
    case DFN_OP_LINEAR:
    case DFN_OP_AFFINE:
    case DFN_OP_ADD: return "Add";
    case DFN_OP_ACTIVATION: return act_name(n->attr.act);
    default: return "?";
    }
}

/* Could `v` be our node `t`? Looks no further than the next node with weights. */
static bool plausible(const matcher *m, dfn_value t, foreign v)
{
    const dfn_graph *g = m->match->graph;
    descent d;
    for (;;) {
        t = skip_reshapes(g, t);
        if (descend(m, v, &d) || !d.node || !dfn_match_is(d.node, foreign_op(&g->node[t])))
            return false;
        if (g->node[t].op != DFN_OP_ACTIVATION || !d.node->n_input)
            break;
        t = g->node[t].in[0];
        v = (foreign){d.at.file, d.node->input[0]};
    }
    dfn_onnx_const c;
    const dfn_node *n = &g->node[t];
    return !n->n_w || n->op == DFN_OP_GRU || n->op == DFN_OP_LINEAR ||
           (dfn_match_constant(m, d.at.file, d.node, 1, &c) &&
            dfn_match_same_shape(&g->weight[n->w[0]], &c));
}

static dfn_status expect(matcher *m, dfn_value t, foreign v, dfn_layout want)
{
    dfn_layout layout;
    const dfn_status status = dfn_match_value(m, t, v, &layout);
    if (!status && layout != want)
        return MATCH_REFUSE(m, v, "its axes are not in the order that '%s' needs",
                            m->match->graph->node[t].name);
    return status;
}

/* The operands of a sum may stand in any order. */
static dfn_status match_add(matcher *m, const dfn_node *n, int file,
                            const dfn_onnx_node *node, dfn_layout *layout)
{
    const foreign a = {file, node->input[0]}, b = {file, node->input[1]};
    const bool swap = !(plausible(m, n->in[0], a) && plausible(m, n->in[1], b)) &&
                      plausible(m, n->in[0], b) && plausible(m, n->in[1], a);
    const dfn_status status = dfn_match_value(m, n->in[0], swap ? b : a, layout);
    return status ? status : expect(m, n->in[1], swap ? a : b, *layout);
}

static dfn_status match_node(matcher *m, const dfn_node *n, const descent *d,
                             dfn_layout *layout)
{
    foreign data = {d->at.file, d->node->input[0]};
    dfn_status status;
    switch (n->op) {
    case DFN_OP_ADD: return match_add(m, n, d->at.file, d->node, layout);
    case DFN_OP_ACTIVATION: return dfn_match_value(m, n->in[0], data, layout);
    case DFN_OP_CONV2D:
    case DFN_OP_CONV_TRANSPOSE2D:
        *layout = DFN_CHANNELS_FIRST;
        status = dfn_match_conv(m, n, d->at, d->node, &data);
        break;
    case DFN_OP_GROUPED_LINEAR:
        *layout = DFN_FEATURES_LAST;
        status = dfn_match_grouped_linear(m, n, d->at, d->node);
        break;
    case DFN_OP_GRU:
        *layout = DFN_TIME_FIRST;
        status = dfn_match_gru(m, n, d->at, d->node);
        break;
    case DFN_OP_LINEAR:
        *layout = DFN_FEATURES_LAST;
        status = dfn_match_linear(m, n, d->at, d->node, &data);
        break;
    default:
        *layout = DFN_FEATURES_LAST;
        status = dfn_match_affine(m, n, d->at, d->node, &data);
        break;
    }
    return status ? status : expect(m, n->in[0], data, *layout);
}

static dfn_status match_input(const matcher *m, const dfn_node *n, foreign at)
{
    for (const dfn_match_input *in = m->match->input; in->theirs; in++)
        if (in->op == n->op) {
            if (at.file == 0 && !strcmp(at.name, in->theirs) &&
                dfn_onnx_is_input(m->match->file[0], at.name))
                return DFN_OK;
            return MATCH_REFUSE(m, at, "expected the input '%s' here", in->theirs);
        }
    return MATCH_REFUSE(m, at, "'%s' cannot be imported", n->name);
}

dfn_status dfn_match_value(matcher *m, dfn_value t, foreign v, dfn_layout *layout)
{
    descent d;
    t = skip_reshapes(m->match->graph, t);
    dfn_status status = descend(m, v, &d);
    if (status)
        return status;
    const dfn_node *n = &m->match->graph->node[t];
    seen *s = &m->seen[t];
    if (s->at.name) {
        if (s->at.file != d.at.file || strcmp(s->at.name, d.at.name))
            return MATCH_REFUSE(m, d.at, "expected '%.80s' here", s->at.name);
    } else {
        const char *op = foreign_op(n);
        s->layout = DFN_CHANNELS_FIRST;
        if (*op == '?')
            status = match_input(m, n, d.at);
        else if (!d.node || !dfn_match_is(d.node, op) ||
                 strcmp(d.node->output[0], d.at.name))
            status = *n->name
                         ? MATCH_REFUSE(m, d.at, "expected %s for '%s' here", op, n->name)
                         : MATCH_REFUSE(m, d.at, "expected %s here", op);
        else if (d.node->n_input < (size_t)(n->op == DFN_OP_ACTIVATION ? 1 : 2))
            status = MATCH_REFUSE(m, d.at, "%s has too few inputs", op);
        else
            status = match_node(m, n, &d, &s->layout);
        if (status)
            return status;
        s->at = d.at;
    }
    *layout = s->layout;
    return apply_transposes(m, &d, layout);
}

dfn_status dfn_match_weights(const dfn_match *match, dfn_error *err)
{
    const dfn_graph *g = match->graph;
    matcher m = {.match = match, .err = err};
    dfn_status status = DFN_OK;
    m.seen = calloc((size_t)g->n_node + 1, sizeof *m.seen);
    if (!m.seen)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory",
                        dfn_onnx_name(match->file[0]));
    for (const dfn_match_output *o = match->output; o->ours && !status; o++) {
        const foreign v = {o->file, o->theirs};
        if (dfn_onnx_is_output(match->file[o->file], o->theirs))
            status = expect(&m, dfn_graph_find(g, o->ours), v, o->layout);
        else
            status = dfn_fail(err, DFN_ERR_FORMAT, "%s: no output '%s'",
                              dfn_onnx_name(match->file[o->file]), o->theirs);
    }
    for (int i = 0; i < g->n_weight && !status; i++)
        if (!match->weight[i])
            status = dfn_fail(err, DFN_ERR_FORMAT, "%s: nothing holds '%s'",
                              dfn_onnx_name(match->file[0]), g->weight[i].name);
    free(m.seen);
    return status;
}
