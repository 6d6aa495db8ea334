#include "dsp/fft.h"

#include <kissfft/kiss_fftr.h>

struct dfn_fft {
    kiss_fftr_cfg forward, inverse;
};

enum { ALIGN = 16 };

_Static_assert(sizeof(kiss_fft_cpx) == 2 * sizeof(float), "complex is re, im");

static size_t padded(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

/* Bytes of one direction: kissfft tells them when it is given none. */
static size_t table_bytes(int n, int inverse)
{
    size_t bytes = 0;
    kiss_fftr_alloc(n, inverse, NULL, &bytes);
    return padded(bytes);
}

bool dfn_fft_supported(int n)
{
    if (n < 4 || n > DFN_FFT_MAX || n % 2)
        return false;
    n /= 2;
    for (int factor = 2; factor <= 5; factor++)
        while (n % factor == 0)
            n /= factor;
    return n == 1;
}

size_t dfn_fft_bytes(int n)
{
    return padded(sizeof(dfn_fft)) + table_bytes(n, 0) + table_bytes(n, 1);
}

dfn_fft *dfn_fft_place(void *mem, int n)
{
    dfn_fft *f = mem;
    size_t bytes = table_bytes(n, 0);
    unsigned char *at = (unsigned char *)mem + padded(sizeof *f);
    f->forward = kiss_fftr_alloc(n, 0, at, &bytes);
    at += padded(bytes);
    bytes = table_bytes(n, 1);
    f->inverse = kiss_fftr_alloc(n, 1, at, &bytes);
    return f;
}

void dfn_fft_forward(dfn_fft *f, float *spec, const float *x)
{
    kiss_fftr(f->forward, x, (kiss_fft_cpx *)spec);
}

void dfn_fft_inverse(dfn_fft *f, float *x, const float *spec)
{
    kiss_fftri(f->inverse, (const kiss_fft_cpx *)spec, x);
}
