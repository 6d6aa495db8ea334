#include "variants.h"

enum { GUARD = 32 };
static const float guard = -7777;

const int variant_sizes[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 65, 257};
_Static_assert(sizeof variant_sizes / sizeof *variant_sizes == VARIANT_SIZES, "count them");

static void *need(void *p)
{
    if (!p)
        abort();
    return p;
}

pair pair_new(size_t n, double scale, uint64_t seed)
{
    pair p = {need(malloc((n + GUARD) * sizeof *p.f)), need(malloc(n * sizeof *p.d)), n};
    check_fill(p.d, (int)n, seed);
    for (size_t i = 0; i < n; i++)
        p.d[i] = (double)(p.f[i] = (float)(p.d[i] * scale));
    for (size_t i = n; i < n + GUARD; i++)
        p.f[i] = guard;
    return p;
}

void pair_free(pair *p)
{
    free(p->f);
    free(p->d);
    *p = (pair){0};
}

void pair_check(const variant *v, const char *what, const pair *p, const double *bound)
{
    int shown = 0;
    for (size_t i = 0; i < p->n && shown < 3; i++) {
        const bool good = fabs((double)p->f[i] - p->d[i]) <= bound[i];
        CHECK(good, "%s, %s[%zu of %zu]: %.9g, want %.9g +- %.3g", v->level, what, i, p->n,
              (double)p->f[i], p->d[i], bound[i]);
        shown += !good;
    }
    for (size_t i = p->n; i < p->n + GUARD; i++)
        CHECK(p->f[i] == guard, "%s, %s of %zu: wrote past the end", v->level, what, p->n);
}

void variant_same(const variant *v, const char *what, const float *a, const float *b,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a)) {
            CHECK(false, "%s, %s[%zu of %zu] is %.9g or %.9g", v->level, what, i, n,
                  (double)a[i], (double)b[i]);
            return;
        }
}
