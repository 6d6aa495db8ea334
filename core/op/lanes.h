/* lanes.h - transforms of 16 frames of a signal at once, one in each lane: numbers of the
 * frames lie side by side, x[i][lane], complex ones x[i][2][lane], and no lane needs
 * another's. Written over a vector type, which is a number in portable C.
 *
 * A transform of n complex numbers is one pass for each factor R of n, in place (decimation
 * in frequency): of each block of m R numbers,
 *
 *   y[p + r m] = w^(p r) sum_k x[p + k m] exp(-2 pi j k r / R),  w = exp(-2 pi j / (m R))
 *
 * for p < m; m = n / R at first, and the next pass has blocks of m. In the end, number
 * r1 + R1 (r2 + R2 (r3 ..)) of the transform lies in r1 n / R1 + r2 n / (R1 R2) + .. (its
 * `place`). The transform is its own transpose: the passes' transposes, the last one first,
 * take numbers in their places to the transform in natural order ("back"). Exchanging real
 * and imaginary parts before and after inverts it.
 *
 * 2n real numbers are n complex ones, z[i] = x[2i] + j x[2i+1]; with w = exp(-pi j / n),
 *
 *   X[k] = (Z[k] + Z[n-k]*) / 2 - j w^k (Z[k] - Z[n-k]*) / 2      (split)
 *
 * and the transpose of all that takes G = dL/dX to the exchanged transform of (join)
 *
 *   Z[k] = (G[k] + G[n-k]*) / 2 + j w^-k (G[k] - G[n-k]*) / 2,  Z[0] = re G[0] + re G[n]
 *                                                               + j (re G[0] - re G[n])
 */
#ifndef DFN_LANES_H
#define DFN_LANES_H

/* in: vf, VF, vf_set, vf_load, vf_store, vf_fma, vf_fnma, and REAL for the numbers */
enum { ROW = 2 * DFN_LANES /* from one complex number to the next */, RADIX_MAX = 8 };

#ifndef SIMD_UNROLL
#    define SIMD_UNROLL /* simd.h has it */
#endif

typedef struct cx {
    vf re, im;
} cx;

static inline cx cx_load(const REAL *x) { return (cx){vf_load(x), vf_load(x + DFN_LANES)}; }
static inline void cx_store(REAL *y, cx z)
{
    vf_store(y, z.re);
    vf_store(y + DFN_LANES, z.im);
}
static inline cx cx_add(cx a, cx b) { return (cx){a.re + b.re, a.im + b.im}; }
static inline cx cx_sub(cx a, cx b) { return (cx){a.re - b.re, a.im - b.im}; }
/* a + s b, a - j s b */
static inline cx cx_fma(vf s, cx b, cx a)
{
    return (cx){vf_fma(s, b.re, a.re), vf_fma(s, b.im, a.im)};
}
static inline cx cx_turn(vf s, cx b, cx a)
{
    return (cx){vf_fma(s, b.im, a.re), vf_fnma(s, b.re, a.im)};
}
static inline cx cx_mul(cx a, const REAL *w)
{
    const vf re = vf_set(w[0]), im = vf_set(w[1]);
    return (cx){vf_fnma(a.im, im, a.re * re), vf_fma(a.re, im, a.im * re)};
}

/* y = transform of x, of R numbers */
static inline void dft2(cx *y, const cx *x)
{
    y[0] = cx_add(x[0], x[1]);
    y[1] = cx_sub(x[0], x[1]);
}

static inline void dft3(cx *y, const cx *x)
{
    const vf half = vf_set((REAL)-0.5), sine = vf_set((REAL)0.86602540378443864676);
    const cx sum = cx_add(x[1], x[2]), even = cx_fma(half, sum, x[0]);
    const cx odd = cx_sub(x[1], x[2]);
    y[0] = cx_add(x[0], sum);
    y[1] = cx_turn(sine, odd, even);
    y[2] = cx_turn(vf_set(0) - sine, odd, even);
}

static inline void dft4(cx *y, const cx *x)
{
    const cx ac = cx_add(x[0], x[2]), bd = cx_add(x[1], x[3]);
    const cx a_c = cx_sub(x[0], x[2]), b_d = cx_sub(x[1], x[3]);
    y[0] = cx_add(ac, bd);
    y[1] = (cx){a_c.re + b_d.im, a_c.im - b_d.re};
    y[2] = cx_sub(ac, bd);
    y[3] = (cx){a_c.re - b_d.im, a_c.im + b_d.re};
}

