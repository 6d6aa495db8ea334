/* bench.c - dfnet4 bench: what a network costs on this machine. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOADS = 5 }; /* of which the median counts */

typedef struct bench_run {
    const bench_settings *settings;
    bench_peaks peaks;
    json_t *rows; /* with --json */
} bench_run;

static void on_signal(int number) { bench_stop = number; }

static void hear(void *to, const bench_message *m)
{
    bench_result *r = to;
    if (m->kind == BENCH_LOADED)
        r->load = m->load;
    if (m->kind == BENCH_ROW && r->n_row < BENCH_ROWS)
        r->row[r->n_row++] = m->row;
    if (m->kind != BENCH_OP)
        return;
    bench_op *more = realloc(r->op, ((size_t)r->n_op + 1) * sizeof *more);
    r->lost |= !more;
    if (more) {
        r->op = more;
        r->op[r->n_op++] = m->op;
    }
}

static void hear_peaks(void *to, const bench_message *m)
{
    if (m->kind == BENCH_PEAKS)
        *(bench_peaks *)to = m->peaks;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Fresh processes that load it and do one hop: their median, into r. */
static bool repeat_loads(const bench_task *t, const bench_source *s, bench_result *r)
{
    double ms[LOADS];
    bench_task once = *t;
    once.load_only = true;
    for (int i = 0; i < LOADS; i++) {
        bench_result other = {0};
        if (!bench_in_child(s->label, bench_measure, &once, hear, &other))
            return false;
        ms[i] = other.load.load_ms;
    }
    qsort(ms, LOADS, sizeof *ms, ascending);
    r->load.load_ms = ms[LOADS / 2];
    return true;
}

static void show(const bench_run *b, bench_result *r)
{
    const bench_settings *s = b->settings;
    if (s->ops)
        bench_ops_judge(r, s, &b->peaks);
    if (s->json) {
        json_t *more = bench_json(s, r, s->peaks || s->ops ? &b->peaks : NULL);
        json_array_extend(b->rows, more);
        json_decref(more);
    } else if (s->ops) {
        bench_print_ops(s, r, &b->peaks);
    } else {
        bench_print(s, r);
    }
}

/* One model at one precision; what was found out, if anything, is shown. */
static bool measure(const bench_run *b, const bench_source *s, bench_precision precision)
{
    const bench_settings *settings = b->settings;
    const bench_task t = {.settings = settings, .path = s->path, .precision = precision};
    bench_result r = {0};
    snprintf(r.label, sizeof r.label, "%s", s->label);
    snprintf(r.what, sizeof r.what, "%s", s->config ? "random weights" : "");
    bool good = bench_in_child(s->label, settings->ops ? bench_measure_ops : bench_measure,
                               &t, hear, &r);
    if (good && !bench_stop && !settings->ops)
        good = repeat_loads(&t, s, &r) || bench_stop;
    if (r.lost)
        cli_error(s->label, "out of memory");
    else if (r.n_row)
        show(b, &r);
    free(r.op);
    return good && !r.lost;
}

static bool measure_model(const bench_run *b, const char *argument)
{
    bench_source s;
    bool good = bench_source_open(&s, argument);
    for (bench_precision p = BENCH_FILE; s.path && p < BENCH_PRECISIONS; p++)
        if (b->settings->precision[p] && !bench_stop)
            good &= measure(b, &s, p);
    bench_source_close(&s);
    return good;
}

static bool measure_all(const bench_run *b, int n, char **models)
{
    static const char *const usual[] = {"full", "lite"};
    bool good = true;
    for (int i = 0; i < n && !bench_stop; i++)
        good &= measure_model(b, models[i]);
    if (n)
        return good;
    if (cli_has_model())
        good = measure_model(b, "default");
    for (int i = 0; i < 2 && !bench_stop; i++)
        good &= measure_model(b, usual[i]);
    return good;
}

/* Before any model is, so that they have the machine as it is then. */
static bool measure_peaks(bench_run *b)
{
    const bench_settings *s = b->settings;
    if (!s->peaks && !s->ops)
        return true;
    if (s->progress)
        cli_bar("measuring the machine");
    const bool good =
        bench_in_child("peaks", bench_find_peaks, NULL, hear_peaks, &b->peaks);
    if (good && s->peaks && !s->ops && !s->json)
        bench_print_peaks(&b->peaks);
    return good;
}

static int run(const cli_command *self, int argc, char **argv)
{
    char machine[256];
    bench_settings s = bench_options_read(self, argc, argv);
    bench_run b = {.settings = &s};
    s.progress = isatty(STDERR_FILENO);
    cli_catch_signals(on_signal);
    b.rows = s.json ? json_array() : NULL;
    if (!s.json) {
        bench_machine(machine, sizeof machine, s.pin);
        cli_line("%s", machine);
    }
    bool good = measure_peaks(&b);
    good &= measure_all(&b, argc - optind, argv + optind);
    if (s.json)
        good &= cli_json_print(b.rows);
    if (bench_stop) { /* end as the signal would have ended us */
        cli_finish(CLI_OK);
        cli_error(NULL, "interrupted; the figures are those of the hops until then");
        signal(bench_stop, SIG_DFL);
        raise(bench_stop);
    }
    return good ? CLI_OK : CLI_FAILED;
}

const cli_command cli_bench = {
    .name = "bench",
    .arguments = "[OPTION]... [MODEL]...",
    .summary = "Measure what a model costs on this machine",
    .about =
        "Measure the time that a hop of 10 ms takes, memory, and the time to load a model. "
        "MODEL is a model file; or the name of a preset (full, lite, full-ll, lite-ll) or "
        "the INI file of a network, NAME.ini, which get random weights: they cost as much "
        "as trained ones; or default, the one that 'dfnet4 enhance' would use. Without "
        "MODEL: default, full and lite.",
    .notes =
        "Times are microseconds of one hop of all streams, of one thread: median, 99 and\n"
        "99.9 percent, worst. RTF is the time taken over the time of sound. Memory is\n"
        "what a fresh process grows by until its first hop is done; load time is that of\n"
        "loading, making a stream and one hop, median of five processes. Instructions are\n"
        "counted where the system lets us, '-' elsewhere.\n"
        "\nExamples:\n"
        "  dfnet4 bench\n"
        "  dfnet4 bench --compare=none lite       what vector instructions are worth\n"
        "  dfnet4 bench --mode=paced --seconds=600 --pin=1 full\n"
        "                                         the worst hop in ten minutes\n"
        "  dfnet4 bench --signal=all lite         does the cost depend on the sound?\n"
        "  dfnet4 bench --mode=hot --hops=16 full what a file costs\n"
        "  dfnet4 bench --ops full                where the time goes\n"
        "  dfnet4 bench my.ini                    before it is trained\n"
        "  dfnet4 bench --json | jq '.[].hop_us_p50'\n",
    .options = bench_options,
    .run = run,
};
