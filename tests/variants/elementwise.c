#include "variants.h"

/* alpha x + beta: two roundings, or one */
void variant_affine_fwd(const variant *v)
{
    const double alpha = 1.25, beta = -0.375;
    for (int s = 0; s < VARIANT_SIZES; s++) {
        const size_t n = (size_t)variant_sizes[s];
        pair x = pair_new(n, 8, 1), y = pair_new(n, 1, 2);
        double bound[VARIANT_MAX];
        for (size_t i = 0; i < n; i++)
            bound[i] = (double)FLT_EPSILON * (fabs(alpha * x.d[i]) + fabs(beta));
        v->k.affine_fwd(y.f, x.f, (float)alpha, (float)beta, n);
        dfn_affine_fwd_f64(y.d, x.d, alpha, beta, n);
        pair_check(v, "affine", &y, bound);
        pair_free(&x);
        pair_free(&y);
    }
}
