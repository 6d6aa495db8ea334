/* complex_mul.c - y = a b, or y = a conj(b) with variant 1; element-wise.
 *
 * Writing dz for dL/d(re z) + i dL/d(im z):
 *   a b:        da = dy conj(b)    db = dy conj(a)
 *   a conj(b):  da = dy b          db = conj(dy) a
 *
 * in: two of the same shape {..,2}, which may be the same value. attr: variant */
#include "op/op.h"

#include <string.h>

enum { PLAIN, CONJUGATE };

/* sign is -1 to conjugate b, else 1 */
void OP(complex_mul_fwd)(REAL *restrict y, const REAL *a, const REAL *b, REAL sign,
                         size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL re = b[i], im = sign * b[i + 1];
        y[i] = a[i] * re - a[i + 1] * im;
        y[i + 1] = a[i] * im + a[i + 1] * re;
    }
}

void OP(complex_mul_bwd)(REAL *da, REAL *db, const REAL *restrict dy, const REAL *a,
                         const REAL *b, REAL sign, size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL re = b[i], im = sign * b[i + 1];
        const REAL a_re = dy[i] * re + dy[i + 1] * im;
        const REAL a_im = dy[i + 1] * re - dy[i] * im;
        const REAL b_re = dy[i] * a[i] + dy[i + 1] * a[i + 1];
        const REAL b_im = dy[i + 1] * a[i] - dy[i] * a[i + 1];
        da[i] += a_re;
        da[i + 1] += a_im;
        db[i] += b_re;
        db[i + 1] += sign * b_im;
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 2)
        return "takes two inputs";
    if (memcmp(&in[0], &in[1], sizeof *in) || in[0].d[2] != 2)
        return "the inputs differ in shape or are not complex";
    if (n->attr.variant < PLAIN || n->attr.variant > CONJUGATE)
        return "unknown variant";
    s->out = in[0];
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * 2;
    return NULL;
}

static size_t count(const dfn_args *a)
{
    return (size_t)a->B * (size_t)a->out_shape.t * dfn_shape_frame(a->out_shape) / 2;
}

static REAL sign(const dfn_args *a) { return a->node->attr.variant == CONJUGATE ? -1 : 1; }

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_mul_fwd(a->out, a->in[0], a->in[1], sign(a), count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_mul_bwd(a->din[0], a->din[1], a->dout, a->in[0], a->in[1], sign(a),
                       count(a));
}

const dfn_op OP(op_complex_mul) = {
    .name = "complex_mul", .infer = infer, .fwd = fwd, .bwd = bwd};
