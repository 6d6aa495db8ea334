/* conv.c - see conv.h. Five ways to the same sum:
 *
 *   pointwise  1x1, dense: every bin of every frame is one row of a linear layer
 *   depthwise  one kernel per channel: runs along the channels, weights turned to
 *              [kt][kf][C] in scratch
 *   repeated   a few kernels per channel and no frames before: the same, with each channel
 *              repeated for each of its outputs
 *   along      a kernel along time of few outputs (conv_along.h)
 *   general    windows [kt][kf][C/g] are rows of a matrix product for each group; small
 *              groups count as one, with zeros, since vectors would stay empty otherwise
 *
 * Backward is the same in reverse: the gradients of the product, then scatter. */
#include "op/conv_along.h"
#include "op/history.h"

enum {
    ROWS = 128,   /* of a product, at least, where there are as many */
    OUTPUTS = 16, /* of a group that counts as one of its own */
    CHANNELS = 8,
    REPEATS = 4, /* of a channel; with more, products are faster */
};

/* Outputs of a channel that is repeated for them; 1: depthwise; 0: another way is taken. */
static int repeats(const conv_shape *s)
{
    const int n = s->O / s->C;
    if (conv_depthwise(s))
        return 1;
    return s->groups > 4 && s->groups == s->C && s->kt == 1 && n <= REPEATS ? n : 0;
}

/* Groups after small ones have been put together. */
static int groups(const conv_shape *s)
{
    int n = s->groups;
    while (n > 1 && (s->groups % n || s->O / n < OUTPUTS || s->C / n < CHANNELS))
        n--;
    return n;
}

static size_t window_size(const conv_shape *s)
{
    return (size_t)(s->C / groups(s)) * (size_t)s->kt * (size_t)s->kf;
}

/* Turned weights [O][kt][kf][C/g]. */
static size_t turned_size(const conv_shape *s) { return window_size(s) * (size_t)s->O; }

/* Output frames whose windows are made together. */
static int together(const conv_shape *s) { return s->Fo < ROWS ? ROWS / s->Fo : 1; }

static bool within(int n, int least, int most) { return n >= least && n <= most; }

const char *OP(conv_check_attr)(const dfn_attr *a, int C)
{
    const int groups = conv_or_one(a->groups), most = CONV_ATTR_MAX;
    if (!within(a->out, 1, most))
        return "needs a number of output channels";
    if (!within(a->kernel_t, 0, CONV_KERNEL_MAX) || !within(a->kernel_f, 0, most))
        return "impossible kernel";
    if (!within(a->stride_t, 0, most) || !within(a->stride_f, 0, most))
        return "impossible stride";
    if (!within(a->pad_t, 0, most) || !within(a->pad_f, 0, most))
        return "impossible padding";
    if (groups < 1 || C % groups || a->out % groups)
        return "the groups do not divide the channels";
    return NULL;
}

const char *OP(conv_check)(const conv_shape *s)
{
    const uint64_t limit = INT_MAX, rows = (uint64_t)s->Fo * (uint64_t)together(s);
    if ((uint64_t)s->F * (uint64_t)s->C > limit ||
        (uint64_t)s->Fo * (uint64_t)s->O > limit ||
        (repeats(s) && (uint64_t)s->F * (uint64_t)s->O > limit))
        return "a frame is too large";
    if (window_size(s) > limit / rows || (uint64_t)s->O > limit / rows)
        return "the kernel is too large";
    return NULL;
}

uint64_t OP(conv_macs)(const conv_shape *s)
{
    return (uint64_t)s->Fo * (uint64_t)s->O * (uint64_t)(s->C / s->groups) *
           (uint64_t)s->kt * (uint64_t)s->kf;
}

size_t OP(conv_scratch)(const conv_shape *s)
{
    if (conv_pointwise(s))
        return 0;
    if (repeats(s))
        return (2 * (size_t)(s->kt * s->kf) + (repeats(s) > 1 ? 2 * (size_t)s->F : 0)) *
               (size_t)s->O;
    if (conv_along(s))
        return OP(conv_along_scratch)(s);
    return 2 * turned_size(s) + (size_t)(s->Fo * together(s)) * window_size(s);
}

