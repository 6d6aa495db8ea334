/* deep_filter.c - multi-frame complex filter on the lowest bins of a spectrum.
 *
 *   y[t][f] = sum_k c[t][f][k] x[t - L - O + 1 + k][f]     k < O = order of the bin's group
 *
 * Tap 0 is the oldest frame, the newest tap the one of L frames ago; frames before the stream
 * are zero. Writing dz for dL/d(re z) + i dL/d(im z):
 *   dc[t][f][k] = dy[t][f] conj(x[..][f])       dx[..][f] += dy[t][f] conj(c[t][f][k])
 *
 * With a third input, keep[n] for the tap of age n (0 the newest), the taps older than the
 * last one with keep[n] != 0 are not computed, as if their coefficients were zero. keep
 * multiplies nothing, and has no gradient: whoever makes the coefficients makes them fade.
 *
 * in: spectrum {1,F,2}, coefficients: any frame shape with the right number of numbers,
 *     optionally keep {1,1,largest order}
 * out: {1,nb,2}, nb <= F
 * attr: frames (L), size (nb) and order, coefficients [nb][O][2] or, with variant 1, [O][nb][2];
 *       or list: bins, order, bins, order, ... of consecutive groups, coefficients group by
 *       group, each [bins][order][2]. All groups are aligned to the newest tap */
#include "op/bands.h"
#include "op/history.h"

enum { ORDER_MAX = 64, LATE_MAX = 64 };

typedef struct group {
    int bins, order, bin_step, tap_step; /* steps in complex numbers */
} group;

void OP(deep_filter_fwd)(REAL *restrict y, const REAL *restrict c, const REAL *const *x,
                         int bins, int order, int bin_step, int tap_step)
{
    for (int f = 0; f < bins; f++) {
        REAL re = 0, im = 0;
        for (int k = 0; k < order; k++) {
            const REAL *h = c + 2 * (f * bin_step + k * tap_step), *z = x[k] + 2 * f;
            re += h[0] * z[0] - h[1] * z[1];
            im += h[0] * z[1] + h[1] * z[0];
        }
        y[2 * f] = re;
        y[2 * f + 1] = im;
    }
}

void OP(deep_filter_bwd)(REAL *restrict dc, REAL *const *dx, const REAL *restrict dy,
                         const REAL *restrict c, const REAL *const *x, int bins, int order,
                         int bin_step, int tap_step)
{
    for (int f = 0; f < bins; f++) {
        const REAL re = dy[2 * f], im = dy[2 * f + 1];
        for (int k = 0; k < order; k++) {
            const int i = 2 * (f * bin_step + k * tap_step);
            const REAL *h = c + i, *z = x[k] + 2 * f;
            dc[i] += re * z[0] + im * z[1];
            dc[i + 1] += im * z[0] - re * z[1];
            if (dx) {
                dx[k][2 * f] += re * h[0] + im * h[1];
                dx[k][2 * f + 1] += im * h[0] - re * h[1];
            }
        }
    }
}

static int groups(const dfn_attr *a) { return a->list_len ? a->list_len / 2 : 1; }

static group get_group(const dfn_attr *a, int i)
{
    if (a->list_len)
        return (group){a->list[2 * i], a->list[2 * i + 1], a->list[2 * i + 1], 1};
    if (a->variant)
        return (group){a->size, a->order, 1, a->size};
    return (group){a->size, a->order, a->order, 1};
}

/* Frames before the newest one that are filtered; every group takes the newest of them. */
static int span(const dfn_attr *a)
{
    int most = 1;
    for (int i = 0; i < groups(a); i++)
        if (most < get_group(a, i).order)
            most = get_group(a, i).order;
    return most - 1;
}

/* Frames of history. */
static int history(const dfn_attr *a) { return a->frames + span(a); }

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const dfn_attr *a = &n->attr;
    long nb = 0;
    size_t taps = 0;
    (void)B;
    if (n_in != 2 && n_in != 3)
        return "takes a spectrum and coefficients, and which taps to keep";
    if (!is_spectrum(in[0]) || in[1].t != in[0].t)
        return "the first input is no spectrum, or not as long as the second";
    if (a->list_len < 0 || a->list_len > DFN_LIST_MAX || a->list_len % 2)
        return "groups are pairs of bins and order";
    if (a->frames < 0 || a->frames > LATE_MAX)
        return "is too late, or sees the future";
    if (a->variant < 0 || a->variant > 1 || (a->variant && a->list_len))
        return "unknown layout of the coefficients";
    for (int i = 0; i < groups(a); i++) {
        const group g = get_group(a, i);
        if (g.bins < 1 || g.bins > in[0].d[1] || g.order < 1 || g.order > ORDER_MAX)
            return "bins or order out of range";
        nb += g.bins;
        taps += (size_t)g.bins * (size_t)g.order;
    }
    if (nb > in[0].d[1])
        return "more bins than the spectrum has";
    if (dfn_shape_frame(in[1]) != 2 * taps)
        return "the coefficients do not match bins and order";
    if (n_in == 3 && (in[2].t != in[0].t || in[2].d[0] != 1 || in[2].d[1] != 1 ||
                      in[2].d[2] != span(a) + 1))
        return "needs one number to keep per tap of the largest order";
    s->out = (dfn_shape){in[0].t, {1, (int)nb, 2}};
    s->state = history_size(history(a), 2 * (size_t)nb);
    s->macs = (uint64_t)in[0].t * taps * 4;
    return NULL;
}

/* The taps of frame t (of all streams) that are computed: the newest `kept` of a group. */
static int count_kept(const dfn_args *a, int R, int frame)
{
    const REAL *keep = a->n_in > 2 ? (const REAL *)a->in[2] + frame * (R + 1) : NULL;
    int n = R + 1;
    while (keep && n > 0 && keep[n - 1] == 0)
        n--;
    return n;
}

