/* history.h - the last R frames of a stream, for ops that look back in time.
 *
 * A ring of R frames of n numbers, with the slot of the oldest frame in front:
 *     state[0] = position, state[1 ..] = R frames
 * Frame t of a run is x + t n for t >= 0, and in the ring for -R <= t < 0. The position is
 * a REAL so that a state is one plain array of numbers. */
#ifndef DFN_HISTORY_H
#define DFN_HISTORY_H

#include "op/op.h"

#include <string.h>

static inline size_t history_size(int R, size_t n) { return R > 0 ? 1 + (size_t)R * n : 0; }

/* Where in the state frame t stands, for a ring at `position`. */
static inline size_t history_at(REAL position, int R, size_t n, int t)
{
    return 1 + (size_t)(((int)position + t % R + R) % R) * n;
}

/* Frame t of the run that starts in `state`; x is the run's own input of this stream. */
static inline const REAL *history_frame(const REAL *state, int R, size_t n, const REAL *x,
                                        int t)
{
    return t >= 0 ? x + (size_t)t * n : state + history_at(state[0], R, n, t);
}

/* Remember the last R of T new frames. Call it once, after the outputs are made. */
static inline void history_push(REAL *state, int R, size_t n, const REAL *x, int T)
{
    if (R <= 0)
        return;
    for (int t = T > R ? T - R : 0; t < T; t++)
        memcpy(state + history_at(state[0], R, n, t), x + (size_t)t * n, n * sizeof *x);
    state[0] = (REAL)(((int)state[0] + T) % R);
}

/* Backward of history_push: what reached the state after the run belongs to the run's last
 * frames (added to dx) or, if it is older than the run, stays with the state before it.
 * Call it once, before anything is added to dx or to history_grad(). `state` is the state
 * BEFORE. */
static inline void history_pop(REAL *dstate, const REAL *state, int R, size_t n, REAL *dx,
                               int T)
{
    if (R <= 0)
        return;
    dstate[0] = 0;
    for (int t = T > R ? T - R : 0; t < T; t++) {
        REAL *from = dstate + history_at(state[0], R, n, t);
        for (size_t i = 0; i < n; i++) {
            dx[(size_t)t * n + i] += from[i];
            from[i] = 0;
        }
    }
}

/* Where the gradient of frame t is added: dx, or the state before the run. */
static inline REAL *history_grad(REAL *dstate, const REAL *state, int R, size_t n, REAL *dx,
                                 int t)
{
    return t >= 0 ? dx + (size_t)t * n : dstate + history_at(state[0], R, n, t);
}

#endif
