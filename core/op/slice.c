/* slice.c - `length` neighbours along an axis of the frame, from `start` on.
 *
 * attr: axis, start, length */
#include "op/blocks.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int axis = n->attr.axis, start = n->attr.start, length = n->attr.length;
    if (n_in != 1)
        return "takes one input";
    if (axis < 0 || axis > 2)
        return "the axis must be 0, 1 or 2";
    if (start < 0 || length < 1 || start > in[0].d[axis] - length)
        return "reaches outside of its input";
    s->out = in[0];
    s->out.d[axis] = length;
    int rows = B > 1 || in[0].t > 1 ? 2 : 1; /* one, or more than one */
    for (int i = 0; i < axis && rows == 1; i++)
        rows = in[0].d[i];
    s->part = rows == 1;
    s->part_at = (size_t)start * (size_t)blocks_inner(s->out, axis);
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
    dx += a->node->attr.start * inner;
    if (a->fresh[0]) /* other slices write the rest */
        blocks_copy(dx, whole, a->dout, part, part, blocks_outer(a, axis));
    else
        blocks_add(dx, whole, a->dout, part, part, blocks_outer(a, axis));
}

const dfn_op OP(op_slice) = {.name = "slice", .infer = infer, .fwd = fwd, .bwd = bwd};
