/* AdamW against its formulas in double; any number of threads gives the same bits; a
 * gradient that is not finite changes nothing. */
#include "optim/adamw.h"
#include "optim_graph.h"

#include <math.h>
#include <string.h>

enum { STEPS = 40 };
static const double lr = 1e-2, decay = 0.1;

/* The tables of the plain implementation, one number at a time. */
typedef struct plain {
    double w, m, v, most, average;
} plain;

static void plain_step(plain *p, const dfn_adamw_config *c, const dfn_weight *w, int t,
                       double g)
{
    const double warm = (1.0 + t) / (10.0 + t), ema = c->ema < warm ? c->ema : warm;
    if (w->buffer) {
        p->w = g;
    } else {
        const bool decays = w->rank > 1 && !strstr(w->name, "A_log");
        p->w -= decays ? lr * decay * p->w : 0;
        p->m = c->beta1 * p->m + (1 - c->beta1) * g;
        p->v = c->beta2 * p->v + (1 - c->beta2) * g * g;
        p->most = !c->amsgrad || p->v > p->most ? p->v : p->most;
        const double root = sqrt(p->most) / sqrt(1 - pow(c->beta2, t));
        p->w -= lr / (1 - pow(c->beta1, t)) * p->m / (root + c->epsilon);
    }
    p->average += (1 - ema) * (p->w - p->average);
}

/* A gradient whose size changes, so that amsgrad matters. */
static void make_gradient(dfn_weights *d, const dfn_graph *g, int t)
{
    optim_fill(d, g, t % 10 == 3 ? 1.0 : 0.03, (uint64_t)t * 77 + 5);
}

static double norm_of(const dfn_weights *d, const dfn_graph *g)
{
    double sum = 0;
    for (int i = 0; i < d->count; i++) {
        const dfn_weight *w = dfn_graph_weight(g, i);
        for (size_t k = 0; k < w->count && !w->buffer; k++)
            sum += pow(((float *)d->data[i])[k], 2);
    }
    return sqrt(sum);
}

/* Rounding to float, u = 2^-24, per step: keep, its product with w and the difference are
 * off by 3 u |w|, and |w| stays below 2. The move is lr r, r = m / sqrt(v): m and v keep
 * the errors of their last 10 and 1000 steps, 3 u of the largest each, but no more than
 * STEPS of them, and r is below 3.2 (a lone gradient), so that a move is off by at most
 * lr 3.2 u (30 + 3 STEPS / 2 + 6). The average only mixes such values, with 3 u of its own.
 */
static double tolerance(void)
{
    const double u = ldexp(1, -24);
    return STEPS * (u * 3 * 2 * 2 + lr * 3.2 * u * (30 + 1.5 * STEPS + 6));
}

static void compare(const dfn_adamw *o, plain *const *p, const dfn_graph *g)
{
    double worst = 0, worst_average = 0;
    for (int i = 0; i < o->weights.count; i++)
        for (size_t k = 0; k < dfn_graph_weight(g, i)->count; k++) {
            const float w = ((float *)o->weights.data[i])[k];
            const float a = ((float *)o->average.data[i])[k];
            worst = check_worse(worst, fabs(w - p[i][k].w));
            worst_average = check_worse(worst_average, fabs(a - p[i][k].average));
        }
    printf("off by %.2g, average %.2g, allowed %.2g\n", worst, worst_average, tolerance());
    CHECK(worst <= tolerance(), "weights are off by %g", worst);
    CHECK(worst_average <= tolerance(), "averages are off by %g", worst_average);
}

