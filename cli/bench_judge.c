/* bench_judge.c - operators against what the machine can do. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static int longest_first(const void *a, const void *b)
{
    const bench_op *x = a, *y = b;
    return (x->us < y->us) - (x->us > y->us);
}

static void add(bench_op *to, const bench_op *o)
{
    to->calls += o->calls;
    to->us += o->us;
    to->macs += o->macs;
    to->bytes += o->bytes;
    to->floor_us += o->floor_us;
}

bench_op bench_ops_total(const bench_result *r)
{
    bench_op sum = {.name = "total"};
    for (int i = 0; i < r->n_op; i++)
        add(&sum, &r->op[i]);
    return sum;
}

/* How fast the weights can be read: hot, from the smallest cache that holds them all;
 * paced, from memory. */
static double bandwidth(const bench_settings *s, const bench_peaks *p, double bytes)
{
    int i = 0;
    while (i < BENCH_CACHES - 1 && (!s->mode[BENCH_HOT] || bytes > 2 * p->bytes[i]))
        i++;
    return p->read[i];
}

void bench_ops_judge(bench_result *r, const bench_settings *s, const bench_peaks *p)
{
    const double speed = bandwidth(s, p, bench_ops_total(r).bytes);
    for (int i = 0; i < r->n_op; i++) {
        bench_op *o = &r->op[i];
        const dfn_weight_format f = o->format ? o->format : DFN_WEIGHTS_F32;
        const double peak = bench_peak_of(p, s->cpu, f);
        const double compute = peak > 0 ? 2 * o->macs / peak / 1e3 : 0;
        const double read = speed > 0 ? o->bytes / speed / 1e3 : 0;
        o->floor_us = compute > read ? compute : read;
    }
    if (r->n_op)
        qsort(r->op, (size_t)r->n_op, sizeof *r->op, longest_first);
}

bench_op *bench_ops_by_kind(const bench_result *r, int *n)
{
    bench_op *kind = calloc((size_t)r->n_op + 1, sizeof *kind);
    *n = 0;
    for (int i = 0; kind && i < r->n_op; i++) {
        int k = 0;
        while (k < *n && strcmp(kind[k].op, r->op[i].op) != 0)
            k++;
        if (k == *n)
            memcpy(kind[(*n)++].op, r->op[i].op, sizeof kind->op);
        add(&kind[k], &r->op[i]);
    }
    if (kind && *n)
        qsort(kind, (size_t)*n, sizeof *kind, longest_first);
    return kind;
}
