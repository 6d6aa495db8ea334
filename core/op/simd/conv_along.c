/* conv_along.c - see op/conv_along.c for the mathematics. Vectors run along the outputs of
 * a group, or, where two groups fit into one vector, along those of both. */
#include "op/simd/simd.h"

enum { ROWS = 8, HALF = VF / 2, GROUP = 5 /* gradients that share a load of x */ };

typedef struct sizes {
    int F, G, I, O, kt;
    bool add;
} sizes;

#if defined(DFN_SIMD_AVX512)

/* Two groups whose vectors' halves are filled with `wide` numbers, made of `many` each. */
static inline bool paired(int G, int wide, int many)
{
    return G == 2 && wide <= HALF && many <= VF;
}

/* n numbers each, in the lower half and in the upper one */
static inline vf load_pair(const float *lo, const float *hi, int n)
{
    return _mm512_insertf32x8(vf_load_part(lo, n),
                              _mm512_castps512_ps256(vf_load_part(hi, n)), 1);
}

static inline void store_pair(float *lo, float *hi, vf x, int n)
{
    vf_store_part(lo, x, n);
    vf_store_part(hi, _mm512_shuffle_f32x4(x, x, 0x4e), n);
}

/* A row of two groups of n numbers. */
typedef struct row {
    vf lo, hi;
} row;

static inline __attribute__((always_inline)) row load_row(const float *x, const int n)
{
    const bool two = 2 * n > VF;
    return (row){vf_load_some(x, (size_t)(2 * n)),
                 two ? vf_load_some(x + VF, (size_t)(2 * n - VF)) : vf_set(0)};
}

/* Number i of the first group in the lower half, of the second one in the upper one. */
static inline __attribute__((always_inline)) vf number(row x, int i, const int n)
{
    const __m512i at =
        _mm512_inserti32x8(_mm512_set1_epi32(i), _mm256_set1_epi32(n + i), 1);
    return 2 * n > VF ? _mm512_permutex2var_ps(x.lo, at, x.hi)
                      : _mm512_permutexvar_ps(at, x.lo);
}

/* R rows from f on, both groups at once; I as in s. */
static inline __attribute__((always_inline)) void pair_rows(float *y, const float *const *x,
                                                            const float *w, const float *b,
                                                            const sizes *s, int f,
                                                            const int I, const int R)
{
    const int O = s->O;
    vf sum[ROWS];
    y += f * 2 * O;
    SIMD_UNROLL for (int r = 0; r < R; r++)
    {
        sum[r] = b ? load_pair(b, b + O, O) : vf_set(0);
        if (s->add)
            sum[r] = sum[r] + load_pair(y + r * 2 * O, y + r * 2 * O + O, O);
    }
    for (int d = 0; d < s->kt; d++, w += I * 2 * O) {
        row xd[ROWS];
        if (!x[d])
            continue;
        SIMD_UNROLL for (int r = 0; r < R; r++) xd[r] = load_row(x[d] + (f + r) * 2 * I, I);
        SIMD_UNROLL for (int i = 0; i < I; i++)
        {
            const vf wi = load_pair(w + i * 2 * O, w + i * 2 * O + O, O);
            SIMD_UNROLL for (int r = 0; r < R; r++) sum[r] =
                vf_fma(number(xd[r], i, I), wi, sum[r]);
        }
    }
    SIMD_UNROLL for (int r = 0; r < R; r++)
        store_pair(y + r * 2 * O, y + r * 2 * O + O, sum[r], O);
}

static inline __attribute__((always_inline)) void pair_frame(float *y,
                                                             const float *const *x,
                                                             const float *w, const float *b,
                                                             const sizes *s, const int I)
{
    int f = 0;
    for (; f + ROWS <= s->F; f += ROWS)
        pair_rows(y, x, w, b, s, f, I, ROWS);
    for (; f < s->F; f++)
        pair_rows(y, x, w, b, s, f, I, 1);
}

/* For the sizes of our networks, as constants; false for others. */
static bool pair_fwd(float *y, const float *const *x, const float *w, const float *b,
                     const sizes *s)
{
    switch (paired(s->G, s->O, s->I) ? s->I : 0) {
    case 5: pair_frame(y, x, w, b, s, 5); return true;
    case 8: pair_frame(y, x, w, b, s, 8); return true;
    case 16: pair_frame(y, x, w, b, s, 16); return true;
    default: return false;
    }
}

/* Gradients of n outputs from `o` on, of one tap and both groups. */
static inline __attribute__((always_inline)) void
pair_sums(float *dw, const float *dy, const float *x, const sizes *s, int o, const int n)
{
    const int I = s->I, O = s->O;
    vf sum[GROUP];
    SIMD_UNROLL for (int k = 0; k < n; k++) sum[k] = vf_set(0);
    for (int f = 0; f < s->F; f++, x += 2 * I, dy += 2 * O) {
        const vf xf = I == HALF ? vf_load(x) : load_pair(x, x + I, I);
        const row slope = load_row(dy, O);
        SIMD_UNROLL for (int k = 0; k < n; k++) sum[k] =
            vf_fma(number(slope, o + k, O), xf, sum[k]);
    }
    SIMD_UNROLL for (int k = 0; k < n; k++)
    {
        float *to = dw + (o + k) * 2 * I;
        store_pair(to, to + I, sum[k] + load_pair(to, to + I, I), I);
    }
}

