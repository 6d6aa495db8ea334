/* frames.h - STFT of a whole signal and its transpose, 16 frames at a time (op/lanes.h), as
 * torch.stft(center, reflect, normalized) with a periodic Hann window and a hop of n / 4.
 * Included with REAL and OP of op/real.h. */
#ifndef DFN_LOSS_FRAMES_H
#define DFN_LOSS_FRAMES_H

#include "graph/arena.h"
#include "op/real.h"

enum { DFN_PASSES = 16 };

typedef struct OP(loss_frames) {
    int size, hop, half; /* half: the complex transform's size */
    int passes, radix[DFN_PASSES];
    int *place;   /* [half]: where the passes leave each number */
    REAL *window; /* [size], scaled */
    REAL *twist;  /* [half / 2 + 1][2] of split and join */
    REAL *twiddle[DFN_PASSES];
} OP(loss_frames);

/** Take the tables of a size, a multiple of 4 that dfn_fft_supported() accepts, and fill
 * them if there is memory. */
void OP(loss_frames_layout)(OP(loss_frames) * f, dfn_arena *a, int size);

/** Numbers of each work array. */
static inline size_t OP(loss_frames_work)(int size) { return (size_t)size * DFN_LANES; }

/** Complex transforms z[half][2][DFN_LANES], by place, of `lanes` frames, the first at x. */
void OP(loss_frames_forward)(const OP(loss_frames) * f, const KERNELS *k, REAL *z,
                             const REAL *x, int lanes);

/** dx += transpose of that, of z as lanes_error leaves it; z is used up. */
void OP(loss_frames_transpose)(const OP(loss_frames) * f, const KERNELS *k, REAL *dx,
                               REAL *z, int lanes);

#endif
