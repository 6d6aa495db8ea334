/* A layer with packed weights and its activation in it computes what the plain one does, to
 * the bound of its format (pack_bound.c), at every level of this machine; and, bit for bit,
 * the same in pieces as at once and alone as among other streams. */
#include "check.h"
#include "pack_rig.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static double worst[DFN_WEIGHTS_INT8 + 1]; /* error over bound, by format */

static const void *const *table(const dfn_weights *w)
{
    return (const void *const *)w->data;
}

/* What is there of a case. */
typedef struct parts {
    const pack_case *c;
    dfn_graph *plain, *packed;
    dfn_weights w32, w64, w;
    dfn_weight_format format;
    bool exact; /* the plain numbers bit for bit, whatever the format */
} parts;

static void compare(const parts *p, const pack_level *level, const pack_result *got,
                    const pack_result *want, const double *bound)
{
    const size_t n = (size_t)(PACK_STREAMS * PACK_FRAMES) * want->n;
    double ratio = 0;
    for (size_t i = 0; i < n; i++)
        ratio = check_worse(ratio, fabs(got->y[i] - want->y[i]) / bound[i]);
    CHECK(ratio <= 1, "%s, format %d, %s: error is %.3g of its bound", p->c->name,
          (int)p->format, level->name, ratio);
    if (p->exact || p->c->C == 1) /* one number is its own largest: no step is lost */
        return;
    CHECK(ratio >= 1e-3, "%s, format %d, %s: error is only %.3g of its bound", p->c->name,
          (int)p->format, level->name, ratio);
    worst[p->format] = check_worse(worst[p->format], ratio);
}

static void same(const parts *p, const pack_level *level, const char *what,
                 const pack_result *a, const double *y, int B)
{
    CHECK(!memcmp(a->y, y, (size_t)(B * PACK_FRAMES) * a->n * sizeof *y),
          "%s, format %d, %s: %s gives other numbers", p->c->name, (int)p->format,
          level->name, what);
}

/* In pieces and stream by stream. */
static void check_splits(const parts *p, const pack_level *level, const pack_run *all,
                         const pack_result *want)
{
    for (int odd = 0; odd < 2; odd++) {
        pack_run pieces = *all;
        pieces.n_len = odd ? 3 : 1;
        memcpy(pieces.len, odd ? (int[]){2, 1, 3} : (int[]){1, 1, 1}, sizeof pieces.len);
        pack_result r = pack_play(&pieces);
        same(p, level, "a run in pieces", &r, want->y, PACK_STREAMS);
        for (int b = 0; b < PACK_STREAMS; b++)
            CHECK(!memcmp(r.state[b], want->state[b], dfn_state_bytes(all->g, DFN_F32)),
                  "%s, %s: the state in pieces", p->c->name, level->name);
        pack_free(&r);
    }
    for (int b = 0; b < PACK_STREAMS; b++) {
        pack_run alone = *all;
        alone.first = b;
        alone.B = 1;
        alone.state = all->state + b;
        pack_result r = pack_play(&alone);
        same(p, level, "a stream alone", &r, want->y + (size_t)(b * PACK_FRAMES) * want->n,
             1);
        pack_free(&r);
    }
}

/* From a state that is in use: a packed layer may remember something else than a plain one,
 * so each makes its own. */
static pack_result play_warm(pack_run *r, pack_result *before)
{
    pack_run warm = *r;
    warm.start = -PACK_WARM;
    warm.end = 0;
    *before = pack_play(&warm);
    r->state = (const void *const *)before->state;
    return pack_play(r);
}

static pack_run start(const parts *p)
{
    return (pack_run){.g = p->plain,
                      .w = table(&p->w64),
                      .precision = DFN_F64,
                      .B = PACK_STREAMS,
                      .end = PACK_FRAMES,
                      .len = {PACK_FRAMES},
                      .n_len = 1,
                      .signal = pack_usual};
}

static void check_level(const parts *p, const pack_level *level, const pack_result *want,
                        const double *bound)
{
    pack_result before[2];
    pack_run run = start(p), plain = run;
    run.g = p->packed;
    run.w = table(&p->w);
    plain.w = table(&p->w32);
    plain.precision = run.precision = DFN_F32;
    plain.cpu = run.cpu = level->cpu;
    pack_result got = play_warm(&run, &before[0]);
    compare(p, level, &got, want, bound);
    if (p->exact) {
        pack_result same_cpu = play_warm(&plain, &before[1]);
        same(p, level, "the plain layer", &got, same_cpu.y, PACK_STREAMS);
        pack_free(&same_cpu);
        pack_free(&before[1]);
    }
    check_splits(p, level, &run, &got);
    pack_free(&got);
    pack_free(&before[0]);
}

