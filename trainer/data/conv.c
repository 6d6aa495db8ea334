#include "data/conv.h"

#include "dsp/fft.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = DFN_CONV_BLOCK, SIZE = 2 * BLOCK, ROW = DFN_CONV_ROW, ALIGN = 64 };

struct dfn_conv {
    dfn_fft *fft;
    size_t n;      /* of the signal */
    size_t before; /* 1: the first block lies before its beginning */
    float *blocks; /* [1 + max blocks][2][ROW]: its spectra */
    float *x;      /* [SIZE]: samples of a block */
    float *bins;   /* [BLOCK + 1][2], as a transform gives them */
    float *sum;    /* [2][ROW] */
};

static size_t padded(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

dfn_status dfn_conv_new(dfn_conv **out, size_t max_samples, dfn_error *err)
{
    const size_t blocks = (max_samples + BLOCK - 1) / BLOCK;
    const size_t head = padded(sizeof(dfn_conv)), fft = padded(dfn_fft_bytes(SIZE));
    const size_t row = padded(2 * ROW * sizeof(float));
    unsigned char *at = aligned_alloc(ALIGN, head + fft + (blocks + 4) * row);
    *out = NULL;
    if (!at)
        return dfn_fail(err, DFN_ERR_NOMEM, "convolution: out of memory");
    dfn_conv *c = (dfn_conv *)at;
    c->n = c->before = 0;
    c->fft = dfn_fft_place(at += head, SIZE);
    c->x = (float *)(at += fft);
    c->bins = (float *)(at += row);
    c->sum = (float *)(at += row);
    c->blocks = (float *)(at + row);
    *out = c;
    return DFN_OK;
}

void dfn_conv_free(dfn_conv *c) { free(c); }

/* The spectrum of c->x, real and imaginary parts apart: sums of products are faster so. */
static void forward(dfn_conv *c, float *spec, float scale)
{
    dfn_fft_forward(c->fft, c->bins, c->x);
    for (int k = 0; k <= BLOCK; k++) {
        spec[k] = scale * c->bins[2 * k];
        spec[ROW + k] = scale * c->bins[2 * k + 1];
    }
    for (int k = BLOCK + 1; k < ROW; k++)
        spec[k] = spec[ROW + k] = 0;
}

dfn_status dfn_response_new(dfn_response *r, dfn_conv *c, const float *h, size_t n,
                            dfn_error *err)
{
    r->parts = (int)((n + BLOCK - 1) / BLOCK);
    r->spec = aligned_alloc(ALIGN, padded((size_t)r->parts * 2 * ROW * sizeof *r->spec));
    if (!r->spec)
        return dfn_fail(err, DFN_ERR_NOMEM, "response: out of memory");
    dfn_response_set(r, c, h, n);
    return DFN_OK;
}

void dfn_response_set(dfn_response *r, dfn_conv *c, const float *h, size_t n)
{
    for (int p = 0; p < r->parts; p++) {
        const size_t at = (size_t)p * BLOCK, count = n - at < BLOCK ? n - at : BLOCK;
        memset(c->x, 0, SIZE * sizeof *c->x);
        memcpy(c->x, h + at, count * sizeof *c->x);
        forward(c, r->spec + (size_t)p * 2 * ROW, 1.f / SIZE);
    }
}

void dfn_response_free(dfn_response *r)
{
    free(r->spec);
    *r = (dfn_response){0};
}

void dfn_conv_signal(dfn_conv *c, const float *x, size_t n, size_t lead)
{
    const size_t blocks = (n + BLOCK - 1) / BLOCK;
    c->n = n;
    c->before = lead > 0;
    for (size_t b = 0; b < c->before + blocks; b++) {
        /* x[end - SIZE ... end), zeros outside */
        const size_t end = (b + 1 - c->before) * BLOCK + lead;
        const size_t skip = end < SIZE ? SIZE - end : 0, from = end + skip - SIZE;
        const size_t most = SIZE - skip, left = from < n ? n - from : 0;
        const size_t count = left < most ? left : most;
        memset(c->x, 0, skip * sizeof *c->x);
        memcpy(c->x + skip, x + (count ? from : 0), count * sizeof *c->x);
        memset(c->x + skip + count, 0, (most - count) * sizeof *c->x);
        forward(c, c->blocks + b * 2 * ROW, 1);
    }
}

static void multiply_add(float *sum, const float *a, const float *b)
{
    float *restrict sr = sum, *restrict si = sum + ROW;
    const float *ar = a, *ai = a + ROW, *br = b, *bi = b + ROW;
    for (int k = 0; k < ROW; k++) {
        sr[k] += ar[k] * br[k] - ai[k] * bi[k];
        si[k] += ar[k] * bi[k] + ai[k] * br[k];
    }
}

void dfn_conv_apply(dfn_conv *c, const dfn_response *r, float *y)
{
    for (size_t b = 0; b * BLOCK < c->n; b++) {
        const size_t at = b * BLOCK, count = c->n - at < BLOCK ? c->n - at : BLOCK;
        const size_t last = b + c->before; /* of the blocks that reach these samples */
        const int parts = last < (size_t)r->parts ? (int)last + 1 : r->parts;
        memset(c->sum, 0, 2 * ROW * sizeof *c->sum);
        for (int p = 0; p < parts; p++)
            multiply_add(c->sum, c->blocks + (last - (size_t)p) * 2 * ROW,
                         r->spec + (size_t)p * 2 * ROW);
        for (int k = 0; k <= BLOCK; k++) {
            c->bins[2 * k] = c->sum[k];
            c->bins[2 * k + 1] = c->sum[ROW + k];
        }
        dfn_fft_inverse(c->fft, c->x, c->bins);
        memcpy(y + at, c->x + BLOCK, count * sizeof *y);
    }
}
