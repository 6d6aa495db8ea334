/* istft.c - signal of a whole spectrogram, as torch.istft(center, normalized) after one
 * frame of zeros was appended.
 *
 *   v[p] = n^-1/2 sum_m w[p - m hop] inverse(X[m])[p - m hop]      (dft.h)
 *   y[i] = v[i + n/2] / sum over m <= T of w[i + n/2 - m hop]^2
 *
 * so that frame m is centred on sample m hop, and T frames give T hop samples. What lies
 * before the first sample is cut off.
 *
 * in: {t = T; 1, n/2+1, 2}; out: {T; 1, 1, hop}, samples. attr: as stft */
#include "op/dft.h"

#include <string.h>

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const char *why = dft_refuse(&n->attr);
    (void)B;
    if (why)
        return why;
    if (n_in != 1 || in[0].d[0] != 1 || in[0].d[1] != n->attr.size / 2 + 1 ||
        in[0].d[2] != 2)
        return "takes one spectrum of the transform's size";
    s->out = (dfn_shape){in[0].t, {1, 1, n->attr.hop}};
    s->scratch = dft_scratch(n->attr.size);
    s->macs = (uint64_t)in[0].t * (dft_macs(n->attr.size) + 2 * (uint64_t)n->attr.size);
    s->offline = true;
    return NULL;
}

/* 1 / (n^1/2 envelope) at sample i of T frames. Some frame is centred within n/4 of i, and
 * there both windows are 0.5 or more: this never divides by zero. */
static REAL gain(const dft *d, int hop, int T, int i)
{
    const int p = i + d->n / 2;
    const int last = p / hop < T ? p / hop : T;
    REAL sum = 0;
    for (int m = p < d->n ? 0 : (p - d->n) / hop + 1; m <= last; m++)
        sum += d->window[p - m * hop] * d->window[p - m * hop];
    return 1 / (SQRT((REAL)d->n) * sum);
}

static void fwd(const dfn_args *a)
{
    const int T = a->in_shape[0].t, hop = a->node->attr.hop, N = T * hop;
    dft d = dft_open(a->scratch, &a->node->attr);
    const REAL *x = a->in[0];
    for (int b = 0; b < a->B; b++) {
        REAL *y = (REAL *)a->out + (size_t)b * (size_t)N;
        memset(y, 0, (size_t)N * sizeof *y);
        for (int m = 0; m < T; m++, x += d.n + 2) {
            memcpy(d.spec, x, ((size_t)d.n + 2) * sizeof *x);
            dft_inverse(&d);
            for (int i = 0, at = m * hop - d.n / 2; i < d.n; i++, at++)
                if (at >= 0 && at < N)
                    y[at] += d.frame[i] * d.window[i];
        }
        for (int i = 0; i < N; i++)
            y[i] *= gain(&d, hop, T, i);
    }
}

static void bwd(const dfn_args *a)
{
    const int T = a->in_shape[0].t, hop = a->node->attr.hop, N = T * hop;
    dft d = dft_open(a->scratch, &a->node->attr);
    REAL *dx = a->din[0];
    for (int b = 0; b < a->B; b++) {
        const REAL *dy = (const REAL *)a->dout + (size_t)b * (size_t)N;
        for (int m = 0; m < T; m++, dx += d.n + 2) {
            for (int i = 0, at = m * hop - d.n / 2; i < d.n; i++, at++)
                d.frame[i] =
                    at >= 0 && at < N ? dy[at] * gain(&d, hop, T, at) * d.window[i] : 0;
            dft_forward(&d);
            dft_middle(&d, 2);
            for (int i = 0; i < d.n + 2; i++)
                dx[i] += d.spec[i];
        }
    }
}

const dfn_op OP(op_istft) = {.name = "istft", .infer = infer, .fwd = fwd, .bwd = bwd};