void OP(conv_look)(const REAL **frame, const conv_run *r, int j)
{
    const size_t n = (size_t)r->s->F * (size_t)r->s->C;
    for (int d = 0; d < r->s->kt; d++) {
        const int t = j * r->s->stride_t - r->s->before + d;
        const bool there = t < r->T && (t >= 0 || r->state);
        frame[d] = there ? history_frame(r->state, r->s->before, n, r->x, t) : NULL;
    }
}

/* Where the gradients of these frames are added. */
static void look_grad(REAL **frame, const conv_run *r, const conv_grad *g, int j, int c)
{
    const size_t n = (size_t)r->s->F * (size_t)r->s->C;
    for (int d = 0; d < r->s->kt; d++) {
        const int t = j * r->s->stride_t - r->s->before + d;
        const bool there = t < r->T && (t >= 0 || r->state);
        frame[d] =
            there ? history_grad(g->dstate, r->state, r->s->before, n, g->dx, t) + c : NULL;
    }
}

/* wt[k][c] = w[c][k], or back with addition */
static void turn(REAL *restrict wt, const REAL *restrict w, int C, int K)
{
    for (int k = 0; k < K; k++)
        for (int c = 0; c < C; c++)
            wt[k * C + c] = w[c * K + k];
}

static void turn_back(REAL *restrict w, const REAL *restrict wt, int C, int K)
{
    for (int c = 0; c < C; c++)
        for (int k = 0; k < K; k++)
            w[c * K + k] += wt[k * C + c];
}

/* What output frame j sees, a channel for each output: `room` for [F][O]. */
static void look_repeated(const REAL **x, const conv_run *r, int j, REAL *room)
{
    const conv_shape *s = r->s;
    OP(conv_look)(x, r, j);
    if (repeats(s) > 1 && x[0]) {
        r->k->conv_repeat(room, x[0], s->F * s->C, repeats(s));
        x[0] = room;
    }
}

static void depthwise_forward(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const int K = s->kt * s->kf;
    const REAL *x[CONV_KERNEL_MAX];
    turn(r->scratch, r->w, s->O, K);
    for (int j = 0; j < r->To; j++) {
        look_repeated(x, r, j, r->scratch + 2 * K * s->O);
        r->k->conv_depthwise_fwd(y + (size_t)j * (size_t)(s->Fo * s->O), x, r->scratch,
                                 r->b, s->F, s->O, s->Fo, s->kt, s->kf, s->stride_f,
                                 s->pad_f);
    }
}

/* x[i] += the sum of its `times` repetitions */
static void add_repeated(REAL *restrict x, const REAL *restrict y, int n, int times)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < times; j++)
            x[i] += *y++;
}

static void depthwise_backward(const conv_run *r, const conv_grad *g)
{
    const conv_shape *s = r->s;
    const int K = s->kt * s->kf, per = s->Fo * s->O, n = s->F * s->O;
    const REAL *x[CONV_KERNEL_MAX];
    REAL *dx[CONV_KERNEL_MAX], *wt = r->scratch, *dwt = g->dw ? wt + K * s->O : NULL;
    REAL *room = wt + 2 * K * s->O, *own; /* own: where repeated gradients belong */
    turn(wt, r->w, s->O, K);
    if (dwt)
        memset(dwt, 0, (size_t)(K * s->O) * sizeof *dwt);
    for (int j = 0; j < r->To; j++) {
        const REAL *dy = g->dy + (size_t)j * (size_t)per;
        if (dwt)
            look_repeated(x, r, j, room);
        if (g->dx)
            look_grad(dx, r, g, j, 0);
        own = g->dx && repeats(s) > 1 ? dx[0] : NULL;
        if (own)
            dx[0] = memset(room + n, 0, (size_t)n * sizeof *room);
        r->k->conv_depthwise_bwd(g->dx ? dx : NULL, dwt, dy, x, wt, s->F, s->O, s->Fo,
                                 s->kt, s->kf, s->stride_f, s->pad_f);
        if (own)
            add_repeated(own, room + n, s->F * s->C, repeats(s));
        for (int f = 0; g->db && f < s->Fo; f++)
            for (int o = 0; o < s->O; o++)
                g->db[o] += dy[f * s->O + o];
    }
    if (dwt)
        turn_back(g->dw, dwt, s->O, K);
}

/* The numbers of output o in the weights [O][C/groups][kt][kf], and where they stand in the
 * turned ones: its channels start at `from`. */
