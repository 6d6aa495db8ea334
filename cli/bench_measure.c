/* bench_measure.c - what a child does: load a model, run it in every way asked for. */
#include "bench.h"

#include <unistd.h>

enum {
    WARM_UP = 20, /* hops before any is timed */
    COUNTED = 50, /* hops whose instructions are counted */
    TURN = 50,    /* hops after which the next signal has its turn */
    HOT_SECONDS = 30,
    PACED_SECONDS = 5, /* of audio, unless told */
    HOT_LIMIT = 10,    /* seconds of time for the former */
    LANES = BENCH_SIGNALS,
};

/* Lanes take turns, so that a noisy moment of the machine hits all of them. */
typedef struct session {
    const bench_settings *s;
    int pipe;
    dfn_model *model;
    bench_lane *lane[LANES];
    int n_lane, turn;
    double hop; /* seconds of a hop, or of those that run together */
} session;

static double seconds(const bench_settings *s, bench_mode mode)
{
    return s->seconds > 0 ? s->seconds : mode == BENCH_HOT ? HOT_SECONDS : PACED_SECONDS;
}

static size_t count_times(const session *x, bench_mode mode)
{
    const double n = seconds(x->s, mode) / x->hop;
    return n < 1 ? 1 : (size_t)(n + 0.5);
}

/* Loading packs the weights as the file has them. */
bool bench_load_model(dfn_model **m, const bench_task *t, bench_load *l, dfn_error *err)
{
    static const dfn_weight_format formats[BENCH_PRECISIONS] = {
        DFN_WEIGHTS_F32, DFN_WEIGHTS_F32, DFN_WEIGHTS_BF16, DFN_WEIGHTS_INT8};
    if (cli_load_model(m, t->path, err) ||
        (t->precision != BENCH_FILE && formats[t->precision] != dfn_model_precision(*m) &&
         dfn_model_set_precision(*m, formats[t->precision], err)))
        return false;
    for (bench_precision p = BENCH_F32; p < BENCH_PRECISIONS; p++)
        if (formats[p] == dfn_model_precision(*m))
            snprintf(l->precision, sizeof l->precision, "%s", bench_precision_name[p]);
    return true;
}

static bool add_lane(session *x, const dfn_model_info *info, unsigned cpu,
                     bench_signal signal)
{
    const bench_settings *s = x->s;
    bench_lane_config c = {.cpu = cpu,
                           .signal = signal,
                           .streams = s->streams,
                           .batch = s->batch,
                           .together = s->together};
    for (bench_mode m = BENCH_HOT; m < BENCH_MODES; m++)
        if (s->mode[m] && c.times < count_times(x, m))
            c.times = count_times(x, m);
    x->lane[x->n_lane] = bench_lane_new(&c, info->hop_size, info->sample_rate);
    return x->lane[x->n_lane++];
}

static bool add_lanes(session *x, const dfn_model_info *info)
{
    bool ok = true;
    x->hop = (double)info->hop_size * x->s->together / info->sample_rate;
    for (bench_signal g = 0; g < BENCH_SIGNALS; g++)
        if (x->s->signal[g])
            ok = ok && add_lane(x, info, x->s->cpu, g);
    x->turn = TURN;
    if (x->s->compare) {
        ok = ok && add_lane(x, info, x->s->other, x->s->signal[0] ? 0 : 1);
        x->turn = 1;
    }
    return ok;
}

static void run_all(session *x, int hops)
{
    for (int i = 0; i < x->n_lane; i++)
        for (int t = 0; t < hops; t++)
            bench_lane_hop(x->lane[i], false);
}

static void show_progress(const session *x, bench_mode mode, size_t done, size_t all)
{
    bench_tell_progress(x->pipe, "measuring, %s: %d%%", bench_mode_name[mode],
                        (int)(100 * done / all));
}

/* Hops of all lanes in turn, until there are enough, or the time is up, or we are stopped.
 */