/* The layer is packed as asked, its activation inside. */
static void check_graph(const parts *p, bool packs)
{
    const dfn_node *layer = &p->packed->node[p->packed->n_node - 1];
    CHECK(layer->packed == packs, "%s, format %d: packed is %d", p->c->name, (int)p->format,
          layer->packed);
    CHECK(!packs || (layer->attr.format == p->format && layer->attr.act == p->c->act),
          "%s, format %d: not as asked", p->c->name, (int)p->format);
    CHECK(p->packed->n_node == p->plain->n_node - (packs && p->c->act),
          "%s: %d nodes of %d", p->c->name, p->packed->n_node, p->plain->n_node);
}

static void check_format(const parts *p, bool packs)
{
    const dfn_attr *a = &p->c->attr;
    const bool by_channel = a->groups > 4 && a->groups == p->c->C;
    const bool overlaps = a->kernel_t > 1 && a->kernel_f <= 1 && a->out < p->c->C;
    const bool f32 = p->exact || p->c->op == DFN_OP_SELECTIVE_SCAN ||
                     (p->c->op == DFN_OP_CONV2D && by_channel);
    const bool bf16 =
        p->c->op == DFN_OP_CONV2D && overlaps && p->format == DFN_WEIGHTS_INT8;
    const dfn_weight_format format = f32    ? DFN_WEIGHTS_F32
                                     : bf16 ? DFN_WEIGHTS_BF16
                                            : p->format;
    pack_run oracle = start(p);
    pack_result before, want = play_warm(&oracle, &before);
    const size_t n = (size_t)(PACK_STREAMS * PACK_FRAMES) * want.n;
    double *bound = pack_bounds(p->c, &p->w64, format, want.y, n);
    const pack_level *level;
    check_graph(p, packs);
    for (int i = 0; (level = pack_level_get(i)); i++)
        check_level(p, level, &want, bound);
    free(bound);
    pack_free(&want);
    pack_free(&before);
}

enum { PACK_WEIGHTS = 32 };

static void check(const pack_case *c)
{
    const bool depthwise = c->attr.groups == c->C && c->attr.groups == c->attr.out,
               packs = c->op != DFN_OP_CONV_TRANSPOSE2D || depthwise;
    for (dfn_weight_format f = DFN_WEIGHTS_F32; f <= DFN_WEIGHTS_INT8; f++) {
        dfn_error err = {0};
        parts p = {.c = c, .plain = pack_build(c, true), .format = f};
        p.exact = depthwise;
        pack_weights(p.plain, &p.w32, &p.w64);
        dfn_weight_format format[8] = {0};
        for (int i = 0; i < p.plain->n_node; i++)
            format[i] = f;
        dfn_stored stored[PACK_WEIGHTS] = {0};
        for (int i = 0; i < p.w32.count && i < PACK_WEIGHTS; i++)
            stored[i].data = p.w32.data[i];
        const dfn_status status = dfn_pack(p.plain, stored, format, &p.packed, &p.w, &err);
        CHECK(!status, "%s: %s", c->name, err.text);
        if (!status) {
            p.exact |= !packs;
            check_format(&p, packs);
        }
        dfn_weights_free(&p.w);
        dfn_weights_free(&p.w32);
        dfn_weights_free(&p.w64);
        dfn_graph_free(p.packed);
        dfn_graph_free(p.plain);
    }
}

