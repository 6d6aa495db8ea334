/* slice.c - `length` neighbours along an axis of the frame, from `start` on.
 *
 * attr: axis, start, length */
#include "op/blocks.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const int axis = n->attr.axis, start = n->attr.start, length = n->attr.length;
    if (n_in != 1)
        return "takes one input";
    if (axis < 0 || axis > 2)
        return "the axis must be 0, 1 or 2";
    if (start < 0 || length < 1 || start > in[0].d[axis] - length)
        return "reaches outside of its input";
    s->out = in[0];
    s->out.d[axis] = length;
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const int axis = a->node->attr.axis, inner = blocks_inner(a->out_shape, axis);
    const int part = a->node->attr.length * inner, whole = a->in_shape[0].d[axis] * inner;
    const REAL *x = a->in[0];
    blocks_copy(a->out, part, x + a->node->attr.start * inner, whole, part,
                blocks_outer(a, axis));
}

static void bwd(const dfn_args *a)
{
    const int axis = a->node->attr.axis, inner = blocks_inner(a->out_shape, axis);
    const int part = a->node->attr.length * inner, whole = a->in_shape[0].d[axis] * inner;
    REAL *dx = a->din[0];
    blocks_add(dx + a->node->attr.start * inner, whole, a->dout, part, part,
               blocks_outer(a, axis));
}

const dfn_op OP(op_slice) = {.name = "slice", .infer = infer, .fwd = fwd, .bwd = bwd};
