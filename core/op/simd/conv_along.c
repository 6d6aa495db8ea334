/* conv_along.c - see op/conv_along.c for the mathematics. Forward, for the sizes of our
 * networks, vectors run along the rows: frames are turned, so that no lane is left empty
 * where groups have five outputs. Else they run along the outputs of a group, or, for
 * gradients of weights where two groups fit into one vector, along those of both. */
#include "op/simd/shuffle.h"

enum {
    ROWS = 8,
    HALF = VF / 2,
    GROUP = 5,   /* gradients that share a load of x */
    WIDEST = 32, /* channels that are turned, */
    TURNED = 11, /* of so many frames */
};

typedef struct sizes {
    int F, G, I, O, kt, n; /* n: frames, of which those turned at once are at most TURNED */
    bool add;
} sizes;

/* ---- forward, turned ------------------------------------------------------------------
 */

/* to[c][VF] = channel c of rows f .. of x, zeros past the n-th */
static inline __attribute__((always_inline)) void turn(float *to, const float *x, int f,
                                                       int n, const int C)
{
    SIMD_UNROLL for (int c = 0; c < C; c += VF)
    {
        vf block[VF];
        SIMD_UNROLL for (int r = 0; r < VF; r++) block[r] =
            r < n ? vf_load_some(x + (f + r) * C + c, (size_t)(C - c)) : vf_set(0);
        vf_transpose(block);
        SIMD_UNROLL for (int r = 0; r < VF; r++) if (c + r < C)
            vf_store(to + (c + r) * VF, block[r]);
    }
}

/* Outputs of all rows at once go back into the order of rows. */
static inline __attribute__((always_inline)) void
turn_back(float *y, const float *from, int f, int n, bool add, const int C)
{
    SIMD_UNROLL for (int c = 0; c < C; c += VF)
    {
        const size_t m = (size_t)(C - c);
        vf block[VF];
        SIMD_UNROLL for (int r = 0; r < VF; r++) block[r] =
            c + r < C ? vf_load(from + (c + r) * VF) : vf_set(0);
        vf_transpose(block);
        float *to = y + f * C + c;
        SIMD_UNROLL for (int r = 0; r < VF; r++, to += C) if (r < n)
        {
            const vf old = add ? vf_load_some(to, m) : vf_set(0);
            vf_store_some(to, block[r] + old, m);
        }
    }
}

/* Rows f .. f + n - 1 of two groups of all frames. */
static inline __attribute__((always_inline)) void
turned_rows(float *y, const float *const *x, const float *w, const float *b, const sizes *s,
            int f, int n, const int I, const int O)
{
    float in[TURNED][WIDEST * VF], out[WIDEST * VF];
    for (int d = 0; d < s->kt + s->n - 1; d++)
        if (x[d])
            turn(in[d], x[d], f, n, 2 * I);
    for (int t = 0; t < s->n; t++, y += s->F * 2 * O) {
        for (int g = 0; g < 2; g++) {
            vf sum[WIDEST / 2];
            SIMD_UNROLL for (int o = 0; o < O; o++) sum[o] = vf_set(b ? b[g * O + o] : 0);
            for (int d = 0; d < s->kt; d++)
                for (int i = 0; x[t + d] && i < I; i++) {
                    const vf xi = vf_load(in[t + d] + (g * I + i) * VF);
                    const float *wi = w + ((d * I + i) * 2 + g) * O;
                    SIMD_UNROLL for (int o = 0; o < O; o++) sum[o] =
                        vf_fma(xi, vf_set(wi[o]), sum[o]);
                }
            SIMD_UNROLL for (int o = 0; o < O; o++)
                vf_store(out + (g * O + o) * VF, sum[o]);
        }
        turn_back(y, out, f, n, s->add, 2 * O);
    }
}

static inline __attribute__((always_inline)) void
turned_frames(float *y, const float *const *x, const float *w, const float *b,
              const sizes *s, const int I, const int O)
{
    int f = 0;
    for (; f + VF <= s->F; f += VF)
        turned_rows(y, x, w, b, s, f, VF, I, O);
    if (f < s->F)
        turned_rows(y, x, w, b, s, f, s->F - f, I, O);
}

