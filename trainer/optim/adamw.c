#include "optim/adamw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A piece of one weight. Pieces do not depend on the threads, so neither do sums over them.
 * One of each table, 16 KiB, fits the first-level cache beside the others. */
enum { PART = 4096 };
struct dfn_adamw_part {
    int weight;
    bool buffer, decays;
    size_t begin, count;
    double square; /* sum of the gradient's squares, of the current step */
};

/* What the pieces of a step share. */
typedef struct step {
    dfn_adamw *o;
    void *const *gradient;
    float scale, keep;   /* of the gradient; of a weight that decays */
    float rate, correct; /* lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
    float follow;        /* share of the new weight in the average */
} step;

bool dfn_adamw_decays(const dfn_weight *w)
{
    static const char rates[] = "A_log";
    const size_t n = strlen(w->name), m = sizeof rates - 1;
    return !w->buffer && w->rank > 1 && (n < m || strcmp(w->name + n - m, rates));
}

static dfn_status make_parts(dfn_adamw *o, dfn_error *err)
{
    const int n = dfn_graph_weight_count(o->graph);
    size_t parts = 0;
    for (int i = 0; i < n; i++)
        parts += (dfn_graph_weight(o->graph, i)->count + PART - 1) / PART;
    o->parts = calloc(parts + 1, sizeof *o->parts);
    if (!o->parts)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the optimiser");
    for (int i = 0; i < n; i++) {
        const dfn_weight *w = dfn_graph_weight(o->graph, i);
        for (size_t at = 0; at < w->count; at += PART)
            o->parts[o->n_parts++] = (dfn_adamw_part){
                .weight = i,
                .buffer = w->buffer,
                .decays = dfn_adamw_decays(w),
                .begin = at,
                .count = w->count - at < PART ? w->count - at : PART,
            };
    }
    return DFN_OK;
}

dfn_status dfn_adamw_new(dfn_adamw *o, const dfn_graph *g, const dfn_adamw_config *config,
                         dfn_error *err)
{
    *o = (dfn_adamw){.graph = g, .config = *config};
    dfn_weights *const table[] = {&o->weights, &o->average, &o->first, &o->second,
                                  config->amsgrad ? &o->largest : NULL};
    dfn_status status = make_parts(o, err);
    for (size_t i = 0; i < sizeof table / sizeof *table && !status; i++)
        if (table[i])
            status = dfn_weights_new(table[i], g, DFN_F32, err);
    return status;
}

void dfn_adamw_free(dfn_adamw *o)
{
    dfn_weights_free(&o->weights);
    dfn_weights_free(&o->average);
    dfn_weights_free(&o->first);
    dfn_weights_free(&o->second);
    dfn_weights_free(&o->largest);
    free(o->parts);
    *o = (dfn_adamw){0};
}

void dfn_adamw_start(dfn_adamw *o)
{
    for (int i = 0; i < o->weights.count; i++)
        memcpy(o->average.data[i], o->weights.data[i],
               dfn_graph_weight(o->graph, i)->count * sizeof(float));
}

/* Squares of floats cannot overflow a double, so the sum is finite if the numbers are. */
static void sum_squares(void *context, int task, int worker)
{
    const step *s = context;
    dfn_adamw_part *p = &s->o->parts[task];
    const float *x = (const float *)s->gradient[p->weight] + p->begin;
    double sum[8] = {0}; /* several, so that the additions need not wait for each other */
    size_t i = 0;
    (void)worker;
    for (; i + 8 <= p->count; i += 8)
        for (int k = 0; k < 8; k++)
            sum[k] += (double)x[i + k] * x[i + k];
    for (; i < p->count; i++)
        sum[0] += (double)x[i] * x[i];
    p->square =
        ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

static void follow(float *restrict average, const float *restrict w, size_t n, float share)
{
    for (size_t i = 0; i < n; i++)
        average[i] += share * (w[i] - average[i]);
}

/* The share of the old moments, and of what comes in. */
typedef struct mix {
    float old1, new1, old2, new2;
} mix;

static void moments(float *restrict m, float *restrict v, const float *restrict g, size_t n,
                    mix b, float scale)
{
    for (size_t i = 0; i < n; i++) {
        const float x = g[i] * scale;
        m[i] = b.old1 * m[i] + b.new1 * x;
        v[i] = b.old2 * v[i] + b.new2 * x * x;
    }
}

static void raise(float *restrict largest, const float *restrict v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        largest[i] = largest[i] > v[i] ? largest[i] : v[i];
}

static void move(float *restrict w, const float *restrict m, const float *restrict v,
                 size_t n, float keep, float rate, float correct, float epsilon)
{
    for (size_t i = 0; i < n; i++)
        w[i] = w[i] * keep - rate * m[i] / (sqrtf(v[i]) * correct + epsilon);
}

static void update(void *context, int task, int worker)
{
    const step *s = context;
    const dfn_adamw *o = s->o;
    const dfn_adamw_part *p = &o->parts[task];
    const dfn_adamw_config *c = &o->config;
    const size_t at = p->begin, n = p->count;
    const float *g = (const float *)s->gradient[p->weight] + at;
    float *w = (float *)o->weights.data[p->weight] + at;
    (void)worker;
    if (p->buffer) {
        memcpy(w, g, n * sizeof *w);
    } else {
        float *m = (float *)o->first.data[p->weight] + at;
        float *v = (float *)o->second.data[p->weight] + at, *most = v;
        const mix b = {(float)c->beta1, (float)(1 - c->beta1), (float)c->beta2,
                       (float)(1 - c->beta2)};
        moments(m, v, g, n, b, s->scale);
        if (c->amsgrad) {
            most = (float *)o->largest.data[p->weight] + at;
            raise(most, v, n);
        }
        move(w, m, most, n, p->decays ? s->keep : 1, s->rate, s->correct,
             (float)c->epsilon);
    }
    follow((float *)o->average.data[p->weight] + at, w, n, s->follow);
}

static void share(const dfn_adamw *o, dfn_pool *pool, dfn_pool_task *task, step *s)
{
    if (pool)
        dfn_pool_run(pool, task, s, o->n_parts);
    else
        for (int i = 0; i < o->n_parts; i++)
            task(s, i, 0);
}

double dfn_adamw_step(dfn_adamw *o, void *const *gradient, double lr, double decay,
                      dfn_pool *pool)
{
    const dfn_adamw_config *c = &o->config;
    step s = {.o = o, .gradient = gradient};
    share(o, pool, sum_squares, &s);
    double square = 0, statistics = 0;
    for (int i = 0; i < o->n_parts; i++)
        *(o->parts[i].buffer ? &statistics : &square) += o->parts[i].square;
    const double norm = sqrt(square);
    if (!isfinite(norm) || !isfinite(statistics)) {
        o->skipped++;
        return isfinite(norm) ? statistics : norm;
    }
    const double t = (double)++o->updates, warm = (1 + t) / (10 + t);
    s.scale = c->clip > 0 && norm > c->clip ? (float)(c->clip / norm) : 1;
    s.keep = (float)(1 - lr * decay);
    s.rate = (float)(lr / (1 - pow(c->beta1, t)));
    s.correct = (float)(1 / sqrt(1 - pow(c->beta2, t)));
    s.follow = (float)(1 - (c->ema < warm ? c->ema : warm));
    share(o, pool, update, &s);
    return norm;
}
