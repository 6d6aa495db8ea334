#include "variants.h"

static const double eps = FLT_EPSILON;
enum { HEADS = 3, RUNS = VARIANT_SIZES };

/* Two vectors of HEADS heads, and two more to add to. */
typedef struct heads {
    pair a, b, to, to2, s;
    int width;
} heads;

static heads heads_new(int i)
{
    const size_t n = HEADS * (size_t)variant_sizes[i];
    return (heads){pair_new(n, 1, 1), pair_new(n, 1, 2),     pair_new(n, 1, 3),
                   pair_new(n, 1, 4), pair_new(HEADS, 1, 5), variant_sizes[i]};
}

/* `terms` products below 1 in each number. */
static void check(const variant *v, const char *what, const pair *p, int terms)
{
    double bound[HEADS * VARIANT_MAX];
    for (size_t i = 0; i < p->n; i++)
        bound[i] = (terms + 1.0) * (terms + 2) * eps;
    pair_check(v, what, p, bound);
}

static void heads_free(heads *h)
{
    pair *all[] = {&h->a, &h->b, &h->to, &h->to2, &h->s};
    for (int i = 0; i < 5; i++)
        pair_free(all[i]);
}

void variant_attention_score(const variant *v)
{
    for (int i = 0; i < RUNS; i++) {
        heads h = heads_new(i);
        v->k.attention_score(h.s.f, h.a.f, h.b.f, 0.375f, HEADS, h.width);
        dfn_attention_score_f64(h.s.d, h.a.d, h.b.d, 0.375, HEADS, h.width);
        check(v, "score", &h.s, h.width);
        heads_free(&h);
    }
}

void variant_attention_mix(const variant *v)
{
    for (int i = 0; i < RUNS; i++) {
        heads h = heads_new(i);
        v->k.attention_mix(h.to.f, h.s.f, h.a.f, HEADS, h.width);
        dfn_attention_mix_f64(h.to.d, h.s.d, h.a.d, HEADS, h.width);
        check(v, "mix", &h.to, 1);
        heads_free(&h);
    }
}

void variant_attention_score_bwd(const variant *v)
{
    for (int i = 0; i < 2 * RUNS; i++) {
        heads h = heads_new(i / 2);
        pair *dk = i % 2 ? &h.to : &h.to2; /* dq and dk in one array */
        v->k.attention_score_bwd(h.to.f, dk->f, h.s.f, h.a.f, h.b.f, 0.375f, HEADS,
                                 h.width);
        dfn_attention_score_bwd_f64(h.to.d, dk->d, h.s.d, h.a.d, h.b.d, 0.375, HEADS,
                                    h.width);
        check(v, "score backward, dq", &h.to, 2);
        check(v, "score backward, dk", &h.to2, 2);
        heads_free(&h);
    }
}

void variant_attention_mix_bwd(const variant *v)
{
    for (int i = 0; i < RUNS; i++) {
        heads h = heads_new(i);
        pair dp = pair_new(HEADS, 1, 6);
        v->k.attention_mix_bwd(dp.f, h.to.f, h.a.f, h.s.f, h.b.f, HEADS, h.width);
        dfn_attention_mix_bwd_f64(dp.d, h.to.d, h.a.d, h.s.d, h.b.d, HEADS, h.width);
        check(v, "mix backward, dp", &dp, h.width);
        check(v, "mix backward, dv", &h.to, 1);
        pair_free(&dp);
        heads_free(&h);
    }
}
