/* activation.c - see op/activation.c for the mathematics. One loop per function, so that
 * nothing is decided inside. */
#include "op/simd/math.h"

static inline vf relu(vf x, vf alpha)
{
    (void)alpha;
    return vf_max(vf_set(0), x); /* NaN stays */
}
static inline vf leaky_relu(vf x, vf alpha)
{
    return vf_select(vf_gt(x, vf_set(0)), x, alpha * x);
}
static inline vf gelu(vf x, vf alpha) { return (void)alpha, vf_gelu(x); }
static inline vf silu(vf x, vf alpha) { return (void)alpha, vf_silu(x); }
static inline vf sigmoid(vf x, vf alpha) { return (void)alpha, vf_sigmoid(x); }
static inline vf tangent(vf x, vf alpha) { return (void)alpha, vf_tanh(x); }
static inline vf softplus(vf x, vf alpha) { return (void)alpha, vf_softplus(x); }
static inline vf same(vf x, vf alpha) { return (void)alpha, x; }

static inline void map(float *y, const float *x, float alpha, size_t n, vf (*f)(vf, vf))
{
    const vf a = vf_set(alpha);
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(y + i, f(vf_load_some(x + i, n - i), a), n - i);
}

void SIMD(activation_fwd)(float *y, const float *x, dfn_activation act, float alpha,
                          size_t n)
{
    switch (act) {
    case DFN_ACT_RELU: map(y, x, alpha, n, relu); break;
    case DFN_ACT_LEAKY_RELU: map(y, x, alpha, n, leaky_relu); break;
    case DFN_ACT_GELU: map(y, x, alpha, n, gelu); break;
    case DFN_ACT_SILU: map(y, x, alpha, n, silu); break;
    case DFN_ACT_SIGMOID: map(y, x, alpha, n, sigmoid); break;
    case DFN_ACT_TANH: map(y, x, alpha, n, tangent); break;
    case DFN_ACT_SOFTPLUS: map(y, x, alpha, n, softplus); break;
    case DFN_ACT_NONE:
    case DFN_ACT_COUNT: map(y, x, alpha, n, same); break;
    }
}

/* Slopes, of x or of y: see op/activation.c. */

static inline vf relu_slope(vf x, vf y, vf alpha)
{
    (void)y, (void)alpha;
    return vf_select(vf_gt(x, vf_set(0)), vf_set(1), vf_set(0));
}
static inline vf leaky_relu_slope(vf x, vf y, vf alpha)
{
    (void)y;
    return vf_select(vf_gt(x, vf_set(0)), vf_set(1), alpha);
}
static inline vf gelu_slope(vf x, vf y, vf alpha)
{
    (void)y, (void)alpha;
    const vf bell = vf_bell(x), tail = vf_tail(x, bell);
    const vf cdf = vf_select(vf_gt(x, vf_set(0)), vf_set(1) - tail, tail);
    return vf_fma(x * vf_set(0.398942280f), bell, cdf);
}
/* s (1 + x (1 - s)) with s = 1 / (1 + e), 1 - s = e / (1 + e), e = exp(-|x|): for the
 * negative half, s and 1 - s change places */
static inline vf silu_slope(vf x, vf y, vf alpha)
{
    (void)y, (void)alpha;
    const vf one = vf_set(1), e = vf_exp(vf_set(0) - vf_abs(x)), d = one / (one + e);
    const vm up = vf_gt(x, vf_set(0));
    const vf s = vf_select(up, d, e * d), other = vf_select(up, e * d, d);
    return s * vf_fma(x, other, one);
}
static inline vf sigmoid_slope(vf x, vf y, vf alpha)
{
    (void)y, (void)alpha;
    const vf one = vf_set(1), e = vf_exp(vf_set(0) - vf_abs(x)), d = one / (one + e);
    return e * d * d;
}
static inline vf tangent_slope(vf x, vf y, vf alpha)
{
    (void)x, (void)alpha;
    return vf_fnma(y, y, vf_set(1));
}
static inline vf softplus_slope(vf x, vf y, vf alpha)
{
    (void)y, (void)alpha;
    return vf_select(vf_gt(x, vf_set(20)), vf_set(1), vf_sigmoid(x));
}
static inline vf same_slope(vf x, vf y, vf alpha)
{
    (void)x, (void)y, (void)alpha;
    return vf_set(1);
}

static inline __attribute__((always_inline)) void map_bwd(float *dx, const float *dy,
                                                          const float *x, const float *y,
                                                          float alpha, bool add, size_t n,
                                                          vf (*f)(vf, vf, vf))
{
    const vf a = vf_set(alpha);
    for (size_t i = 0; i < n; i += VF) {
        const size_t m = n - i;
        const vf slope = f(vf_load_some(x + i, m), vf_load_some(y + i, m), a);
        const vf old = add ? vf_load_some(dx + i, m) : vf_set(0);
        vf_store_some(dx + i, vf_fma(vf_load_some(dy + i, m), slope, old), m);
    }
}

static inline __attribute__((always_inline)) void
choose_bwd(float *dx, const float *dy, const float *x, const float *y, dfn_activation act,
           float alpha, bool add, size_t n)
{
    switch (act) {
    case DFN_ACT_RELU: map_bwd(dx, dy, x, y, alpha, add, n, relu_slope); break;
    case DFN_ACT_LEAKY_RELU: map_bwd(dx, dy, x, y, alpha, add, n, leaky_relu_slope); break;
    case DFN_ACT_GELU: map_bwd(dx, dy, x, y, alpha, add, n, gelu_slope); break;
    case DFN_ACT_SILU: map_bwd(dx, dy, x, y, alpha, add, n, silu_slope); break;
    case DFN_ACT_SIGMOID: map_bwd(dx, dy, x, y, alpha, add, n, sigmoid_slope); break;
    case DFN_ACT_TANH: map_bwd(dx, dy, x, y, alpha, add, n, tangent_slope); break;
    case DFN_ACT_SOFTPLUS: map_bwd(dx, dy, x, y, alpha, add, n, softplus_slope); break;
    case DFN_ACT_NONE:
    case DFN_ACT_COUNT: map_bwd(dx, dy, x, y, alpha, add, n, same_slope); break;
    }
}

void SIMD(activation_bwd)(float *dx, const float *dy, const float *x, const float *y,
                          dfn_activation act, float alpha, bool add, size_t n)
{
    if (add)
        choose_bwd(dx, dy, x, y, act, alpha, true, n);
    else
        choose_bwd(dx, dy, x, y, act, alpha, false, n);
}