static inline void dft5(cx *y, const cx *x)
{
    const vf c1 = vf_set((REAL)0.30901699437494742410);
    const vf c2 = vf_set((REAL)-0.80901699437494742410);
    const vf s1 = vf_set((REAL)0.95105651629515357212);
    const vf s2 = vf_set((REAL)0.58778525229247312917), s1_ = vf_set(0) - s1;
    const cx be = cx_add(x[1], x[4]), cd = cx_add(x[2], x[3]);
    const cx b_e = cx_sub(x[1], x[4]), c_d = cx_sub(x[2], x[3]);
    const cx even1 = cx_fma(c2, cd, cx_fma(c1, be, x[0]));
    const cx even2 = cx_fma(c1, cd, cx_fma(c2, be, x[0]));
    const cx zero = {vf_set(0), vf_set(0)};
    const cx odd1 = cx_fma(s2, c_d, cx_fma(s1, b_e, zero));
    const cx odd2 = cx_fma(s1_, c_d, cx_fma(s2, b_e, zero));
    const vf one = vf_set(1), less = vf_set(-1);
    y[0] = cx_add(x[0], cx_add(be, cd));
    y[1] = cx_turn(one, odd1, even1);
    y[2] = cx_turn(one, odd2, even2);
    y[3] = cx_turn(less, odd2, even2);
    y[4] = cx_turn(less, odd1, even1);
}

/* Even and odd numbers, the latter turned by (1 - j) / sqrt 2 each step. */
static inline void dft8(cx *y, const cx *x)
{
    const cx even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
    const vf h = vf_set((REAL)0.70710678118654752440), one = vf_set(1);
    const vf h_ = vf_set(0) - h, less = vf_set(-1);
    cx a[4], b[4];
    dft4(a, even);
    dft4(b, odd);
    const cx b1 = {b[1].re + b[1].im, b[1].im - b[1].re};
    const cx b3 = {b[3].im - b[3].re, vf_set(0) - (b[3].re + b[3].im)};
    y[0] = cx_add(a[0], b[0]);
    y[1] = cx_fma(h, b1, a[1]);
    y[2] = cx_turn(one, b[2], a[2]);
    y[3] = cx_fma(h, b3, a[3]);
    y[4] = cx_sub(a[0], b[0]);
    y[5] = cx_fma(h_, b1, a[1]);
    y[6] = cx_turn(less, b[2], a[2]);
    y[7] = cx_fma(h_, b3, a[3]);
}

/* One pass of `blocks` blocks, or its transpose; w[m][R - 1] complex. */
static inline __attribute__((always_inline)) void
lanes_blocks(REAL *x, const REAL *w, void (*dft)(cx *, const cx *), const int R, int m,
             int blocks, const bool back)
{
    const size_t far = (size_t)m * ROW;
    for (int i = 0; i < blocks; i++, x += (size_t)R * far)
        for (int p = 0; p < m; p++)
            for (int j = 0; j < DFN_LANES; j += VF) {
                REAL *at = x + p * ROW + j;
                const REAL *turn = w + p * 2 * (R - 1) - 2;
                cx a[RADIX_MAX], y[RADIX_MAX];
                SIMD_UNROLL for (int k = 0; k < R; k++)
                {
                    a[k] = cx_load(at + (size_t)k * far);
                    if (back && k)
                        a[k] = cx_mul(a[k], turn + 2 * k);
                }
                dft(y, a);
                SIMD_UNROLL for (int k = 0; k < R; k++) cx_store(
                    at + (size_t)k * far, back || !k ? y[k] : cx_mul(y[k], turn + 2 * k));
            }
}

static inline __attribute__((always_inline)) void
lanes_any_pass(REAL *x, const REAL *w, int radix, int m, int blocks, const bool back)
{
    switch (radix) {
    case 2: lanes_blocks(x, w, dft2, 2, m, blocks, back); break;
    case 3: lanes_blocks(x, w, dft3, 3, m, blocks, back); break;
    case 4: lanes_blocks(x, w, dft4, 4, m, blocks, back); break;
    case 5: lanes_blocks(x, w, dft5, 5, m, blocks, back); break;
    default: lanes_blocks(x, w, dft8, 8, m, blocks, back); break;
    }
}

/* Numbers k and n - k of the spectrum from those of the complex transform, 0 < k <= n / 2;
 * w = exp(-pi j k / n). */
static inline void lanes_split(cx *up, cx *down, cx a, cx b, const REAL *w)
{
    const vf half = vf_set((REAL)0.5);
    const cx even = {half * (a.re + b.re), half * (a.im - b.im)};
    const cx odd = {half * (a.im + b.im), half * (b.re - a.re)};
    const cx t = cx_mul(odd, w), last = cx_sub(even, t);
    *down = (cx){last.re, vf_set(0) - last.im};
    *up = cx_add(even, t);
}

/* The transpose, with real and imaginary parts exchanged. */
static inline void lanes_join(cx *up, cx *down, cx a, cx b, const REAL *w)
{
    const vf half = vf_set((REAL)0.5);
    const REAL back[2] = {w[0], -w[1]};
    const cx even = {half * (a.re + b.re), half * (a.im - b.im)};
    const cx odd = {half * (a.re - b.re), half * (a.im + b.im)};
    const cx t = cx_mul(odd, back); /* j t and j t* */
    *down = (cx){t.re - even.im, even.re + t.im};
    *up = (cx){even.im + t.re, even.re - t.im};
}

#endif
