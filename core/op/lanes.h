/* lanes.h - transforms of 16 frames of a signal at once, one in each lane: numbers of the
 * frames lie side by side, x[i][lane], complex ones x[i][2][lane], and no lane needs
 * another's. Written over a vector type, which is a number in portable C.
 *
 * A transform of n complex numbers is one pass for each factor R of n (Stockham, decimation
 * in frequency), from array to array, in natural order at the end:
 *
 *   y[q + s (R p + r)] = w^(p r) sum_k x[q + s (p + k m)] exp(-2 pi j k r / R)
 *
 * with w = exp(-2 pi j / (m R)), q < s, p < m; s = 1 and m = n / R at first, then s grows
 * by R and m shrinks. Exchanging real and imaginary parts before and after inverts it.
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
enum { ROW = 2 * DFN_LANES }; /* from one complex number to the next */

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

static inline void lanes_pass2(REAL *restrict y, const REAL *restrict x,
                               const REAL *restrict w, int m, int s)
{
    const size_t far = (size_t)m * (size_t)s * ROW, out = (size_t)s * ROW;
    for (int p = 0; p < m; p++, w += 2, y += out)
        for (int q = 0; q < s; q++, x += ROW, y += ROW)
            for (int j = 0; j < DFN_LANES; j += VF) {
                const cx a = cx_load(x + j), b = cx_load(x + far + j);
                cx_store(y + j, cx_add(a, b));
                cx_store(y + out + j, cx_mul(cx_sub(a, b), w));
            }
}

static inline void lanes_pass3(REAL *restrict y, const REAL *restrict x,
                               const REAL *restrict w, int m, int s)
{
    const size_t far = (size_t)m * (size_t)s * ROW, out = (size_t)s * ROW;
    const vf half = vf_set((REAL)-0.5), sine = vf_set((REAL)0.86602540378443864676);
    for (int p = 0; p < m; p++, w += 4, y += 2 * out)
        for (int q = 0; q < s; q++, x += ROW, y += ROW)
            for (int j = 0; j < DFN_LANES; j += VF) {
                const cx a = cx_load(x + j), b = cx_load(x + far + j);
                const cx c = cx_load(x + 2 * far + j), sum = cx_add(b, c);
                const cx even = cx_fma(half, sum, a), odd = cx_sub(b, c);
                cx_store(y + j, cx_add(a, sum));
                cx_store(y + out + j, cx_mul(cx_turn(sine, odd, even), w));
                cx_store(y + 2 * out + j,
                         cx_mul(cx_turn(vf_set(0) - sine, odd, even), w + 2));
            }
}

static inline void lanes_pass4(REAL *restrict y, const REAL *restrict x,
                               const REAL *restrict w, int m, int s)
{
    const size_t far = (size_t)m * (size_t)s * ROW, out = (size_t)s * ROW;
    for (int p = 0; p < m; p++, w += 6, y += 3 * out)
        for (int q = 0; q < s; q++, x += ROW, y += ROW)
            for (int j = 0; j < DFN_LANES; j += VF) {
                const cx a = cx_load(x + j), b = cx_load(x + far + j);
                const cx c = cx_load(x + 2 * far + j), d = cx_load(x + 3 * far + j);
                const cx ac = cx_add(a, c), bd = cx_add(b, d);
                const cx a_c = cx_sub(a, c), b_d = cx_sub(b, d);
                const cx first = {a_c.re + b_d.im, a_c.im - b_d.re};
                const cx third = {a_c.re - b_d.im, a_c.im + b_d.re};
                cx_store(y + j, cx_add(ac, bd));
                cx_store(y + out + j, cx_mul(first, w));
                cx_store(y + 2 * out + j, cx_mul(cx_sub(ac, bd), w + 2));
                cx_store(y + 3 * out + j, cx_mul(third, w + 4));
            }
}

