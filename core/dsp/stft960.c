/* stft960.c - see stft960.h for the decomposition, dft30.h for its first factor. */
#include "dsp/stft960.h"
#include "dsp/dft30.h"
#include "op/simd/shuffle.h"

static inline cv cv_add(cv a, cv b) { return (cv){a.re + b.re, a.im + b.im}; }
static inline cv cv_sub(cv a, cv b) { return (cv){a.re - b.re, a.im - b.im}; }
static inline cv cv_mul(cv a, cv w)
{
    return (cv){vf_fnma(a.im, w.im, a.re * w.re), vf_fma(a.im, w.re, a.re * w.im)};
}
/* a* w */
static inline cv cv_mul_of_conj(cv a, cv w)
{
    return (cv){vf_fma(a.im, w.im, a.re * w.re), vf_fnma(a.im, w.re, a.re * w.im)};
}
/* a w* */
static inline cv cv_mul_by_conj(cv a, cv w)
{
    return (cv){vf_fma(a.im, w.im, a.re * w.re), vf_fnma(a.re, w.im, a.im * w.re)};
}

/* ---- transforms of 32, lanes k1 ----------------------------------------------------- */

static inline void dft4(cv y[4], cv a, cv b, cv c, cv d)
{
    const cv t = cv_add(a, c), u = cv_sub(a, c), v = cv_add(b, d), w = cv_sub(b, d);
    y[0] = cv_add(t, v);
    y[1] = (cv){u.re + w.im, u.im - w.re};
    y[2] = cv_sub(t, v);
    y[3] = (cv){u.re - w.im, u.im + w.re};
}

static inline void dft8(cv y[8], const cv x[8])
{
    const vf h = vf_set(0.70710678118654752440f);
    cv a[4], b[4];
    dft4(a, x[0], x[2], x[4], x[6]);
    dft4(b, x[1], x[3], x[5], x[7]);
    const vf sum1 = b[1].re + b[1].im, diff1 = b[1].im - b[1].re;
    const vf sum3 = b[3].re + b[3].im, diff3 = b[3].im - b[3].re;
    y[0] = cv_add(a[0], b[0]);
    y[4] = cv_sub(a[0], b[0]);
    y[1] = (cv){vf_fma(h, sum1, a[1].re), vf_fma(h, diff1, a[1].im)};
    y[5] = (cv){vf_fnma(h, sum1, a[1].re), vf_fnma(h, diff1, a[1].im)};
    y[2] = (cv){a[2].re + b[2].im, a[2].im - b[2].re};
    y[6] = (cv){a[2].re - b[2].im, a[2].im + b[2].re};
    y[3] = (cv){vf_fma(h, diff3, a[3].re), vf_fnma(h, sum3, a[3].im)};
    y[7] = (cv){vf_fnma(h, diff3, a[3].re), vf_fma(h, sum3, a[3].im)};
}

/* 32 = 8 x 4, n = 4 a + b, k = c + 8 d. The eight inputs x[a] of column b, transformed,
 * with their twiddles, into rows 4 c + b. */
static inline void store_column(dfn_stft960 *s, const cv x[8], int b, int lane)
{
    cv y[8];
    dft8(y, x);
    SIMD_UNROLL
    for (int c = 0; c < 8; c++) {
        const cv w = {vf_set(s->root[b][c][0]), vf_set(s->root[b][c][1])};
        const cv z = b && c ? cv_mul(y[c], w) : y[c];
        vf_store(s->work[4 * c + b][0] + lane, z.re);
        vf_store(s->work[4 * c + b][1] + lane, z.im);
    }
}

static inline cv load_work(const dfn_stft960 *s, int row, int lane)
{
    return (cv){vf_load(s->work[row][0] + lane), vf_load(s->work[row][1] + lane)};
}

/* Outputs c + 8 d from rows 4 c + d. */
static inline void load_group(const dfn_stft960 *s, cv y[4], int c, int lane)
{
    dft4(y, load_work(s, 4 * c, lane), load_work(s, 4 * c + 1, lane),
         load_work(s, 4 * c + 2, lane), load_work(s, 4 * c + 3, lane));
}

/* Bins of lanes k1 .. of row k2: where they lie in the spectrum, or where their conjugates
 * do, last first. */
static inline int bin_of(int k2, int k1) { return 30 * k2 + k1; }
static inline int mirror_of(int k2, int k1) { return FRAME_960 - 30 * k2 - k1 - (VF - 1); }