static void run_mode(session *x, bench_mode mode)
{
    const int64_t start = bench_clock(), step = (int64_t)(x->hop * 1e9);
    const int64_t limit = x->s->seconds > 0 || mode == BENCH_PACED
                              ? INT64_MAX
                              : start + (int64_t)HOT_LIMIT * 1000000000;
    const size_t all = count_times(x, mode) * (size_t)x->n_lane;
    int64_t due = start, shown = start;
    size_t done = 0;
    while (done < all && !bench_stop && due < limit)
        for (int i = 0; i < x->n_lane; i++)
            for (int t = 0; t < x->turn && done < all && !bench_stop; t++) {
                if (bench_lane_kept(x->lane[i]) >= count_times(x, mode))
                    break;
                if (mode == BENCH_PACED)
                    bench_sleep_until(due += step);
                else
                    due = bench_clock();
                bench_lane_hop(x->lane[i], true);
                done++;
                if (x->s->progress && due - shown > 250000000) {
                    shown = due;
                    show_progress(x, mode, done, all);
                }
            }
}

/* Of one hop. */
static double count_instructions(bench_lane *l, int together)
{
    const int counter = bench_counter_open();
    const double before = bench_counter_read(counter);
    for (int t = 0; before >= 0 && t < COUNTED; t++)
        bench_lane_hop(l, false);
    const double after = bench_counter_read(counter);
    if (counter >= 0)
        close(counter);
    return before < 0 || after < before ? -1 : (after - before) / (COUNTED * together);
}

static void tell_rows(session *x, bench_mode mode, long preempted)
{
    double first = 0;
    for (int i = 0; i < x->n_lane; i++) {
        const double n = bench_stop ? -1 : count_instructions(x->lane[i], x->s->together);
        bench_message m = {.kind = BENCH_ROW};
        if (!bench_lane_kept(x->lane[i]))
            continue;
        m.row = bench_lane_row(x->lane[i], mode, n);
        first = i ? first : m.row.p50;
        m.row.preempted = preempted;
        m.row.ratio = first > 0 ? m.row.p50 / first : 0;
        bench_tell(x->pipe, &m);
        bench_lane_clear(x->lane[i]);
    }
}

/* Everything of a first hop, timed; then the further streams, weighed. */
static bool load(session *x, const bench_task *t, dfn_error *err)
{
    bench_message m = {.kind = BENCH_LOADED};
    const double before = bench_rss_kib();
    const int64_t start = bench_clock();
    if (!bench_load_model(&x->model, t, &m.load, err))
        return false;
    const int64_t loaded = bench_clock();
    const double model = bench_rss_kib();
    if (!add_lanes(x, dfn_model_get_info(x->model)))
        return !dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    bench_lane *l = x->lane[0];
    const double own = bench_rss_kib();
    const int64_t again = bench_clock();
    if (!bench_lane_fill(l, x->model, 1, err))
        return false;
    bench_lane_hop(l, false);
    m.load.load_ms = (double)(bench_clock() - again + loaded - start) / 1e6;
    m.load.rss_kib = bench_rss_kib() - own + model - before; /* without our own arrays */
    if (!t->load_only)
        for (int i = 0; i < x->n_lane; i++) {
            const double now = bench_rss_kib();
            if (!bench_lane_fill(x->lane[i], x->model, BENCH_STREAMS, err))
                return false;
            bench_lane_hop(x->lane[i], false);
            if (!i && x->s->streams > 1 && !x->s->batch)
                m.load.rss_stream_kib = (bench_rss_kib() - now) / (x->s->streams - 1);
        }
    bench_tell(x->pipe, &m);
    return true;
}

bool bench_measure(int pipe, const void *task)
{
    const bench_task *t = task;
    session x = {.s = t->settings, .pipe = pipe};
    dfn_error err;
    if (!load(&x, t, &err))
        return bench_tell_error(pipe, "%s", err.text);
    for (bench_mode m = BENCH_HOT; m < BENCH_MODES && !t->load_only; m++)
        if (x.s->mode[m] && !bench_stop) {
            run_all(&x, WARM_UP);
            const long before = bench_preempted();
            run_mode(&x, m);
            tell_rows(&x, m, bench_preempted() - before);
        }
    return true; /* the end of the process frees everything */
}
