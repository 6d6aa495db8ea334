/* reshape.c - the numbers of a frame under other sizes, in the same order and memory.
 *
 * attr: dims */
#include "op/op.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    size_t rest = dfn_shape_frame(in[0]);
    if (n_in != 1)
        return "takes one input";
    for (int i = 0; i < 3; i++) { /* by division: a product could overflow */
        if (n->attr.dims[i] < 1 || rest % (size_t)n->attr.dims[i])
            return "the new sizes do not hold the numbers of a frame";
        rest /= (size_t)n->attr.dims[i];
        s->out.d[i] = n->attr.dims[i];
    }
    if (rest != 1)
        return "the new sizes do not hold the numbers of a frame";
    s->out.t = in[0].t;
    s->view = true;
    return NULL;
}

const dfn_op OP(op_reshape) = {.name = "reshape", .infer = infer};
