/* selective_scan.c - the state-space recurrence of Mamba (Gu and Dao, 2023), diagonal A.
 *
 *   u, delta [..][M], B, C [..][N]; A_log [M][N], D [M]; A = -exp(A_log)
 *   a[d][n] = exp(delta[d] A[d][n])
 *   h[d][n] = a[d][n] h[d][n] + delta[d] B[n] u[d]
 *   y[d]    = sum_n C[n] h[d][n] + D[d] u[d]
 *
 * Backward, with g[d][n] = C[n] dy[d] + dL/dh from the frame after, h' = h one frame before
 *   dC[n] = sum_d dy[d] h[d][n]          dB[n] = sum_d g[d][n] delta[d] u[d]
 *   du[d] = sum_n g delta[d] B[n] + D[d] dy[d]
 *   ddelta[d] = sum_n g (A a h' + B[n] u[d])
 *   dA_log[d][n] = sum_t g delta[d] A a h'      dD[d] = sum_t dy[d] u[d]
 *   dL/dh' = a g
 *
 * Only the state at the start of every chunk of frames is kept for backward, which runs a
 * chunk again to know the states inside it. The state is h.
 *
 * State and rates are [N][M] while computing: vectors run along the channels, and no sum of
 * the forward pass runs across them.
 *
 * in: u, delta (positive: after softplus), B, C */
#include "op/op.h"

#include <limits.h>
#include <string.h>

enum { CHUNK = 16 };

static const REAL octave = (REAL)0.693147180559945309417; /* ln 2 */

void OP(scan_fwd)(REAL *restrict y, REAL *restrict h, const REAL *restrict u,
                  const REAL *restrict delta, const REAL *restrict b,
                  const REAL *restrict c, const REAL *restrict rate, const REAL *restrict d,
                  int T, int M, int N)
{
    for (int t = 0; t < T; t++, y += M, u += M, delta += M, b += N, c += N) {
        for (int m = 0; m < M; m++)
            y[m] = d[m] * u[m];
        for (int n = 0; n < N; n++)
            for (int m = 0; m < M; m++) {
                const int i = n * M + m;
                h[i] = EXP2(-delta[m] * rate[i]) * h[i] + delta[m] * u[m] * b[n];
                y[m] += c[n] * h[i];
            }
    }
}

/* One frame of scan_bwd. */
static void frame_bwd(REAL *du, REAL *ddelta, REAL *db, REAL *dc, REAL *drate, REAL *dh,
                      const REAL *decay, const REAL *before, const REAL *dy, const REAL *u,
                      const REAL *delta, const REAL *b, const REAL *c, const REAL *rate,
                      int M, int N)
{
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) {
            const int i = n * M + m;
            const REAL drive = delta[m] * u[m], kept = decay[i] * before[i];
            const REAL g = dh[i] + c[n] * dy[m];
            const REAL to_exponent = -g * kept * rate[i] * octave;
            dc[n] += dy[m] * (kept + drive * b[n]);
            db[n] += g * drive;
            du[m] += g * b[n] * delta[m];
            ddelta[m] += g * b[n] * u[m] + to_exponent;
            if (drate)
                drate[i] += to_exponent * delta[m];
            dh[i] = decay[i] * g;
        }
}

void OP(scan_bwd)(REAL *du, REAL *ddelta, REAL *db, REAL *dc, REAL *restrict drate,
                  REAL *restrict dd, REAL *restrict dh, REAL *restrict work,
                  const REAL *restrict dy, const REAL *restrict h, const REAL *restrict u,
                  const REAL *restrict delta, const REAL *restrict b,
                  const REAL *restrict c, const REAL *restrict rate, const REAL *restrict d,
                  int T, int M, int N)
{
    const int state = M * N;
    REAL *decay = work, *before = work + (size_t)T * (size_t)state;
    memcpy(before, h, (size_t)state * sizeof *h);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < state; i++) {
            const int at = t * state + i, m = t * M + i % M;
            decay[at] = EXP2(-delta[m] * rate[i]);
            if (t + 1 < T)
                before[at + state] =
                    decay[at] * before[at] + delta[m] * u[m] * b[t * N + i / M];
        }
    for (int t = T - 1; t >= 0; t--) {
        frame_bwd(du + t * M, ddelta + t * M, db + t * N, dc + t * N, drate, dh,
                  decay + t * state, before + t * state, dy + t * M, u + t * M,
                  delta + t * M, b + t * N, c + t * N, rate, M, N);
        for (int m = 0; m < M; m++) {
            du[t * M + m] += d[m] * dy[t * M + m];
            if (dd)
                dd[m] += dy[t * M + m] * u[t * M + m];
        }
    }
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const int M = in[0].d[2], N = in[2].d[2];
    const double per_octave = 1.44269504088896340736; /* 1 / ln 2 */
    const float *a_log = w[0];
    float *rate = out[0];
    (void)n;
    (void)scale;
    for (int i = 0; i < M * N; i++)
        rate[i % N * M + i / N] = (float)(exp((double)a_log[i]) * per_octave);
    memcpy(out[1], w[1], (size_t)M * sizeof(float));
}

enum { U = 0, DELTA, IN_B, IN_C, A_LOG = 0, D };