static void against_plain(const dfn_graph *g, const dfn_adamw_config *c)
{
    dfn_adamw o;
    dfn_weights d;
    dfn_error err = {0};
    if (dfn_adamw_new(&o, g, c, &err) || dfn_weights_new(&d, g, DFN_F32, &err)) {
        CHECK(false, "%s", err.text);
        return;
    }
    optim_fill(&o.weights, g, 1, 42);
    dfn_adamw_start(&o);
    plain **p = calloc((size_t)o.weights.count, sizeof *p);
    for (int i = 0; i < o.weights.count; i++) {
        const size_t n = dfn_graph_weight(g, i)->count;
        p[i] = calloc(n, sizeof **p);
        for (size_t k = 0; k < n; k++)
            p[i][k].w = p[i][k].average = ((float *)o.weights.data[i])[k];
    }
    for (int t = 1; t <= STEPS; t++) {
        make_gradient(&d, g, t);
        const double want = norm_of(&d, g);
        const double scale = c->clip > 0 && want > c->clip ? c->clip / want : 1;
        const double norm = dfn_adamw_step(&o, d.data, lr, decay, NULL);
        CHECK(fabs(norm - want) <= 1e-12 * want, "norm %.17g, not %.17g", norm, want);
        for (int i = 0; i < o.weights.count; i++) {
            const dfn_weight *w = dfn_graph_weight(g, i);
            for (size_t k = 0; k < w->count; k++)
                plain_step(&p[i][k], c, w, t,
                           ((float *)d.data[i])[k] * (w->buffer ? 1 : scale));
        }
    }
    compare(&o, p, g);
    CHECK(o.updates == STEPS && !o.skipped, "counters");
    for (int i = 0; i < o.weights.count; i++)
        free(p[i]);
    free(p);
    dfn_weights_free(&d);
    dfn_adamw_free(&o);
}

static bool same_tables(const dfn_weights *a, const dfn_weights *b, const dfn_graph *g)
{
    for (int i = 0; i < a->count; i++)
        if (memcmp(a->data[i], b->data[i], dfn_graph_weight(g, i)->count * sizeof(float)))
            return false;
    return a->count == b->count;
}

static bool same(const dfn_adamw *a, const dfn_adamw *b)
{
    return same_tables(&a->weights, &b->weights, a->graph) &&
           same_tables(&a->average, &b->average, a->graph) &&
           same_tables(&a->first, &b->first, a->graph) &&
           same_tables(&a->second, &b->second, a->graph) &&
           same_tables(&a->largest, &b->largest, a->graph) && a->updates == b->updates;
}

/* With `bad` in a gradient, or in a running statistic, of every third step. */
static void run(dfn_adamw *o, const dfn_graph *g, const dfn_adamw_config *c, dfn_pool *pool,
                const char *where, float bad)
{
    dfn_weights d;
    CHECK(!dfn_adamw_new(o, g, c, NULL) && !dfn_weights_new(&d, g, DFN_F32, NULL),
          "memory");
    optim_fill(&o->weights, g, 1, 42);
    dfn_adamw_start(o);
    for (int t = 1; t <= STEPS; t++) {
        if (where) {
            make_gradient(&d, g, 1000);
            for (int i = 0; i < d.count; i++)
                if (!strcmp(dfn_graph_weight(g, i)->name, where))
                    ((float *)d.data[i])[dfn_graph_weight(g, i)->count - 1] = bad;
            const double norm = dfn_adamw_step(o, d.data, lr, decay, pool);
            CHECK(!isfinite(norm), "%s = %g: norm %g", where, bad, norm);
        }
        make_gradient(&d, g, t);
        dfn_adamw_step(o, d.data, lr, decay, pool);
    }
    dfn_weights_free(&d);
}

static void threads(const dfn_graph *g, const dfn_adamw_config *c, const dfn_adamw *want)
{
    for (int n = 1; n <= 3; n++) {
        dfn_pool *pool;
        dfn_adamw o;
        CHECK(!dfn_pool_new(&pool, n, NULL), "pool");
        run(&o, g, c, pool, NULL, 0);
        CHECK(same(&o, want), "%d threads: another result", n);
        dfn_adamw_free(&o);
        dfn_pool_free(pool);
    }
}

static void not_finite(const dfn_graph *g, const dfn_adamw_config *c, const dfn_adamw *want)
{
    static const char *const where[] = {"linear.weight", "linear.bias", "norm.running_var",
                                        "scan.A_log"};
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 12; i++) {
        dfn_adamw o;
        run(&o, g, c, NULL, where[i / 3], bad[i % 3]);
        CHECK(o.skipped == STEPS, "%d steps skipped", (int)o.skipped);
        CHECK(same(&o, want), "%s = %g left a trace", where[i / 3], bad[i % 3]);
        dfn_adamw_free(&o);
    }
}

int main(void)
{
    dfn_graph *g = optim_graph();
    const dfn_adamw_config usual = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8},
                           all = {0.9, 0.98, 1e-6, 1.0, 0.9, true};
    against_plain(g, &usual);
    against_plain(g, &all);
    dfn_adamw want;
    run(&want, g, &all, NULL, NULL, 0);
    threads(g, &all, &want);
    not_finite(g, &all, &want);
    dfn_adamw_free(&want);
    dfn_graph_free(g);
    return check_report();
}