typedef struct place {
    size_t at, turned;
    int n, nc, from, taps;
} place;

static place place_of(const conv_shape *s, int o)
{
    const int n = s->C / s->groups, nc = s->C / groups(s), taps = s->kt * s->kf;
    const int own = o / (s->O / s->groups) % (s->groups / groups(s)) * n;
    return (place){
        (size_t)o * (size_t)(n * taps), (size_t)o * window_size(s), n, nc, own, taps};
}

static void turn_weights(REAL *restrict to, const REAL *restrict w, const conv_shape *s)
{
    memset(to, 0, turned_size(s) * sizeof *to);
    for (int o = 0; o < s->O; o++) {
        const place p = place_of(s, o);
        for (int c = 0; c < p.n; c++)
            for (int k = 0; k < p.taps; k++)
                to[p.turned + (size_t)(k * p.nc + p.from + c)] =
                    w[p.at + (size_t)(c * p.taps + k)];
    }
}

static void turn_weights_back(REAL *restrict dw, const REAL *restrict from,
                              const conv_shape *s)
{
    for (int o = 0; o < s->O; o++) {
        const place p = place_of(s, o);
        for (int c = 0; c < p.n; c++)
            for (int k = 0; k < p.taps; k++)
                dw[p.at + (size_t)(c * p.taps + k)] +=
                    from[p.turned + (size_t)(k * p.nc + p.from + c)];
    }
}

/* Windows of output frames j .. j+n-1 as rows p[n Fo][K]. */
static void windows(const conv_run *r, REAL *p, int j, int n, int group)
{
    const conv_shape *s = r->s;
    const int nc = s->C / groups(s), step = s->Fo * (int)window_size(s);
    const REAL *x[CONV_KERNEL_MAX];
    for (int i = 0; i < n; i++) {
        OP(conv_look)(x, r, j + i);
        for (int d = 0; d < s->kt; d++)
            x[d] = x[d] ? x[d] + group * nc : NULL;
        r->k->conv_windows(p + i * step, x, nc, s->F, s->C, s->Fo, s->kt, s->kf,
                           s->stride_f, s->pad_f);
    }
}

static void scatter(const conv_run *r, const conv_grad *g, const REAL *dp, int j, int n,
                    int group)
{
    const conv_shape *s = r->s;
    const int nc = s->C / groups(s), step = s->Fo * (int)window_size(s);
    REAL *dx[CONV_KERNEL_MAX];
    for (int i = 0; i < n; i++) {
        look_grad(dx, r, g, j + i, group * nc);
        r->k->conv_scatter(dx, dp + i * step, nc, s->F, s->C, s->Fo, s->kt, s->kf,
                           s->stride_f, s->pad_f);
    }
}

static int least(int a, int b) { return a < b ? a : b; }

static void general_forward(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const int K = (int)window_size(s), O = s->O / groups(s), step = together(s);
    REAL *w = r->scratch, *p = w + 2 * turned_size(s);
    turn_weights(w, r->w, s);
    for (int j = 0; j < r->To; j += step) {
        const int n = least(step, r->To - j), rows = n * s->Fo;
        REAL *yj = y + (size_t)j * (size_t)(s->Fo * s->O);
        for (int i = 0; r->b && i < rows; i++)
            memcpy(yj + i * s->O, r->b, (size_t)s->O * sizeof *yj);
        for (int group = 0; group < groups(s); group++) {
            windows(r, p, j, n, group);
            r->k->matmul(yj + group * O, p, w + group * O * K, rows, O, K, K, K, s->O,
                         false, true, r->b != NULL);
        }
    }
}

/* Output frames j .. j+n-1 of one group; w and dw are turned. */
static void frames_backward(const conv_run *r, const conv_grad *g, const REAL *w, REAL *dw,
                            REAL *p, int j, int n, int group)
{
    const conv_shape *s = r->s;
    const int K = (int)window_size(s), O = s->O / groups(s), rows = n * s->Fo;
    const REAL *dy = g->dy + (size_t)j * (size_t)(s->Fo * s->O) + group * O;
    if (g->dw) {
        windows(r, p, j, n, group);
        r->k->matmul(dw + group * O * K, dy, p, O, K, rows, s->O, K, K, true, false, true);
    }
    if (g->dx) {
        r->k->matmul(p, dy, w + group * O * K, rows, K, O, s->O, K, K, false, false, false);
        scatter(r, g, p, j, n, group);
    }
}

