#include "variants.h"

static const double eps = FLT_EPSILON;

/* Sigmoid and tanh err by 3.5 roundings with their arguments' two; each step adds one. */
static void run_gru(const variant *v, size_t H)
{
    pair y = pair_new(H, 1, 1), gates = pair_new(4 * H, 1, 2), gx = pair_new(3 * H, 4, 3);
    pair gh = pair_new(3 * H, 4, 4), h = pair_new(H, 1, 5), alone = pair_new(H, 1, 1);
    double bound[4 * VARIANT_MAX];
    for (size_t i = 0; i < H; i++) {
        const double sums =
            fabs(gx.d[i]) + fabs(gh.d[i]) + fabs(gx.d[H + i]) + fabs(gh.d[H + i]);
        const double inner = fabs(gx.d[2 * H + i]) + fabs(gh.d[2 * H + i]) * (2 + sums);
        bound[i] = 8 * eps * (1 + sums + inner);
        bound[H + i] = bound[2 * H + i] = bound[3 * H + i] = bound[i];
    }
    v->k.gru_gates_fwd(y.f, gates.f, gx.f, gh.f, h.f, (int)H);
    v->k.gru_gates_fwd(alone.f, NULL, gx.f, gh.f, h.f, (int)H);
    dfn_gru_gates_fwd_f64(y.d, gates.d, gx.d, gh.d, h.d, (int)H);
    pair_check(v, "gru", &y, bound);
    pair_check(v, "gru's gates", &gates, bound);
    variant_same(v, "gru with and without gates", y.f, alone.f, H);
    pair_free(&y);
    pair_free(&gates);
    pair_free(&gx);
    pair_free(&gh);
    pair_free(&h);
    pair_free(&alone);
}

void variant_gru_gates_fwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++)
        run_gru(v, (size_t)variant_sizes[s]);
}

/* Products of up to five numbers below 1, and one sum. */
static void run_gru_bwd(const variant *v, size_t H)
{
    pair dgx = pair_new(3 * H, 1, 1), dgh = pair_new(3 * H, 1, 2), dh = pair_new(H, 1, 3);
    pair dy = pair_new(H, 1, 4), gates = pair_new(4 * H, 1, 5), h = pair_new(H, 1, 6);
    double bound[3 * VARIANT_MAX];
    for (size_t i = 0; i < 3 * H; i++)
        bound[i] = 32 * eps; /* 1 - z and 1 - r are at most 2, h - n too */
    v->k.gru_gates_bwd(dgx.f, dgh.f, dh.f, dy.f, gates.f, h.f, (int)H);
    dfn_gru_gates_bwd_f64(dgx.d, dgh.d, dh.d, dy.d, gates.d, h.d, (int)H);
    pair_check(v, "gru backward, dgx", &dgx, bound);
    pair_check(v, "gru backward, dgh", &dgh, bound);
    pair_check(v, "gru backward, dh", &dh, bound);
    pair_free(&dgx);
    pair_free(&dgh);
    pair_free(&dh);
    pair_free(&dy);
    pair_free(&gates);
    pair_free(&h);
}

void variant_gru_gates_bwd(const variant *v)
{
    for (int s = 0; s < VARIANT_SIZES; s++)
        run_gru_bwd(v, (size_t)variant_sizes[s]);
}

enum { FRAMES = 3, STATES = 10, CHANNELS = 6 };
static const int states[STATES] = {1, 2, 3, 4, 7, 8, 15, 16, 24, 33};
static const int channels[CHANNELS] = {1, 2, 5, 16, 19, 70};

/* Sizes of one scan, and everything that goes in, the steps positive. */
typedef struct scan {
    size_t M, N;
    pair u, delta, b, c, rate, d, h, y;
} scan;

static void positive(pair *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->d[i] = (double)(p->f[i] = fabsf(p->f[i]));
}

static scan scan_new(int M_, int N_)
{
    const size_t M = (size_t)M_, N = (size_t)N_;
    scan s = {M,
              N,
              pair_new(FRAMES * M, 1, 1),
              pair_new(FRAMES * M, 2, 2),
              pair_new(FRAMES * N, 1, 3),
              pair_new(FRAMES * N, 1, 4),
              pair_new(M * N, 4, 5),
              pair_new(M, 1, 6),
              pair_new(M * N, 1, 7),
              pair_new(FRAMES * M, 1, 8)};
    positive(&s.delta);
    positive(&s.rate);
    return s;
}