/* For the sizes of our networks, as constants; false for others. */
static bool turned_fwd(float *y, const float *const *x, const float *w, const float *b,
                       const sizes *s)
{
    switch (s->G == 2 && s->kt + s->n - 1 <= TURNED ? 100 * s->I + s->O : 0) {
    case 805: turned_frames(y, x, w, b, s, 8, 5); return true;
    case 508: turned_frames(y, x, w, b, s, 5, 8); return true;
    case 1605: turned_frames(y, x, w, b, s, 16, 5); return true;
    default: return false;
    }
}

/* ---- gradients of weights, two groups at once ------------------------------------------
 */

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

/* Gradients of n outputs from `o` on, of some taps and both groups. */
static inline __attribute__((always_inline)) void pair_sums(float *dw, const float *dy,
                                                            const float *const *x,
                                                            const sizes *s, int o,
                                                            const int n, const int taps)
{
    const int I = s->I, O = s->O;
    vf sum[GROUP][GROUP];
    SIMD_UNROLL for (int d = 0; d < taps; d++) SIMD_UNROLL for (int k = 0; k < n; k++)
        sum[d][k] = vf_set(0);
    for (int f = 0; f < s->F; f++, dy += 2 * O) {
        const row slope = load_row(dy, O);
        vf each[GROUP];
        SIMD_UNROLL for (int k = 0; k < n; k++) each[k] = number(slope, o + k, O);
        SIMD_UNROLL for (int d = 0; d < taps; d++)
        {
            const float *at = x[d] + f * 2 * I;
            const vf xf = I == HALF ? vf_load(at) : load_pair(at, at + I, I);
            SIMD_UNROLL for (int k = 0; k < n; k++) sum[d][k] =
                vf_fma(each[k], xf, sum[d][k]);
        }
    }
    SIMD_UNROLL for (int d = 0; d < taps; d++, dw += O * 2 * I)
        SIMD_UNROLL for (int k = 0; k < n; k++)
    {
        float *to = dw + (o + k) * 2 * I;
        store_pair(to, to + I, sum[d][k] + load_pair(to, to + I, I), I);
    }
}

static bool all_there(const float *const *x, int kt)
{
    for (int d = 0; d < kt; d++)
        if (!x[d])
            return false;
    return true;
}

/* Five taps and outputs, as our networks have, take all registers. */
static bool pair_dw(float *dw, const float *dy, const float *const *x, const sizes *s)
{
    if (!paired(s->G, s->I, s->O))
        return false;
    if (s->kt == GROUP && s->O == GROUP && s->I == HALF && all_there(x, GROUP)) {
        const sizes five = {s->F, 2, HALF, GROUP, GROUP, 1, true};
        pair_sums(dw, dy, x, &five, 0, GROUP, GROUP);
        return true;
    }
    for (int d = 0; d < s->kt; d++, dw += s->O * 2 * s->I) {
        int o = 0;
        for (; x[d] && o + GROUP <= s->O; o += GROUP)
            pair_sums(dw, dy, x + d, s, o, GROUP, 1);
        for (; x[d] && o < s->O; o++)
            pair_sums(dw, dy, x + d, s, o, 1, 1);
    }
    return true;
}

#else

static bool pair_dw(float *dw, const float *dy, const float *const *x, const sizes *s)
{
    (void)dw, (void)dy, (void)x, (void)s;
    return false;
}

#endif

/* ---- group by group --------------------------------------------------------------------
 */

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
                          int n, bool add)
{
    const sizes s = {F, G, I, O, kt, n, add};
    if (turned_fwd(y, x, w, b, &s))
        return;
    for (; n > 0; n--, x++, y += F * G * O)
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
    const sizes s = {F, G, I, O, kt, 1, true};
    if (pair_dw(dw, dy, x, &s))
        return;
    for (int d = 0; d < kt; d++, dw += O * G * I)
        for (int g = 0; x[d] && g < G; g++)
            for (int i = 0; i < I; i += VF)
                group_dw(dw, dy, x[d], &s, g, i);
}