static void general_backward(const conv_run *r, const conv_grad *g)
{
    const conv_shape *s = r->s;
    const int step = together(s);
    REAL *w = r->scratch, *dw = w + turned_size(s), *p = dw + turned_size(s);
    turn_weights(w, r->w, s);
    memset(dw, 0, turned_size(s) * sizeof *dw);
    for (int j = 0; j < r->To; j += step)
        for (int group = 0; group < groups(s); group++)
            frames_backward(r, g, w, dw, p, j, least(step, r->To - j), group);
    if (g->dw)
        turn_weights_back(g->dw, dw, s);
    const REAL *dy = g->dy;
    for (int n = 0; g->db && n < r->To * s->Fo; n++, dy += s->O)
        for (int o = 0; o < s->O; o++)
            g->db[o] += dy[o];
}

void OP(conv_forward)(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    if (r->format)
        OP(conv_packed_forward)(r, y);
    else if (conv_pointwise(s))
        OP(linear_forward)(r->k, y, r->x, r->w, r->b, r->T * s->F, s->C, s->O);
    else if (repeats(s))
        depthwise_forward(r, y);
    else if (conv_along(s))
        OP(conv_along_forward)(r, y);
    else
        general_forward(r, y);
}

void OP(conv_backward)(const conv_run *r, const conv_grad *g)
{
    const conv_shape *s = r->s;
    if (repeats(s))
        depthwise_backward(r, g);
    else if (conv_along(s))
        OP(conv_along_backward)(r, g);
    else if (!conv_pointwise(s))
        general_backward(r, g);
    else
        OP(linear_backward)
    (r->k, g->dx, g->dw, g->db, g->dy, r->x, r->w, !g->fresh, r->T * s->F, s->C, s->O);
}

/* Stream i of an op with its own input, weights and state. */
static conv_run stream(const dfn_args *a, const conv_shape *s, int T, int To, int i)
{
    return (conv_run){.s = s,
                      .k = a->kernels,
                      .T = T,
                      .To = To,
                      .x = DFN_AT((const REAL *)a->in[0], a->in_shape[0], i),
                      .state = a->state ? a->state[i] : NULL,
                      .sums = a->state ? a->state[i] : NULL,
                      .w = a->w[0],
                      .b = a->w[1],
                      .format = a->node->packed ? a->node->attr.format : DFN_WEIGHTS_PLAIN,
                      .relu = a->node->packed && a->node->attr.act == DFN_ACT_RELU,
                      .scratch = a->scratch};
}

void OP(conv_op_forward)(const dfn_args *a, const conv_shape *s, int T, int To)
{
    for (int i = 0; i < a->B; i++) {
        const conv_run r = stream(a, s, T, To, i);
        OP(conv_forward)(&r, DFN_AT((REAL *)a->out, a->out_shape, i));
        if (a->state && !(r.format && OP(conv_overlaps)(s)))
            history_push(a->state[i], s->before, (size_t)s->F * (size_t)s->C, r.x, T);
    }
}

void OP(conv_op_backward)(const dfn_args *a, const conv_shape *s, int T, int To)
{
    const size_t frame = (size_t)s->F * (size_t)s->C, whole = (size_t)T * frame;
    const size_t written = (size_t)conv_along_written(s, T) * frame;
    for (int i = 0; i < a->B; i++) {
        const conv_run r = stream(a, s, T, To, i);
        REAL *dx = a->din[0];
        const conv_grad g = {.dx = dx ? DFN_AT(dx, a->in_shape[0], i) : NULL,
                             .dw = a->dw[0],
                             .db = a->dw[1],
                             .fresh = a->fresh[0],
                             .dstate = a->dstate ? a->dstate[i] : NULL,
                             .dy = DFN_AT((const REAL *)a->dout, a->out_shape, i)};
        if (dx && g.fresh && !conv_pointwise(s))
            memset(g.dx + written, 0, (whole - written) * sizeof *dx);
        if (dx && r.state)
            history_pop(g.dstate, r.state, s->before, frame, g.dx, T);
        OP(conv_backward)(&r, &g);
    }
}
