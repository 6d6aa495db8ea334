/* conv.c - all blocks of a signal lie side by side in a row for each bin, so that a sum
 * over parts of a response is a short filter along that row, several blocks at a time. */
#include "data/conv.h"

#include "data/fft_lanes.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = DFN_CONV_BLOCK,
    SIZE = DFN_FFT_LANES_SIZE,
    BINS = DFN_FFT_LANES_BINS,
    LANES = DFN_LANES,
    PARTS = DFN_CONV_TAPS / BLOCK,
    PAD = (PARTS + LANES - 1) / LANES * LANES, /* zeros ahead of a row */
    ALIGN = 64,
};

_Static_assert(SIZE == 2 * BLOCK, "overlap-save");

struct dfn_conv {
    dfn_fft_lanes fft;
    float x[SIZE];  /* samples of a block */
    size_t n;       /* of the signal */
    size_t before;  /* 1: the first block lies before its beginning */
    size_t row;     /* floats of a row of the signal, PAD included */
    float *blocks;  /* [BINS][2][row]: its spectra, block by block */
    float *product; /* [BINS][2][row - PAD] */
};

static size_t padded(size_t n, size_t to) { return (n + to - 1) / to * to; }

dfn_status dfn_conv_new(dfn_conv **out, size_t max_samples, dfn_error *err)
{
    const size_t blocks = padded(1 + (max_samples + BLOCK - 1) / BLOCK, LANES);
    const size_t head = padded(sizeof(dfn_conv), ALIGN), row = PAD + blocks;
    const size_t floats = (size_t)2 * BINS * (row + blocks);
    unsigned char *at = aligned_alloc(ALIGN, padded(head + floats * sizeof(float), ALIGN));
    *out = NULL;
    if (!at)
        return dfn_fail(err, DFN_ERR_NOMEM, "convolution: out of memory");
    dfn_conv *c = (dfn_conv *)at;
    dfn_fft_lanes_init(&c->fft);
    memset(c->x, 0, sizeof c->x);
    c->n = c->before = 0;
    c->row = row;
    c->blocks = (float *)(at + head);
    c->product = c->blocks + (size_t)2 * BINS * row;
    memset(c->blocks, 0, floats * sizeof(float));
    *out = c;
    return DFN_OK;
}

void dfn_conv_free(dfn_conv *c) { free(c); }

dfn_status dfn_response_new(dfn_response *r, dfn_conv *c, const float *h, size_t n,
                            dfn_error *err)
{
    r->parts = (int)((n + BLOCK - 1) / BLOCK);
    r->spec = malloc((size_t)r->parts * 2 * BINS * sizeof *r->spec);
    if (!r->spec)
        return dfn_fail(err, DFN_ERR_NOMEM, "response: out of memory");
    dfn_response_set(r, c, h, n);
    return DFN_OK;
}

void dfn_response_set(dfn_response *r, dfn_conv *c, const float *h, size_t n)
{
    float *bins = c->product; /* [BINS][2][LANES]: not needed now */
    const size_t parts = (size_t)r->parts;
    for (size_t first = 0; first < parts; first += LANES) {
        for (int l = 0; l < LANES; l++) {
            const size_t at = (first + (size_t)l) * BLOCK, left = at < n ? n - at : 0;
            const size_t count = left < BLOCK ? left : BLOCK;
            memcpy(c->x, h + (count ? at : 0), count * sizeof *c->x);
            memset(c->x + count, 0, (SIZE - count) * sizeof *c->x);
            dfn_fft_lanes_put(&c->fft, l, c->x);
        }
        dfn_fft_lanes_forward(&c->fft, bins, bins + LANES, (size_t)2 * LANES);
        const size_t count = parts - first < LANES ? parts - first : LANES;
        for (size_t k = 0; k < BINS; k++)
            for (size_t p = 0; p < count; p++) {
                float *to = r->spec + 2 * (k * parts + first + p);
                to[0] = bins[2 * LANES * k + p] / BLOCK;
                to[1] = bins[2 * LANES * k + LANES + p] / BLOCK;
            }
    }
}

void dfn_response_free(dfn_response *r)
{
    free(r->spec);
    *r = (dfn_response){0};
}

/* Blocks of a signal of n samples, the one before its beginning included, if any. */
static size_t count_blocks(const dfn_conv *c)
{
    return c->before + (c->n + BLOCK - 1) / BLOCK;
}

void dfn_conv_signal(dfn_conv *c, const float *x, size_t n, size_t lead)
{
    c->n = n;
    c->before = lead > 0;
    const size_t blocks = count_blocks(c);
    for (size_t b = 0; b < padded(blocks, LANES); b++) {
        /* x[end - SIZE ... end), zeros outside */
        const size_t end = (b + 1 - c->before) * BLOCK + lead;
        const size_t skip = end < SIZE ? SIZE - end : 0, from = end + skip - SIZE;
        const size_t most = SIZE - skip, left = from < n && b < blocks ? n - from : 0;
        const size_t count = left < most ? left : most;
        memset(c->x, 0, skip * sizeof *c->x);
        memcpy(c->x + skip, x + (count ? from : 0), count * sizeof *c->x);
        memset(c->x + skip + count, 0, (most - count) * sizeof *c->x);
        dfn_fft_lanes_put(&c->fft, (int)(b % LANES), c->x);
        if (b % LANES == LANES - 1) {
            float *to = c->blocks + PAD + (b - (LANES - 1));
            dfn_fft_lanes_forward(&c->fft, to, to + c->row, 2 * c->row);
        }
    }
}

/* One bin: sum[b] = sum_p h[p] x[b - p] for all blocks; x[-PAD ... -1] are zeros. */
DFN_CLONES static void filter_rows(const dfn_conv *c, const dfn_response *r, size_t blocks)
{
    const size_t width = c->row - PAD;
    for (size_t k = 0; k < BINS; k++) {
        const float *re = c->blocks + 2 * k * c->row + PAD, *im = re + c->row;
        const float *h = r->spec + 2 * k * (size_t)r->parts;
        float *to = c->product + 2 * k * width;
        for (size_t b = 0; b < blocks; b += LANES) {
            dfn_lanes sr = {0}, si = {0}, xr, xi;
            for (int p = 0; p < r->parts; p++) {
                memcpy(&xr, re + b - p, sizeof xr);
                memcpy(&xi, im + b - p, sizeof xi);
                sr += xr * h[2 * p] - xi * h[2 * p + 1];
                si += xr * h[2 * p + 1] + xi * h[2 * p];
            }
            memcpy(to + b, &sr, sizeof sr);
            memcpy(to + width + b, &si, sizeof si);
        }
    }
}

void dfn_conv_apply(dfn_conv *c, const dfn_response *r, float *y)
{
    const size_t blocks = count_blocks(c), width = c->row - PAD;
    filter_rows(c, r, blocks);
    for (size_t b = 0; b < blocks; b++) {
        const size_t l = b % LANES;
        if (!l)
            dfn_fft_lanes_inverse(&c->fft, c->product + b, c->product + width + b,
                                  2 * width);
        if (b < c->before)
            continue;
        const size_t at = (b - c->before) * BLOCK;
        const size_t count = c->n - at < BLOCK ? c->n - at : BLOCK;
        dfn_fft_lanes_get(&c->fft, (int)l, BLOCK, (int)count, y + at);
    }
}