static inline void columns_to_spectrum(dfn_stft960 *s, float *spec, int lane)
{
    for (int b = 0; b < 4; b++) {
        cv x[8];
        SIMD_UNROLL
        for (int a = 0; a < 8; a++)
            x[a] = load_work(s, 4 * a + b, lane);
        store_column(s, x, b, lane);
    }
    for (int c = 0; c < 8; c++) {
        cv y[4];
        load_group(s, y, c, lane);
        for (int d = 0; d < 2; d++) {
            const cv z = y[d + 2];
            vf_store_pairs(spec + 2 * bin_of(c + 8 * d, lane), y[d].re, y[d].im);
            vf_store_pairs(spec + 2 * mirror_of(c + 8 * d + 16, lane), vf_reverse(z.re),
                           vf_reverse(vf_set(0) - z.im));
        }
    }
}

/* The same transform with real and imaginary parts exchanged is the inverse: work[][0] is
 * the imaginary part here. Row n2 is left in 4 (n2 % 8) + n2 / 8. */
static inline void spectrum_to_columns(dfn_stft960 *s, const float *spec, int lane)
{
    for (int b = 0; b < 4; b++) {
        cv x[8];
        SIMD_UNROLL
        for (int a = 0; a < 4; a++) {
            cv z;
            vf_load_pairs(spec + 2 * bin_of(4 * a + b, lane), &x[a].im, &x[a].re);
            vf_load_pairs(spec + 2 * mirror_of(4 * a + b + 16, lane), &z.re, &z.im);
            x[a + 4] = (cv){vf_set(0) - vf_reverse(z.im), vf_reverse(z.re)};
        }
        store_column(s, x, b, lane);
    }
    for (int c = 0; c < 8; c++) {
        cv y[4];
        load_group(s, y, c, lane);
        SIMD_UNROLL
        for (int d = 0; d < 4; d++) {
            vf_store(s->work[4 * c + d][0] + lane, y[d].re);
            vf_store(s->work[4 * c + d][1] + lane, y[d].im);
        }
    }
}

/* ---- transforms of 30, lanes n2 ----------------------------------------------------- */

/* Twiddles of rows k1, lanes n2. */
static inline cv twiddle(const dfn_stft960 *s, int k1, int n2)
{
    return (cv){vf_load(s->twiddle[0][k1] + n2), vf_load(s->twiddle[1][k1] + n2)};
}

/* k1 even comes from u, odd from v, as it is or as the conjugate of 15 - k (mod 15). */
static inline void twiddle_lines(const dfn_stft960 *s, vf re[16], vf im[16],
                                 const cv u[D15], const cv v[D15], int n2)
{
    const cv y[16] = {
        u[D15_0],
        cv_mul(v[D15_1], twiddle(s, 1, n2)),
        cv_mul_of_conj(u[D15_13], twiddle(s, 2, n2)),
        cv_mul(v[D15_3], twiddle(s, 3, n2)),
        cv_mul(u[D15_4], twiddle(s, 4, n2)),
        cv_mul_of_conj(v[D15_10], twiddle(s, 5, n2)),
        cv_mul(u[D15_6], twiddle(s, 6, n2)),
        cv_mul(v[D15_7], twiddle(s, 7, n2)),
        cv_mul_of_conj(u[D15_7], twiddle(s, 8, n2)),
        cv_mul_of_conj(v[D15_6], twiddle(s, 9, n2)),
        cv_mul(u[D15_10], twiddle(s, 10, n2)),
        cv_mul_of_conj(v[D15_4], twiddle(s, 11, n2)),
        cv_mul_of_conj(u[D15_3], twiddle(s, 12, n2)),
        cv_mul(v[D15_13], twiddle(s, 13, n2)),
        cv_mul_of_conj(u[D15_1], twiddle(s, 14, n2)),
        {v[D15_0].re * twiddle(s, 15, n2).re, v[D15_0].re * twiddle(s, 15, n2).im},
    };
    SIMD_UNROLL
    for (int k = 0; k < 16; k++) {
        re[k] = y[k].re;
        im[k] = y[k].im;
    }
    im[0] = vf_set(0);
}

