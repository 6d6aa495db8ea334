/* concat.c - two to eight inputs, one behind the other along an axis of the frame.
 *
 * attr: axis */
#include "op/blocks.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const int axis = n->attr.axis;
    if (n_in < 2)
        return "takes two to eight inputs";
    if (axis < 0 || axis > 2)
        return "the axis must be 0, 1 or 2";
    s->out = in[0];
    for (int k = 1; k < n_in; k++) {
        if (in[k].t != in[0].t)
            return "the inputs differ in their number of frames";
        for (int i = 0; i < 3; i++)
            if (i != axis && in[k].d[i] != in[0].d[i])
                return "the inputs differ in another axis";
        if (in[k].d[axis] > INT_MAX - s->out.d[axis])
            return "the result is too large";
        s->out.d[axis] += in[k].d[axis];
    }
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const int axis = a->node->attr.axis, outer = blocks_outer(a, axis);
    const int inner = blocks_inner(a->out_shape, axis);
    const int whole = a->out_shape.d[axis] * inner;
    REAL *y = a->out;
    for (int k = 0; k < a->n_in; k++) {
        const int part = a->in_shape[k].d[axis] * inner;
        blocks_copy(y, whole, a->in[k], part, part, outer);
        y += part;
    }
}

static void bwd(const dfn_args *a)
{
    const int axis = a->node->attr.axis, outer = blocks_outer(a, axis);
    const int inner = blocks_inner(a->out_shape, axis);
    const int whole = a->out_shape.d[axis] * inner;
    const REAL *dy = a->dout;
    for (int k = 0; k < a->n_in; k++) {
        const int part = a->in_shape[k].d[axis] * inner;
        if (a->fresh[k])
            blocks_copy(a->din[k], part, dy, whole, part, outer);
        else
            blocks_add(a->din[k], part, dy, whole, part, outer);
        dy += part;
    }
}

const dfn_op OP(op_concat) = {
    .name = "concat", .infer = infer, .fwd = fwd, .bwd = bwd, .fresh = true};
