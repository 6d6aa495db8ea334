/* spectral_error.c - see op/spectral_error.c for the mathematics. */
#include "op/simd/pairs.h"

#define REAL float
#include "op/lanes.h"

static const float smallest2 = 1e-24f; /* squares of magnitudes */
static const float most = 1e12f, phase_most = 1e10f;

/* A number x, its magnitude r and 1 / r, both 0 at 0, and the compressed magnitude m. */
typedef struct polar {
    vc x;
    vf r, inverse, m;
} polar;

static inline polar polar_of(vc x, float g)
{
    polar z = {.x = x};
    const vf r2 = vf_fma(z.x.re, z.x.re, z.x.im * z.x.im), zero = vf_set(0);
    const vm there = vf_gt(r2, zero);
    z.inverse = vf_select(there, vf_inverse_root(vf_max(vf_set(FLT_MIN), r2)), zero);
    z.r = r2 * z.inverse;
    z.m = g < 1 ? vf_power(vf_max(vf_set(smallest2), r2), vf_set(0.5f * g)) : z.r;
    return z;
}

/* x with the magnitude m; m itself where x is 0 */
static inline vc compressed(const polar *z, float g)
{
    if (!(g < 1))
        return z->x;
    const vf scale = z->m * z->inverse;
    const vm there = vf_gt(z->inverse, vf_set(0));
    return (vc){vf_select(there, z->x.re * scale, z->m), z->x.im * scale};
}

/* The gradient of k (|y|^g - b)^2 + c |d|^2 with d the difference of the compressed ones.
 */
static inline vc gradient(const polar *y, float g, vf k, vf over, vf c, vc d)
{
    const vf two = vf_set(2), re = y->x.re * y->inverse, im = y->x.im * y->inverse;
    if (!(g < 1)) {
        const vf pull = two * k * over;
        const vf twice = two * c;
        return (vc){vf_fma(twice, d.re, pull * re), vf_fma(twice, d.im, pull * im)};
    }
    const vf radial = vf_fma(d.re, re, d.im * im), turn = vf_fnma(d.re, im, d.im * re);
    const vf pull = two * vf_fma(k, over, c * radial) * vf_set(g) * (y->m * y->inverse);
    const vf along = vf_select(vf_gt(y->inverse, vf_set(most)), vf_set(0), pull);
    const vf guard = vf_min(y->inverse * y->inverse, vf_set(phase_most));
    const vf across = two * c * turn * (y->m * y->r * guard);
    return (vc){vf_fnma(across, im, along * re), vf_fma(across, re, along * im)};
}

typedef struct sums {
    vf more, less, apart;
} sums;

/* One vector of bins: its errors, and its gradient if `d` is not NULL. */
static inline void add_bins(sums *e, vc *d, vc y, vc s, const float *c, float g)
{
    const polar a = polar_of(y, g), b = polar_of(s, g);
    const vc p = compressed(&a, g), q = compressed(&b, g);
    const vc apart = {p.re - q.re, p.im - q.im};
    const vf zero = vf_set(0), over = a.m - b.m, square = over * over;
    const vm below = vf_gt(zero, over);
    e->more = e->more + vf_select(below, zero, square);
    e->less = e->less + vf_select(below, square, zero);
    e->apart = e->apart + vf_fma(apart.re, apart.re, apart.im * apart.im);
    if (d)
        *d = gradient(&a, g, vf_select(below, vf_set(c[1]), vf_set(c[0])), over,
                      vf_set(c[2]), apart);
}

static inline void sums_end(float *e, const sums *of)
{
    e[0] = vf_sum(of->more);
    e[1] = vf_sum(of->less);
    e[2] = vf_sum(of->apart);
}

void SIMD(spectral_error)(float *restrict e, float *restrict dy, const float *restrict y,
                          const float *restrict s, const float *restrict c, float g,
                          size_t n)
{
    sums sum = {vf_set(0), vf_set(0), vf_set(0)};
    for (size_t i = 0; i < n; i += VF) {
        const size_t left = n - i;
        vc d;
        add_bins(&sum, dy ? &d : NULL, vc_load(y + 2 * i, left), vc_load(s + 2 * i, left),
                 c, g);
        if (dy)
            vc_add_to(dy + 2 * i, d, left);
    }
    sums_end(e, &sum);
}

static inline void bin(sums *e, cx *d, cx y, cx s, const float *c, float g)
{
    vc slope;
    add_bins(e, &slope, (vc){y.re, y.im}, (vc){s.re, s.im}, c, g);
    *d = (cx){slope.re, slope.im};
}

#include "op/lanes_error.h"

void SIMD(lanes_error)(float *restrict e, float *restrict y, const float *restrict s,
                       const int *place, const float *w, const float *c, float g, int n,
                       int bins, bool grad)
{
    sums sum = {vf_set(0), vf_set(0), vf_set(0)};
    lanes_compare(&sum, &(lanes_pair){y, s, place, w, c, g, n, bins, grad});
    sums_end(e, &sum);
}