static int min(int a, int b) { return a < b ? a : b; }
static int chunks(int T) { return (T + CHUNK - 1) / CHUNK; }

/* Numbers of scan_bwd's `work` for T frames. */
static size_t scan_work(size_t T, size_t M, size_t N)
{
    const size_t portable = 2 * T * N * M, vectors = 256 * (T + 17);
    return portable > vectors ? portable : vectors;
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    if (n_in != 4)
        return "takes u, delta, B and C";
    const int M = in[U].d[2], N = in[IN_B].d[2], T = in[U].t;
    for (int i = 0; i < 4; i++)
        if (in[i].d[0] != 1 || in[i].d[1] != 1 || in[i].t != T)
            return "takes one vector per frame and input";
    if (in[DELTA].d[2] != M || in[IN_C].d[2] != N)
        return "u and delta, and B and C, need equal sizes";
    if (M > INT_MAX / 2 / CHUNK / N)
        return "the state is too large";
    const size_t state = (size_t)M * (size_t)N;
    s->out = in[U];
    s->packed = n->attr.format != DFN_WEIGHTS_PLAIN;
    dfn_spec_weight(s, s->packed ? "rate" : "A_log", false, 2, M, N, 0, 0);
    dfn_spec_weight(s, "D", false, 1, M, 0, 0, 0);
    s->state = state;
    s->save = (size_t)B * (size_t)chunks(T) * state;
    if (!s->packed) /* rate and its gradient, room for a chunk */
        s->scratch = 2 * state + scan_work((size_t)min(T, CHUNK), (size_t)M, (size_t)N);
    s->macs = (uint64_t)T * (3 * (uint64_t)state + 2 * (uint64_t)M);
    return NULL;
}

/* rate[n][m] = exp(a_log[m][n]) / ln 2 */
static void find_rate(REAL *rate, const REAL *a_log, int M, int N)
{
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++)
            rate[n * M + m] = EXP(a_log[m * N + n]) / octave;
}

/* Frame t of stream b of input i. */
static const REAL *frame(const dfn_args *a, int i, int b, int t)
{
    const REAL *x = a->in[i];
    return x + (size_t)(b * a->in_shape[i].t + t) * (size_t)a->in_shape[i].d[2];
}

static REAL *gradient(const dfn_args *a, int i, int b, int t)
{
    REAL *dx = a->din[i];
    return dx + (size_t)(b * a->in_shape[i].t + t) * (size_t)a->in_shape[i].d[2];
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int T = a->in_shape[U].t, M = a->in_shape[U].d[2], N = a->in_shape[IN_B].d[2];
    const size_t state = (size_t)M * (size_t)N;
    REAL *save = a->save, *y = a->out;
    const REAL *rate = a->w[A_LOG];
    if (!a->node->packed) {
        find_rate(a->scratch, rate, M, N);
        rate = a->scratch;
    }
    const int step = save ? CHUNK : T;
    for (int b = 0; b < a->B; b++)
        for (int t = 0; t < T; t += step) {
            if (save)
                memcpy(save + (size_t)(b * chunks(T) + t / CHUNK) * state, a->state[b],
                       state * sizeof *save);
            k->scan_fwd(y + (size_t)(b * T + t) * (size_t)M, a->state[b], frame(a, U, b, t),
                        frame(a, DELTA, b, t), frame(a, IN_B, b, t), frame(a, IN_C, b, t),
                        rate, a->w[D], min(step, T - t), M, N);
        }
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int T = a->in_shape[U].t, M = a->in_shape[U].d[2], N = a->in_shape[IN_B].d[2];
    const size_t state = (size_t)M * (size_t)N;
    const REAL *dy = a->dout, *save = a->save;
    REAL *rate = a->scratch, *drate = rate + state, *work = drate + state;
    REAL *da_log = a->dw[A_LOG];
    find_rate(rate, a->w[A_LOG], M, N);
    memset(drate, 0, state * sizeof *drate);
    for (int b = 0; b < a->B; b++)
        for (int chunk = chunks(T) - 1; chunk >= 0; chunk--) {
            const int t = chunk * CHUNK;
            for (int i = 0; i < 4; i++) /* into the cache, where they are added to */
                if (a->fresh[i])
                    memset(gradient(a, i, b, t), 0,
                           (size_t)(min(CHUNK, T - t) * a->in_shape[i].d[2]) *
                               sizeof *rate);
            k->scan_bwd(gradient(a, U, b, t), gradient(a, DELTA, b, t),
                        gradient(a, IN_B, b, t), gradient(a, IN_C, b, t),
                        da_log ? drate : NULL, a->dw[D], a->dstate[b], work,
                        dy + (size_t)(b * T + t) * (size_t)M,
                        save + (size_t)(b * chunks(T) + chunk) * state, frame(a, U, b, t),
                        frame(a, DELTA, b, t), frame(a, IN_B, b, t), frame(a, IN_C, b, t),
                        rate, a->w[D], min(CHUNK, T - t), M, N);
        }
    for (int i = 0; da_log && i < M * N; i++)
        da_log[i] += drate[i % N * M + i / N];
}

const dfn_op OP(op_selective_scan) = {.name = "selective_scan",
                                      .infer = infer,
                                      .fwd = fwd,
                                      .bwd = bwd,
                                      .pack = pack,
                                      .fresh = true};