static bool pair_dw(float *dw, const float *dy, const float *const *x, const sizes *s)
{
    if (!paired(s->G, s->I, s->O))
        return false;
    for (int d = 0; d < s->kt; d++, dw += s->O * 2 * s->I) {
        int o = 0;
        for (; x[d] && o + GROUP <= s->O; o += GROUP)
            pair_sums(dw, dy, x[d], s, o, GROUP);
        for (; x[d] && o < s->O; o++)
            pair_sums(dw, dy, x[d], s, o, 1);
    }
    return true;
}

#else

static bool pair_fwd(float *y, const float *const *x, const float *w, const float *b,
                     const sizes *s)
{
    (void)y, (void)x, (void)w, (void)b, (void)s;
    return false;
}
static bool pair_dw(float *dw, const float *dy, const float *const *x, const sizes *s)
{
    (void)dw, (void)dy, (void)x, (void)s;
    return false;
}

#endif

/* Outputs from o on of group g, `rest` of them or a whole vector, of R rows from f on;
 * `in`: G I. */
static inline __attribute__((always_inline)) void
group_rows(float *y, const float *const *x, const float *w, const float *b, const sizes *s,
           int f, int g, int o, const int in, const int R)
{
    const int I = s->I, out = s->G * s->O, at = g * s->O + o;
    const size_t rest = (size_t)(s->O - o);
    vf sum[ROWS];
    y += f * out + at;
    SIMD_UNROLL for (int r = 0; r < R; r++)
    {
        sum[r] = b ? vf_load_some(b + at, rest) : vf_set(0);
        if (s->add)
            sum[r] = sum[r] + vf_load_some(y + r * out, rest);
    }
    for (int d = 0; d < s->kt; d++) {
        const float *xi = x[d] ? x[d] + f * in + g * I : NULL, *end = xi ? xi + I : NULL;
        for (const float *wi = w + d * I * out + at; xi < end; xi++, wi += out) {
            const vf wide = vf_load_some(wi, rest);
            SIMD_UNROLL for (int r = 0; r < R; r++) sum[r] =
                vf_fma(vf_set(xi[r * in]), wide, sum[r]);
        }
    }
    SIMD_UNROLL for (int r = 0; r < R; r++) vf_store_some(y + r * out, sum[r], rest);
}

static inline __attribute__((always_inline)) void
group_frame(float *y, const float *const *x, const float *w, const float *b, const sizes *s,
            const int in)
{
    for (int g = 0; g < s->G; g++)
        for (int o = 0; o < s->O; o += VF) {
            int f = 0;
            for (; f + ROWS <= s->F; f += ROWS)
                group_rows(y, x, w, b, s, f, g, o, in, ROWS);
            for (; f < s->F; f++)
                group_rows(y, x, w, b, s, f, g, o, in, 1);
        }
}

void SIMD(conv_along_fwd)(float *restrict y, const float *const *x, const float *restrict w,
                          const float *restrict b, int F, int G, int I, int O, int kt,
                          bool add)
{
    const sizes s = {F, G, I, O, kt, add};
    if (pair_fwd(y, x, w, b, &s))
        return;
    if (G * I == 10)
        group_frame(y, x, w, b, &s, 10);
    else if (G * I == 16)
        group_frame(y, x, w, b, &s, 16);
    else
        group_frame(y, x, w, b, &s, G * I);
}

/* Gradients of n outputs from `o` on, of one tap and a vector of a group's channels. */
static inline __attribute__((always_inline)) void group_sums(float *dw, const float *dy,
                                                             const float *x, const sizes *s,
                                                             int g, int i, int o,
                                                             const int n)
{
    const int in = s->G * s->I, out = s->G * s->O;
    const size_t rest = (size_t)(s->I - i);
    vf sum[GROUP];
    SIMD_UNROLL for (int k = 0; k < n; k++) sum[k] = vf_set(0);
    x += g * s->I + i;
    dy += g * s->O + o;
    for (int f = 0; f < s->F; f++, x += in, dy += out) {
        const vf xf = vf_load_some(x, rest);
        SIMD_UNROLL for (int k = 0; k < n; k++) sum[k] = vf_fma(vf_set(dy[k]), xf, sum[k]);
    }
    SIMD_UNROLL for (int k = 0; k < n; k++)
    {
        float *to = dw + (o + k) * in + g * s->I + i;
        vf_store_some(to, sum[k] + vf_load_some(to, rest), rest);
    }
}

static void group_dw(float *dw, const float *dy, const float *x, const sizes *s, int g,
                     int i)
{
    int o = 0;
    for (; o + GROUP <= s->O; o += GROUP)
        group_sums(dw, dy, x, s, g, i, o, GROUP);
    for (; o < s->O; o++)
        group_sums(dw, dy, x, s, g, i, o, 1);
}

void SIMD(conv_along_dw)(float *restrict dw, const float *restrict dy,
                         const float *const *x, int F, int G, int I, int O, int kt)
{
    const sizes s = {F, G, I, O, kt, true};
    if (pair_dw(dw, dy, x, &s))
        return;
    for (int d = 0; d < kt; d++, dw += O * G * I)
        for (int g = 0; x[d] && g < G; g++)
            for (int i = 0; i < I; i += VF)
                group_dw(dw, dy, x[d], &s, g, i);
}