/* F, C, then the activation. */
static const pack_case cases[] = {
    {"linear", DFN_OP_LINEAR, {.out = 33, .bias = true}, 1, 21, 0, 0},
    {"linear, long rows", DFN_OP_LINEAR, {.out = 130}, 1, 257, DFN_ACT_RELU, 0},
    {"linear, many rows", DFN_OP_LINEAR, {.out = 17, .bias = true}, 13, 7, 0, 0},
    {"linear, one number", DFN_OP_LINEAR, {.out = 1, .bias = true}, 1, 1, 0, 0},
    {"linear, leaky", DFN_OP_LINEAR, {.out = 64}, 2, 40, DFN_ACT_LEAKY_RELU, -1.5},
    {"linear, gelu", DFN_OP_LINEAR, {.out = 49, .bias = true}, 1, 30, DFN_ACT_GELU, 0},
    {"linear, silu", DFN_OP_LINEAR, {.out = 48}, 1, 30, DFN_ACT_SILU, 0},
    {"linear, sigmoid", DFN_OP_LINEAR, {.out = 19, .bias = true}, 1, 9, DFN_ACT_SIGMOID, 0},
    {"linear, tanh", DFN_OP_LINEAR, {.out = 5, .bias = true}, 3, 9, DFN_ACT_TANH, 0},
    {"linear, softplus", DFN_OP_LINEAR, {.out = 81}, 1, 9, DFN_ACT_SOFTPLUS, 0},
    {"grouped", DFN_OP_GROUPED_LINEAR, {.out = 15, .groups = 3, .bias = true}, 1, 21, 0, 0},
    {"grouped, wide", DFN_OP_GROUPED_LINEAR, {.out = 260, .groups = 2}, 2, 70, 0, 0},
    {"grouped, whole units",
     DFN_OP_GROUPED_LINEAR,
     {.out = 64, .groups = 4, .bias = true},
     12,
     32,
     DFN_ACT_TANH,
     0},
    {"grouped, one input", DFN_OP_GROUPED_LINEAR, {.out = 34, .groups = 2}, 1, 2, 0, 0},
    {"pointwise", DFN_OP_CONV2D, {.out = 18, .bias = true}, 23, 11, DFN_ACT_RELU, 0},
    {"depthwise",
     DFN_OP_CONV2D,
     {.out = 10,
      .groups = 10,
      .kernel_t = 3,
      .kernel_f = 3,
      .pad_f = 1,
      .stride_f = 2,
      .bias = true},
     9,
     10,
     DFN_ACT_RELU,
     0},
    {"depthwise in time",
     DFN_OP_CONV2D,
     {.out = 37, .groups = 37, .kernel_t = 2, .variant = 1},
     1,
     37,
     DFN_ACT_SILU,
     0},
    {"conv",
     DFN_OP_CONV2D,
     {.out = 20, .kernel_t = 3, .kernel_f = 3, .pad_f = 1, .bias = true},
     9,
     5,
     DFN_ACT_LEAKY_RELU,
     0.2},
    {"conv in frequency",
     DFN_OP_CONV2D,
     {.out = 65, .kernel_f = 5, .pad_f = 2, .stride_f = 3},
     14,
     3,
     0,
     0},
    {"conv in time", DFN_OP_CONV2D, {.out = 7, .kernel_t = 2}, 3, 6, DFN_ACT_SIGMOID, 0},
    {"conv in time, few outputs",
     DFN_OP_CONV2D,
     {.out = 7, .kernel_t = 3, .bias = true},
     5,
     12,
     DFN_ACT_RELU,
     0},
    {"conv in time, groups",
     DFN_OP_CONV2D,
     {.out = 6, .groups = 2, .kernel_t = 2},
     3,
     18,
     0,
     0},
    {"conv with a flat weight",
     DFN_OP_CONV2D,
     {.out = 12, .kernel_t = 3, .variant = 1, .groups = 2, .bias = true},
     1,
     8,
     0,
     0},
    {"conv in groups",
     DFN_OP_CONV2D,
     {.out = 38,
      .groups = 2,
      .kernel_t = 2,
      .kernel_f = 3,
      .pad_f = 1,
      .stride_f = 2,
      .bias = true},
     11,
     6,
     DFN_ACT_RELU,
     0},
    {"conv, two outputs a channel",
     DFN_OP_CONV2D,
     {.out = 10, .groups = 5, .kernel_f = 3},
     8,
     5,
     0,
     0},
    {"conv, 17 outputs a channel in time",
     DFN_OP_CONV2D,
     {.out = 102, .groups = 6, .kernel_t = 3, .kernel_f = 3, .pad_f = 1, .bias = true},
     7,
     6,
     DFN_ACT_RELU,
     0},
    {"conv, a tile of outputs a channel",
     DFN_OP_CONV2D,
     {.out = 66, .groups = 3, .kernel_t = 3, .kernel_f = 3, .pad_f = 1, .bias = true},
     10,
     3,
     DFN_ACT_RELU,
     0},
    {"conv, many bins", DFN_OP_CONV2D, {.out = 3, .kernel_f = 2, .pad_f = 1}, 70, 2, 0, 0},
    {"conv, one by one with a stride",
     DFN_OP_CONV2D,
     {.out = 16, .stride_f = 2},
     9,
     4,
     0,
     0},
    {"transposed, depthwise",
     DFN_OP_CONV_TRANSPOSE2D,
     {.out = 6,
      .groups = 6,
      .kernel_f = 3,
      .stride_f = 2,
      .pad_f = 1,
      .out_pad_f = 1,
      .bias = true},
     7,
     6,
     DFN_ACT_RELU,
     0},
    {"transposed, dense",
     DFN_OP_CONV_TRANSPOSE2D,
     {.out = 5, .kernel_f = 3, .stride_f = 2, .bias = true},
     7,
     6,
     DFN_ACT_RELU,
     0},
    {"scan", DFN_OP_SELECTIVE_SCAN, {.size = 5}, 1, 19, 0, 0},
};

int main(void)
{
    static const char *const name[] = {"", "f32", "bf16", "int8"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
    for (int f = DFN_WEIGHTS_F32; f <= DFN_WEIGHTS_INT8; f++)
        printf("%s: worst error %.3f of its bound\n", name[f], worst[f]);
    return check_report();
}