static inline void lanes_pass5(REAL *restrict y, const REAL *restrict x,
                               const REAL *restrict w, int m, int s)
{
    const size_t far = (size_t)m * (size_t)s * ROW, out = (size_t)s * ROW;
    const vf c1 = vf_set((REAL)0.30901699437494742410);
    const vf c2 = vf_set((REAL)-0.80901699437494742410);
    const vf s1 = vf_set((REAL)0.95105651629515357212);
    const vf s2 = vf_set((REAL)0.58778525229247312917), s1_ = vf_set(0) - s1;
    for (int p = 0; p < m; p++, w += 8, y += 4 * out)
        for (int q = 0; q < s; q++, x += ROW, y += ROW)
            for (int j = 0; j < DFN_LANES; j += VF) {
                const cx a = cx_load(x + j), b = cx_load(x + far + j);
                const cx c = cx_load(x + 2 * far + j), d = cx_load(x + 3 * far + j);
                const cx e = cx_load(x + 4 * far + j);
                const cx be = cx_add(b, e), cd = cx_add(c, d);
                const cx b_e = cx_sub(b, e), c_d = cx_sub(c, d);
                const cx even1 = cx_fma(c2, cd, cx_fma(c1, be, a));
                const cx even2 = cx_fma(c1, cd, cx_fma(c2, be, a));
                const cx zero = {vf_set(0), vf_set(0)};
                const cx odd1 = cx_fma(s2, c_d, cx_fma(s1, b_e, zero));
                const cx odd2 = cx_fma(s1_, c_d, cx_fma(s2, b_e, zero));
                const vf one = vf_set(1), less = vf_set(-1);
                cx_store(y + j, cx_add(a, cx_add(be, cd)));
                cx_store(y + out + j, cx_mul(cx_turn(one, odd1, even1), w));
                cx_store(y + 2 * out + j, cx_mul(cx_turn(one, odd2, even2), w + 2));
                cx_store(y + 3 * out + j, cx_mul(cx_turn(less, odd2, even2), w + 4));
                cx_store(y + 4 * out + j, cx_mul(cx_turn(less, odd1, even1), w + 6));
            }
}

static inline void lanes_any_pass(REAL *restrict y, const REAL *restrict x,
                                  const REAL *restrict w, int radix, int m, int s)
{
    switch (radix) {
    case 2: lanes_pass2(y, x, w, m, s); break;
    case 3: lanes_pass3(y, x, w, m, s); break;
    case 4: lanes_pass4(y, x, w, m, s); break;
    default: lanes_pass5(y, x, w, m, s); break;
    }
}

/* Rows k and n - k at once, in place; w[k] = exp(-pi j k / n), k <= n / 2. */
static inline void lanes_split_rows(REAL *z, const REAL *w, int n)
{
    const vf half = vf_set((REAL)0.5);
    for (int j = 0; j < DFN_LANES; j += VF) {
        const cx a = cx_load(z + j);
        cx_store(z + j, (cx){a.re + a.im, vf_set(0)});
        cx_store(z + (size_t)n * ROW + j, (cx){a.re - a.im, vf_set(0)});
    }
    for (int k = 1; k <= n / 2; k++) {
        REAL *up = z + (size_t)k * ROW, *down = z + (size_t)(n - k) * ROW;
        for (int j = 0; j < DFN_LANES; j += VF) {
            const cx a = cx_load(up + j), b = cx_load(down + j);
            const cx even = {half * (a.re + b.re), half * (a.im - b.im)};
            const cx odd = {half * (a.im + b.im), half * (b.re - a.re)};
            const cx t = cx_mul(odd, w + 2 * k), last = cx_sub(even, t);
            cx_store(down + j, (cx){last.re, vf_set(0) - last.im});
            cx_store(up + j, cx_add(even, t));
        }
    }
}

/* The same for the transpose; the result has its real and imaginary parts exchanged. */
static inline void lanes_join_rows(REAL *z, const REAL *w, int n)
{
    const vf half = vf_set((REAL)0.5);
    for (int j = 0; j < DFN_LANES; j += VF) {
        const vf a = vf_load(z + j), b = vf_load(z + (size_t)n * ROW + j);
        cx_store(z + j, (cx){a - b, a + b});
    }
    for (int k = 1; k <= n / 2; k++) {
        const REAL back[2] = {w[2 * k], -w[2 * k + 1]};
        REAL *up = z + (size_t)k * ROW, *down = z + (size_t)(n - k) * ROW;
        for (int j = 0; j < DFN_LANES; j += VF) {
            const cx a = cx_load(up + j), b = cx_load(down + j);
            const cx even = {half * (a.re + b.re), half * (a.im - b.im)};
            const cx odd = {half * (a.re - b.re), half * (a.im + b.im)};
            const cx t = cx_mul(odd, back); /* j t and j t* */
            cx_store(down + j, (cx){t.re - even.im, even.re + t.im});
            cx_store(up + j, (cx){even.im + t.re, even.re - t.im});
        }
    }
}

#endif
