/* stft.c - spectrogram of a whole signal, as torch.stft(center, reflect, normalized).
 *
 *   X[m][k] = n^-1/2 sum_i w[i] x[m hop + i - n/2] exp(-2 pi j k i / n)
 *
 * The signal is mirrored at its first and last sample, as often as needed. The backward is
 * the transposed transform, added to the samples the mirror reads.
 *
 * in: any shape, read as t d0 d1 d2 samples; out: {t = 1 + samples / hop; 1, n/2+1, 2}.
 * attr: size (n, see dsp/fft.h), hop (1 to n/2), variant (0 periodic Hann, 1 Vorbis) */
#include "op/dft.h"

#include <string.h>

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const char *why = dft_refuse(&n->attr);
    (void)B;
    if (n_in != 1)
        return "takes one input";
    if (why)
        return why;
    const int samples = in[0].t * (int)dfn_shape_frame(in[0]);
    s->out = (dfn_shape){1 + samples / n->attr.hop, {1, n->attr.size / 2 + 1, 2}};
    s->scratch = dft_scratch(n->attr.size);
    s->macs = (uint64_t)s->out.t * (dft_macs(n->attr.size) + (uint64_t)n->attr.size);
    s->offline = true;
    return NULL;
}

/* The sample that stands at position i of a mirrored signal of N samples. */
static int mirror(int i, int N)
{
    const int period = N > 1 ? 2 * (N - 1) : 1;
    i = (i % period + period) % period;
    return i < N ? i : period - i;
}

static int samples(const dfn_args *a)
{
    return a->in_shape[0].t * (int)dfn_shape_frame(a->in_shape[0]);
}

static void fwd(const dfn_args *a)
{
    const int N = samples(a), hop = a->node->attr.hop;
    dft d = dft_open(a->scratch, &a->node->attr);
    const REAL scale = 1 / SQRT((REAL)d.n);
    REAL *y = a->out;
    for (int b = 0; b < a->B; b++) {
        const REAL *x = (const REAL *)a->in[0] + (size_t)b * (size_t)N;
        for (int m = 0; m < a->out_shape.t; m++, y += d.n + 2) {
            for (int i = 0; i < d.n; i++)
                d.frame[i] = x[mirror(m * hop + i - d.n / 2, N)] * d.window[i];
            dft_forward(&d);
            for (int i = 0; i < d.n + 2; i++)
                y[i] = d.spec[i] * scale;
        }
    }
}

static void bwd(const dfn_args *a)
{
    const int N = samples(a), hop = a->node->attr.hop;
    dft d = dft_open(a->scratch, &a->node->attr);
    const REAL scale = 1 / SQRT((REAL)d.n);
    const REAL *dy = a->dout;
    for (int b = 0; b < a->B; b++) {
        REAL *dx = (REAL *)a->din[0] + (size_t)b * (size_t)N;
        for (int m = 0; m < a->out_shape.t; m++, dy += d.n + 2) {
            memcpy(d.spec, dy, ((size_t)d.n + 2) * sizeof *dy);
            dft_middle(&d, (REAL)0.5);
            dft_inverse(&d);
            for (int i = 0; i < d.n; i++)
                dx[mirror(m * hop + i - d.n / 2, N)] += d.frame[i] * d.window[i] * scale;
        }
    }
}

const dfn_op OP(op_stft) = {.name = "stft", .infer = infer, .fwd = fwd, .bwd = bwd};
