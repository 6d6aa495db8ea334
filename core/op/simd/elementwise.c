/* elementwise.c - see op/affine.c, op/add.c, op/mul.c and op/weighted_sum.c for the
 * mathematics. */
#include "op/simd/simd.h"

void SIMD(affine_fwd)(float *restrict y, const float *restrict x, float alpha, float beta,
                      size_t n)
{
    const vf a = vf_set(alpha), b = vf_set(beta);
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(y + i, vf_fma(a, vf_load_some(x + i, n - i), b), n - i);
}

void SIMD(affine_bwd)(float *restrict dx, const float *restrict dy, float alpha, size_t n)
{
    const vf a = vf_set(alpha);
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(dx + i,
                      vf_fma(a, vf_load_some(dy + i, n - i), vf_load_some(dx + i, n - i)),
                      n - i);
}

static inline vf sum(vf a, vf b) { return a + b; }
static inline vf product(vf a, vf b) { return a * b; }

/* y[i] = f(a[i sa], b[i sb]), sa and sb 0 or 1 */
static inline void row(float *restrict y, const float *a, int sa, const float *b, int sb,
                       int n, vf (*f)(vf, vf))
{
    const vf a0 = vf_set(a[0]), b0 = vf_set(b[0]);
    int i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(y + i, f(sa ? vf_load(a + i) : a0, sb ? vf_load(b + i) : b0));
    if (i < n)
        vf_store_part(
            y + i,
            f(sa ? vf_load_part(a + i, n - i) : a0, sb ? vf_load_part(b + i, n - i) : b0),
            n - i);
}

static inline void rows(float *restrict y, const float *a, const float *b, const int *n,
                        const int *sa, const int *sb, vf (*f)(vf, vf))
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, y += n[3])
                row(y, a + t * sa[0] + i * sa[1] + j * sa[2], sa[3],
                    b + t * sb[0] + i * sb[1] + j * sb[2], sb[3], n[3], f);
}

void SIMD(add_fwd)(float *restrict y, const float *a, const float *b, const int *n,
                   const int *sa, const int *sb)
{
    rows(y, a, b, n, sa, sb, sum);
}

void SIMD(mul_fwd)(float *restrict y, const float *a, const float *b, const int *n,
                   const int *sa, const int *sb)
{
    rows(y, a, b, n, sa, sb, product);
}

/* dx[i] += dy[i] other[i so], or their sum where x is one number */
static inline void factor_bwd(float *dx, int s, const float *restrict dy,
                              const float *restrict other, int so, int n)
{
    const vf first = vf_set(other[0]);
    vf total = vf_set(0);
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vf g = vf_load_some(dy + i, m);
        const vf by = so ? vf_load_some(other + i, m) : first;
        if (s)
            vf_store_some(dx + i, vf_fma(g, by, vf_load_some(dx + i, m)), m);
        else
            total = vf_fma(g, by, total);
    }
    if (!s)
        dx[0] += vf_sum(total);
}

void SIMD(mul_bwd)(float *da, float *db, const float *restrict dy, const float *a,
                   const float *b, const int *n, const int *sa, const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, dy += n[3]) {
                const int at_a = t * sa[0] + i * sa[1] + j * sa[2];
                const int at_b = t * sb[0] + i * sb[1] + j * sb[2];
                factor_bwd(da + at_a, sa[3], dy, b + at_b, sb[3], n[3]);
                factor_bwd(db + at_b, sb[3], dy, a + at_a, sa[3], n[3]);
            }
}

static inline void term_bwd(float *dx, int s, const float *restrict dy, int n)
{
    vf total = vf_set(0);
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vf g = vf_load_some(dy + i, m);
        if (s)
            vf_store_some(dx + i, g + vf_load_some(dx + i, m), m);
        else
            total = total + g;
    }
    if (!s)
        dx[0] += vf_sum(total);
}

void SIMD(add_bwd)(float *da, float *db, const float *restrict dy, const int *n,
                   const int *sa, const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, dy += n[3]) {
                term_bwd(da + t * sa[0] + i * sa[1] + j * sa[2], sa[3], dy, n[3]);
                term_bwd(db + t * sb[0] + i * sb[1] + j * sb[2], sb[3], dy, n[3]);
            }
}

void SIMD(weighted_sum_fwd)(float *restrict y, const float *const *x,
                            const float *restrict p, int n_in, size_t n)
{
    for (size_t i = 0; i < n; i += VF) {
        vf s = vf_set(0);
        for (int k = 0; k < n_in; k++)
            s = vf_fma(vf_set(p[k]), vf_load_some(x[k] + i, n - i), s);
        vf_store_some(y + i, s, n - i);
    }
}

void SIMD(weighted_sum_bwd)(float *restrict dx, float *restrict dp,
                            const float *restrict dy, const float *restrict x,
                            const float *restrict p, size_t n)
{
    const vf w = vf_set(p[0]);
    vf dot = vf_set(0);
    for (size_t i = 0; i < n; i += VF) {
        const vf g = vf_load_some(dy + i, n - i);
        vf_store_some(dx + i, vf_fma(w, g, vf_load_some(dx + i, n - i)), n - i);
        dot = vf_fma(g, vf_load_some(x + i, n - i), dot);
    }
    dp[0] += vf_sum(dot);
}
