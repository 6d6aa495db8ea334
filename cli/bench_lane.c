/* bench_lane.c - streams that are run and timed together, and what it took. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

struct bench_lane {
    bench_lane_config c;
    int size, rate, channels; /* samples at a time, of each dfn_stream */
    int made, most;           /* dfn_streams */
    dfn_stream *stream[BENCH_STREAMS];
    float *loop, *hop; /* [BENCH_LOOP]; [channels][size], in place */
    float *channel[BENCH_STREAMS];
    size_t at;            /* in the loop */
    uint32_t *all, *each; /* nanoseconds [times], [times][most] or NULL if there is one */
    size_t kept;
};

static uint32_t *times(size_t n)
{
    uint32_t *t = malloc(n * sizeof *t);
    if (t) /* so that it is resident before memory is looked at */
        memset(t, 1, n * sizeof *t);
    return t;
}

bench_lane *bench_lane_new(const bench_lane_config *c, int hop_size, int rate)
{
    bench_lane *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (bench_lane){.c = *c, .rate = rate};
    l->c.together = c->together ? c->together : 1;
    l->size = hop_size * l->c.together;
    l->channels = c->batch ? c->streams : 1;
    l->most = c->batch ? 1 : c->streams;
    l->loop = malloc(BENCH_LOOP * sizeof *l->loop);
    l->hop = calloc((size_t)(l->channels * l->size), sizeof *l->hop);
    l->all = times(c->times + 1);
    l->each = l->most > 1 ? times((c->times + 1) * (size_t)l->most) : NULL;
    if (!l->loop || !l->hop || !l->all || (l->most > 1 && !l->each)) {
        bench_lane_free(l);
        return NULL;
    }
    memset(l->hop, 1, (size_t)(l->channels * l->size) * sizeof *l->hop);
    bench_signal_fill(l->loop, BENCH_LOOP, c->signal);
    for (int i = 0; i < l->channels; i++)
        l->channel[i] = l->hop + (size_t)i * (size_t)l->size;
    return l;
}

bool bench_lane_fill(bench_lane *l, const dfn_model *model, int n, dfn_error *err)
{
    const dfn_stream_config config = {.sample_rate = l->rate,
                                      .channels = l->channels,
                                      .independent = true,
                                      .cpu = l->c.cpu,
                                      .hops = l->c.together};
    for (; l->made < n && l->made < l->most; l->made++)
        if (dfn_stream_new(&l->stream[l->made], model, &config, err))
            return false;
    return true;
}

void bench_lane_free(bench_lane *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->made; i++)
        dfn_stream_free(l->stream[i]);
    free(l->loop);
    free(l->hop);
    free(l->all);
    free(l->each);
    free(l);
}

/* Every channel hears the signal, from another place on. */
static void feed(bench_lane *l, int stream)
{
    const size_t n = (size_t)l->size, places = BENCH_LOOP / n;
    for (int c = 0; c < l->channels; c++) {
        const size_t place = (l->at + 37 * (size_t)(stream + c)) % places;
        memcpy(l->channel[c], l->loop + place * n, n * sizeof(float));
    }
}

static uint32_t clip(int64_t t) { return t < UINT32_MAX ? (uint32_t)t : UINT32_MAX; }

void bench_lane_hop(bench_lane *l, bool keep)
{
    int64_t sum = 0;
    keep = keep && l->kept < l->c.times;
    for (int i = 0; i < l->made; i++) {
        feed(l, i);
        const int64_t start = bench_clock();
        dfn_stream_process(l->stream[i], (const float *const *)l->channel, l->channel,
                           (size_t)l->size);
        const int64_t took = bench_clock() - start;
        sum += took;
        if (keep && l->each)
            l->each[l->kept * (size_t)l->most + (size_t)i] = clip(took);
    }
    l->at++;
    if (keep)
        l->all[l->kept++] = clip(sum);
}

void bench_lane_clear(bench_lane *l) { l->kept = 0; }
size_t bench_lane_kept(const bench_lane *l) { return l->kept; }

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The smallest time that at least `part` of all do not exceed, in microseconds. */
static double rank(const uint32_t *sorted, size_t n, double part)
{
    size_t i = (size_t)(part * (double)n);
    if ((double)i < part * (double)n)
        i++;
    return n ? sorted[i ? i - 1 : 0] / 1e3 : 0;
}

bench_row bench_lane_row(bench_lane *l, bench_mode mode, double instructions)
{
    const size_t n = l->kept, m = n * (size_t)l->most;
    const int H = l->c.together;
    bench_row r = {
        .mode = mode, .signal = l->c.signal, .cpu = l->c.cpu, .hops = (int)n * H};
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += l->all[i] / 1e9;
    qsort(l->all, n, sizeof *l->all, ascending);
    r.p50 = rank(l->all, n, 0.5) / H;
    r.p99 = rank(l->all, n, 0.99) / H;
    r.p999 = rank(l->all, n, 0.999) / H;
    r.max = rank(l->all, n, 1) / H;
    r.each_p50 = r.p50 / l->channels;
    r.each_max = r.max / l->channels;
    if (l->each) {
        qsort(l->each, m, sizeof *l->each, ascending);
        r.each_p50 = rank(l->each, m, 0.5) / H;
        r.each_max = rank(l->each, m, 1) / H;
    }
    r.seconds = (double)n * l->size / l->rate;
    r.rtf = n ? sum / r.seconds : 0;
    r.instructions = instructions;
    return r;
}
