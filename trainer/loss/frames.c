/* frames.c - STFT of 16 frames at a time: tables, and the order of passes. */
#include "loss/frames.h"

static const double PI = 3.14159265358979323846;

/* Large factors first, but 4 4 instead of 8 2. */
static void factor(OP(loss_frames) * f)
{
    static const int radices[] = {8, 4, 2, 3, 5};
    int left = f->half;
    f->passes = 0;
    for (int i = 0; i < 5; i++)
        for (; left % radices[i] == 0 && f->passes < DFN_PASSES; left /= radices[i]) {
            if (radices[i] == 8 && left == 16)
                break;
            f->radix[f->passes++] = radices[i];
        }
}

static void fill_places(OP(loss_frames) * f)
{
    for (int k = 0; k < f->half; k++) {
        int digits = k, m = f->half;
        f->place[k] = 0;
        for (int i = 0; i < f->passes; i++, digits /= f->radix[i - 1]) {
            m /= f->radix[i];
            f->place[k] += digits % f->radix[i] * m;
        }
    }
}

static void fill_twiddles(REAL *w, int radix, int m)
{
    for (int p = 0; p < m; p++)
        for (int r = 1; r < radix; r++) {
            const double angle = -2 * PI * p * r / ((double)m * radix);
            *w++ = (REAL)cos(angle);
            *w++ = (REAL)sin(angle);
        }
}

void OP(loss_frames_layout)(OP(loss_frames) * f, dfn_arena *a, int size)
{
    *f = (OP(loss_frames)){.size = size, .hop = size / 4, .half = size / 2};
    f->window = dfn_arena_take(a, (size_t)size, sizeof(REAL));
    f->twist = dfn_arena_take(a, (size_t)(f->half / 2 + 1) * 2, sizeof(REAL));
    f->place = dfn_arena_take(a, (size_t)f->half, sizeof(int));
    factor(f);
    for (int i = 0, m = f->half; i < f->passes; i++) {
        const int radix = f->radix[i];
        m /= radix;
        f->twiddle[i] =
            dfn_arena_take(a, (size_t)m * (size_t)(2 * radix - 2), sizeof(REAL));
        if (f->twiddle[i])
            fill_twiddles(f->twiddle[i], radix, m);
    }
    if (!f->window)
        return;
    fill_places(f);
    for (int i = 0; i < size; i++) {
        const double s = sin(PI * i / size);
        f->window[i] = (REAL)(s * s / sqrt(size));
    }
    for (int k = 0; k <= f->half / 2; k++) {
        f->twist[2 * k] = (REAL)cos(PI * k / f->half);
        f->twist[2 * k + 1] = (REAL)-sin(PI * k / f->half);
    }
}

void OP(loss_frames_forward)(const OP(loss_frames) * f, const KERNELS *k, REAL *z,
                             const REAL *x, int lanes)
{
    k->lanes_gather(z, x, f->window, f->size, f->hop, lanes);
    for (int i = 0, m = f->half, blocks = 1; i < f->passes; blocks *= f->radix[i++]) {
        m /= f->radix[i];
        k->lanes_pass(z, f->twiddle[i], f->radix[i], m, blocks, false);
    }
}

void OP(loss_frames_transpose)(const OP(loss_frames) * f, const KERNELS *k, REAL *dx,
                               REAL *z, int lanes)
{
    for (int i = f->passes - 1, m = 1; i >= 0; m *= f->radix[i--])
        k->lanes_pass(z, f->twiddle[i], f->radix[i], m, f->half / m / f->radix[i], true);
    k->lanes_scatter(dx, z, f->window, f->size, f->hop, lanes);
}
