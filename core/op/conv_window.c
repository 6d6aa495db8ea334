/* conv_window.c - what a convolution does with the kt frames x[d] that one output frame
 * sees. A NULL frame and bins outside 0..F-1 are zero; output bin f looks at bins from f
 * stride - pad. A window is one row [kt][kf][nc].
 *
 *   windows        p[f][d][k][c] = x[d][f stride - pad + k][c], c over nc of the C channels
 *   scatter        its reverse: dx[d][..][c] += dp[f][d][k][c]
 *   repeat         y[n][j] = x[n]
 *   narrow_fwd     y[n][o] = b[o] + sum_k p[n][k] w[k][o], rows of y `stride` apart
 *   depthwise_fwd  y[f][c] = b[c] + sum_{d,k} x[d][f stride - pad + k][c] w[d][k][c]
 *   depthwise_bwd  dx[d][..][c] += dy[f][c] w[d][k][c]
 *                  dw[d][k][c] += dy[f][c] x[d][..][c] */
#include "op/real.h"

void OP(conv_windows)(REAL *restrict p, const REAL *const *x, int nc, int F, int C, int Fo,
                      int kt, int kf, int stride, int pad)
{
    for (int f = 0; f < Fo; f++)
        for (int d = 0; d < kt; d++)
            for (int k = 0; k < kf; k++, p += nc) {
                const int bin = f * stride - pad + k;
                const REAL *from = x[d] && bin >= 0 && bin < F ? x[d] + bin * C : NULL;
                for (int c = 0; c < nc; c++)
                    p[c] = from ? from[c] : 0;
            }
}

void OP(conv_scatter)(REAL *const *dx, const REAL *restrict dp, int nc, int F, int C,
                      int Fo, int kt, int kf, int stride, int pad)
{
    for (int f = 0; f < Fo; f++)
        for (int d = 0; d < kt; d++)
            for (int k = 0; k < kf; k++, dp += nc) {
                const int bin = f * stride - pad + k;
                if (!dx[d] || bin < 0 || bin >= F)
                    continue;
                for (int c = 0; c < nc; c++)
                    dx[d][bin * C + c] += dp[c];
            }
}

void OP(conv_narrow_fwd)(REAL *restrict y, const REAL *restrict p, const REAL *restrict w,
                         const REAL *restrict b, int N, int K, int O, int stride)
{
    enum { LANES = 8 }; /* outputs that stay in registers over the window */
    for (int n = 0; n < N; n++, p += K, y += stride) {
        int o = 0;
        for (; o + LANES <= O; o += LANES) {
            REAL sum[LANES];
            for (int j = 0; j < LANES; j++)
                sum[j] = b ? b[o + j] : 0;
            for (int k = 0; k < K; k++)
                for (int j = 0; j < LANES; j++)
                    sum[j] += p[k] * w[k * O + o + j];
            for (int j = 0; j < LANES; j++)
                y[o + j] = sum[j];
        }
        for (; o < O; o++) {
            REAL sum = b ? b[o] : 0;
            for (int k = 0; k < K; k++)
                sum += p[k] * w[k * O + o];
            y[o] = sum;
        }
    }
}

void OP(conv_depthwise_fwd)(REAL *restrict y, const REAL *const *x, const REAL *restrict w,
                            const REAL *restrict b, int F, int C, int Fo, int kt, int kf,
                            int stride, int pad)
{
    for (int f = 0; f < Fo; f++, y += C) {
        for (int c = 0; c < C; c++)
            y[c] = b ? b[c] : 0;
        for (int d = 0; d < kt; d++)
            for (int k = 0; k < kf; k++) {
                const int bin = f * stride - pad + k;
                if (!x[d] || bin < 0 || bin >= F)
                    continue;
                const REAL *xc = x[d] + bin * C, *wc = w + (d * kf + k) * C;
                for (int c = 0; c < C; c++)
                    y[c] += xc[c] * wc[c];
            }
    }
}

void OP(conv_depthwise_bwd)(REAL *const *dx, REAL *restrict dw, const REAL *restrict dy,
                            const REAL *const *x, const REAL *restrict w, int F, int C,
                            int Fo, int kt, int kf, int stride, int pad)
{
    for (int f = 0; f < Fo; f++, dy += C)
        for (int d = 0; d < kt; d++)
            for (int k = 0; k < kf; k++) {
                const int bin = f * stride - pad + k, tap = (d * kf + k) * C;
                if (bin < 0 || bin >= F)
                    continue;
                for (int c = 0; dx && dx[d] && c < C; c++)
                    dx[d][bin * C + c] += dy[c] * w[tap + c];
                for (int c = 0; dw && x[d] && c < C; c++)
                    dw[tap + c] += dy[c] * x[d][bin * C + c];
            }
}

void OP(conv_repeat)(REAL *restrict y, const REAL *restrict x, int n, int times)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < times; j++)
            *y++ = x[i];
}
