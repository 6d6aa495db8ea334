/* weights.c - a table of weight arrays in one block. */
#define _DEFAULT_SOURCE /* madvise */
#include "graph/arena.h"
#include "graph/node.h"

#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20 };

/* A zeroed block; weights are read from end to end in every hop, and after a pause each 4
 * KiB page costs a walk through cold page tables. Whole large pages, what is left over if
 * it fills half of one, and a block that fills a quarter of its only one, ask for large
 * pages before they are first touched. */
static void *block_new(size_t bytes)
{
    const size_t least = bytes < LARGE_PAGE ? LARGE_PAGE / 4 : LARGE_PAGE / 2;
    const size_t large = (bytes + LARGE_PAGE - least) / LARGE_PAGE * LARGE_PAGE;
    if (!large || bytes > SIZE_MAX / 2)
        return dfn_block_new(bytes);
    const size_t n = bytes > large ? bytes : large;
    const size_t whole = (n + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *p = aligned_alloc(LARGE_PAGE, whole);
    if (p) {
#ifdef MADV_HUGEPAGE
        (void)madvise(p, large, MADV_HUGEPAGE); /* a hint: nothing depends on it */
#endif
        memset(p, 0, bytes);
    }
    return p;
}

static void layout(dfn_arena *a, void **data, const dfn_graph *g, size_t elem)
{
    for (int i = 0; i < g->n_weight; i++)
        data[i] = dfn_arena_take(a, g->weight[i].count, elem);
}

dfn_status dfn_weights_new(dfn_weights *w, const dfn_graph *g, dfn_precision precision,
                           dfn_error *err)
{
    const size_t elem = precision == DFN_F64 ? sizeof(double) : sizeof(float);
    dfn_arena measure = {0}, place = {0};
    *w = (dfn_weights){.count = g->n_weight};
    w->data = calloc((size_t)g->n_weight + 1, sizeof *w->data);
    if (w->data) {
        layout(&measure, w->data, g, elem);
        if (!measure.overflow)
            w->block = place.base = block_new(measure.used);
    }
    if (!w->block) {
        dfn_weights_free(w);
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the weights (%zu bytes)",
                        measure.used);
    }
    layout(&place, w->data, g, elem);
    return DFN_OK;
}

void dfn_weights_free(dfn_weights *w)
{
    free(w->data);
    free(w->block);
    *w = (dfn_weights){0};
}