static void scan_free(scan *s)
{
    pair *all[] = {&s->u, &s->delta, &s->b, &s->c, &s->rate, &s->d, &s->h, &s->y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pair_free(all[i]);
}

static double *constant(double x, size_t n)
{
    double *bound = malloc(n * sizeof *bound);
    for (size_t i = 0; bound && i < n; i++)
        bound[i] = x;
    return bound;
}

/* |h| is at most 1 + 2 FRAMES. An exponent is at most 8 and errs by half a rounding, exp2
 * by one ulp: a decay errs by at most 2 eps, 2^-x x being below 0.54. Each frame adds that,
 * and two roundings of h; a sum of N terms adds N. */
void variant_scan_fwd(const variant *v)
{
    for (int i = 0; i < STATES * CHANNELS; i++) {
        const int N = states[i / CHANNELS], M = channels[i % CHANNELS];
        scan s = scan_new(M, N), one = scan_new(M, N);
        const double top = 1 + 2 * FRAMES, state = FRAMES * 4 * eps * top;
        double *of_state = constant(state, s.M * s.N);
        double *of_y = constant(N * (state + N * eps * top) + 4 * eps, FRAMES * s.M);
        v->k.scan_fwd(s.y.f, s.h.f, s.u.f, s.delta.f, s.b.f, s.c.f, s.rate.f, s.d.f, FRAMES,
                      M, N);
        dfn_scan_fwd_f64(s.y.d, s.h.d, s.u.d, s.delta.d, s.b.d, s.c.d, s.rate.d, s.d.d,
                         FRAMES, M, N);
        pair_check(v, "scan_fwd, y", &s.y, of_y);
        pair_check(v, "scan_fwd, h", &s.h, of_state);
        for (int t = 0; t < FRAMES; t++)
            v->k.scan_fwd(one.y.f + t * M, one.h.f, s.u.f + t * M, s.delta.f + t * M,
                          s.b.f + t * N, s.c.f + t * N, s.rate.f, s.d.f, 1, M, N);
        variant_same(v, "scan_fwd frame by frame, y", s.y.f, one.y.f, FRAMES * s.M);
        variant_same(v, "scan_fwd frame by frame, h", s.h.f, one.h.f, s.M * s.N);
        free(of_state);
        free(of_y);
        scan_free(&s);
        scan_free(&one);
    }
}

/* Every number is below 4 in size but the states, at most 1 + 2 FRAMES = 7; products of up
 * to five of them below 2^8. Sums run over M, N or FRAMES of them. The states that are run
 * again err as those of scan_fwd, and gradients go through FRAMES frames of decays. */
static void run_scan_bwd(const variant *v, int M, int N, bool shared, bool weights)
{
    scan s = scan_new(M, N);
    const size_t TM = FRAMES * s.M, TN = FRAMES * s.N, vectors = 256 * (FRAMES + 17);
    pair du = pair_new(TM, 1, 11), ddelta = pair_new(TM, 1, 12), db = pair_new(TN, 1, 13);
    pair dc = pair_new(TN, 1, 14), drate = pair_new(s.M * s.N, 1, 15);
    pair dd = pair_new(s.M, 1, 16), dh = pair_new(s.M * s.N, 1, 17),
         dy = pair_new(TM, 1, 18);
    pair work = pair_new(vectors > 2 * TN * s.M ? vectors : 2 * TN * s.M, 1, 19);
    double *bound =
        constant((double)(8 + M + N + 4 * FRAMES) * eps * 256 * (double)(M + N + FRAMES),
                 FRAMES * s.M * s.N);
    double *any = constant(INFINITY, work.n);
    pair *delta = shared ? &du : &ddelta, *c = shared ? &db : &dc;
    v->k.scan_bwd(du.f, delta->f, db.f, c->f, weights ? drate.f : NULL,
                  weights ? dd.f : NULL, dh.f, work.f, dy.f, s.h.f, s.u.f, s.delta.f, s.b.f,
                  s.c.f, s.rate.f, s.d.f, FRAMES, M, N);
    dfn_scan_bwd_f64(du.d, delta->d, db.d, c->d, weights ? drate.d : NULL,
                     weights ? dd.d : NULL, dh.d, work.d, dy.d, s.h.d, s.u.d, s.delta.d,
                     s.b.d, s.c.d, s.rate.d, s.d.d, FRAMES, M, N);
    const struct {
        const char *name;
        pair *p;
    } out[] = {{"du", &du},       {"ddelta", &ddelta}, {"db", &db}, {"dc", &dc},
               {"drate", &drate}, {"dd", &dd},         {"dh", &dh}};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        pair_check(v, out[i].name, out[i].p, bound);
        pair_free(out[i].p);
    }
    pair_check(v, "scan, work", &work, any); /* its guard words */
    pair_free(&work);
    pair_free(&dy);
    free(any);
    free(bound);
    scan_free(&s);
}

void variant_scan_bwd(const variant *v)
{
    for (int i = 0; i < STATES; i++)
        for (int j = 0; j < CHANNELS; j++)
            run_scan_bwd(v, channels[j], states[i], (i + j) % 3 == 0, (i + j) % 2);
}