/* Of frame t, the first R + 1 of all frames t-H .. t, the newest last. Only the first n
 * numbers of a frame of the input are kept in the history, hence not history_frame(). */
static void window(const REAL **x, const REAL *state, int H, int R, size_t n,
                   const REAL *in, size_t stride, int t)
{
    for (int k = 0, at = t - H; k <= R; k++, at++)
        x[k] = at >= 0 ? in + (size_t)at * stride : state + history_at(state[0], H, n, at);
}

/* One frame, of which the newest `kept` taps are computed. */
static void fwd_frame(const dfn_args *a, const REAL *const *frame, int R, int kept, REAL *y,
                      const REAL *c)
{
    const KERNELS *kernels = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const REAL *x[ORDER_MAX];
    for (int i = 0, from = 0; i < groups(attr); i++) {
        const group g = get_group(attr, i);
        const int taps = kept < g.order ? kept : g.order;
        const int skip = 2 * (g.order - taps) * g.tap_step;
        for (int k = 0; k < taps; k++)
            x[k] = frame[R + 1 - taps + k] + 2 * from;
        if (taps)
            kernels->deep_filter_fwd(y, c + skip, x, g.bins, taps, g.bin_step, g.tap_step);
        else
            memset(y, 0, 2 * (size_t)g.bins * sizeof *y);
        from += g.bins;
        y += 2 * g.bins;
        c += 2 * g.bins * g.order;
    }
}

static void fwd(const dfn_args *a)
{
    const dfn_attr *attr = &a->node->attr;
    const int R = span(attr), H = history(attr), T = a->out_shape.t;
    const size_t n = dfn_shape_frame(a->out_shape), F = dfn_shape_frame(a->in_shape[0]);
    const size_t taps = dfn_shape_frame(a->in_shape[1]);
    const REAL *c = a->in[1], *frame[ORDER_MAX];
    REAL *y = a->out;
    for (int b = 0; b < a->B; b++) {
        const REAL *in = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b);
        REAL *state = H ? a->state[b] : NULL;
        for (int t = 0; t < T; t++, c += taps, y += n) {
            window(frame, state, H, R, n, in, F, t);
            fwd_frame(a, frame, R, count_kept(a, R, b * T + t), y, c);
        }
        for (int t = T > H ? T - H : 0; t < T; t++)
            memcpy(state + history_at(state[0], H, n, t), in + (size_t)t * F,
                   n * sizeof *in);
        if (H)
            state[0] = (REAL)(((int)state[0] + T) % H);
    }
}

/* As history_pop(), for frames that are `stride` apart in dx. */
static void pop(REAL *dstate, const REAL *state, int R, size_t n, REAL *dx, size_t stride,
                int T)
{
    if (R)
        dstate[0] = 0;
    for (int t = T > R ? T - R : 0; t < T; t++) {
        REAL *from = dstate + history_at(state[0], R, n, t);
        for (size_t i = 0; i < n; i++) {
            dx[(size_t)t * stride + i] += from[i];
            from[i] = 0;
        }
    }
}

static void bwd_frame(const dfn_args *a, const REAL *const *frame, REAL *const *dframe,
                      int R, int kept, REAL *dc, const REAL *dy, const REAL *c)
{
    const KERNELS *kernels = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const REAL *x[ORDER_MAX];
    REAL *dx[ORDER_MAX];
    for (int i = 0, from = 0; i < groups(attr); i++) {
        const group g = get_group(attr, i);
        const int taps = kept < g.order ? kept : g.order;
        const int skip = 2 * (g.order - taps) * g.tap_step;
        for (int k = 0; k < taps; k++) {
            x[k] = frame[R + 1 - taps + k] + 2 * from;
            dx[k] = dframe ? dframe[R + 1 - taps + k] + 2 * from : NULL;
        }
        if (taps)
            kernels->deep_filter_bwd(dc + skip, dframe ? dx : NULL, dy, c + skip, x, g.bins,
                                     taps, g.bin_step, g.tap_step);
        from += g.bins;
        dy += 2 * g.bins;
        c += 2 * g.bins * g.order;
        dc += 2 * g.bins * g.order;
    }
}

static void bwd(const dfn_args *a)
{
    const int R = span(&a->node->attr), H = history(&a->node->attr), T = a->out_shape.t;
    const size_t n = dfn_shape_frame(a->out_shape), F = dfn_shape_frame(a->in_shape[0]);
    const size_t taps = dfn_shape_frame(a->in_shape[1]);
    const REAL *c = a->in[1], *dy = a->dout, *frame[ORDER_MAX];
    REAL *dx = a->din[0], *dc = a->din[1], *dframe[ORDER_MAX];
    for (int b = 0; b < a->B; b++) {
        const REAL *in = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b);
        REAL *din = dx ? DFN_AT(dx, a->in_shape[0], b) : NULL;
        const REAL *state = H ? a->state[b] : NULL;
        REAL *dstate = H ? a->dstate[b] : NULL;
        if (dx)
            pop(dstate, state, H, n, din, F, T);
        for (int t = 0; t < T; t++, c += taps, dc += taps, dy += n) {
            window(frame, state, H, R, n, in, F, t);
            for (int k = 0, at = t - H; dx && k <= R; k++, at++)
                dframe[k] = at >= 0 ? din + (size_t)at * F
                                    : dstate + history_at(state[0], H, n, at);
            bwd_frame(a, frame, dx ? dframe : NULL, R, count_kept(a, R, b * T + t), dc, dy,
                      c);
        }
    }
}

const dfn_op OP(op_deep_filter) = {
    .name = "deep_filter", .infer = infer, .fwd = fwd, .bwd = bwd, .skips = true};