/* And back: conjugate twiddles, and the conjugate of that where lines were conjugated. */
static inline void untwiddle_lines(const dfn_stft960 *s, cv u[D15], cv v[D15],
                                   const vf re[16], const vf im[16], int n2)
{
    cv y[16];
    SIMD_UNROLL
    for (int k = 0; k < 16; k++)
        y[k] = (cv){re[k], im[k]};
    u[D15_0] = y[0];
    u[D15_13] = cv_mul_of_conj(y[2], twiddle(s, 2, n2));
    u[D15_4] = cv_mul_by_conj(y[4], twiddle(s, 4, n2));
    u[D15_6] = cv_mul_by_conj(y[6], twiddle(s, 6, n2));
    u[D15_7] = cv_mul_of_conj(y[8], twiddle(s, 8, n2));
    u[D15_10] = cv_mul_by_conj(y[10], twiddle(s, 10, n2));
    u[D15_3] = cv_mul_of_conj(y[12], twiddle(s, 12, n2));
    u[D15_1] = cv_mul_of_conj(y[14], twiddle(s, 14, n2));
    v[D15_1] = cv_mul_by_conj(y[1], twiddle(s, 1, n2));
    v[D15_3] = cv_mul_by_conj(y[3], twiddle(s, 3, n2));
    v[D15_10] = cv_mul_of_conj(y[5], twiddle(s, 5, n2));
    v[D15_7] = cv_mul_by_conj(y[7], twiddle(s, 7, n2));
    v[D15_6] = cv_mul_of_conj(y[9], twiddle(s, 9, n2));
    v[D15_4] = cv_mul_of_conj(y[11], twiddle(s, 11, n2));
    v[D15_13] = cv_mul_by_conj(y[13], twiddle(s, 13, n2));
    v[D15_0] = cv_mul_by_conj(y[15], twiddle(s, 15, n2));
}

/* Window VF columns, with the hop before in the memory, and leave this hop there. */
static inline void window_frame(const dfn_stft960 *s, vf u[15], vf v[15], float *memory,
                                const float *in, int n2)
{
    vf x[ROWS_960];
    SIMD_UNROLL
    for (int i = 0; i < ROWS_960 / 2; i++) {
        const int at = COLUMNS_960 * i + n2;
        const vf fresh = vf_load(in + at);
        x[i] = vf_load(memory + at) * vf_load(s->analysis + at);
        x[i + 15] = fresh * vf_load(s->analysis + HOP_960 + at);
        vf_store(memory + at, fresh);
    }
    SIMD_UNROLL
    for (int i = 0; i < 15; i++) {
        u[i] = x[2 * i] + x[(2 * i + 15) % 30];
        v[i] = x[2 * i] - x[(2 * i + 15) % 30];
    }
}

static inline void overlap_frame(const dfn_stft960 *s, float *out, float *memory,
                                 const vf u[15], const vf v[15], int n2)
{
    SIMD_UNROLL
    for (int i = 0; i < ROWS_960 / 2; i++) { /* u + v or u - v, at 2 j = i (mod 15) */
        const int at = COLUMNS_960 * i + n2, j = i % 2 ? (i + 15) / 2 : i / 2;
        const vf plus = u[j] + v[j], minus = u[j] - v[j];
        const vf old = vf_load(memory + at), w = vf_load(s->synthesis + at);
        vf_store(out + at, vf_fma(i % 2 ? minus : plus, w, old));
        vf_store(memory + at,
                 (i % 2 ? plus : minus) * vf_load(s->synthesis + HOP_960 + at));
    }
}

/* ---- both ways ------------------------------------------------------------------------
 */

void SIMD(stft960_analyse)(dfn_stft960 *s, float *spec, float *memory, const float *in)
{
    for (int n2 = 0; n2 < COLUMNS_960; n2 += VF) {
        vf x[2][15], line[2][LINES_960];
        cv u[D15], v[D15];
        window_frame(s, x[0], x[1], memory, in, n2);
        dft15(u, x[0]);
        dft15(v, x[1]);
        twiddle_lines(s, line[0], line[1], u, v, n2);
        for (int part = 0; part < 2; part++)
            for (int k1 = 0; k1 < LINES_960; k1 += VF) {
                vf_transpose(line[part] + k1);
                SIMD_UNROLL
                for (int i = 0; i < VF; i++)
                    vf_store(s->work[n2 + i][part] + k1, line[part][k1 + i]);
            }
    }
    for (int lane = 0; lane < LINES_960; lane += VF)
        columns_to_spectrum(s, spec, lane);
}

void SIMD(stft960_synthesise)(dfn_stft960 *s, float *out, float *memory, const float *spec)
{
    for (int lane = 0; lane < LINES_960; lane += VF)
        spectrum_to_columns(s, spec, lane);
    for (int n2 = 0; n2 < COLUMNS_960; n2 += VF) {
        vf x[2][15], line[2][LINES_960];
        cv u[D15], v[D15];
        for (int part = 0; part < 2; part++)
            for (int k1 = 0; k1 < LINES_960; k1 += VF) {
                SIMD_UNROLL
                for (int i = 0; i < VF; i++) {
                    const int row = 4 * ((n2 + i) % 8) + (n2 + i) / 8;
                    line[part][k1 + i] = vf_load(s->work[row][1 - part] + k1);
                }
                vf_transpose(line[part] + k1);
            }
        untwiddle_lines(s, u, v, line[0], line[1], n2);
        idft15(x[0], u);
        idft15(x[1], v);
        overlap_frame(s, out, memory, x[0], x[1], n2);
    }
}
