/* bench_json.c - figures for programs. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static void set_counts(json_t *o, const bench_row *w)
{
    char cpu[DFN_CPU_TEXT];
    json_object_set_new(o, "isa", json_string(dfn_cpu_print(cpu, sizeof cpu, w->cpu)));
    json_object_set_new(o, "mode", json_string(bench_mode_name[w->mode]));
    json_object_set_new(o, "signal", json_string(bench_signal_name[w->signal]));
    json_object_set_new(o, "hops", json_integer(w->hops));
    json_object_set_new(o, "seconds", json_real(w->seconds));
    json_object_set_new(o, "hop_us_p50", json_real(w->p50));
    json_object_set_new(o, "hop_us_p99", json_real(w->p99));
    json_object_set_new(o, "hop_us_p999", json_real(w->p999));
    json_object_set_new(o, "hop_us_max", json_real(w->max));
    json_object_set_new(o, "stream_us_p50", json_real(w->each_p50));
    json_object_set_new(o, "stream_us_max", json_real(w->each_max));
    json_object_set_new(o, "rtf", json_real(w->rtf));
    json_object_set_new(o, "instructions",
                        w->instructions < 0 ? json_null() : json_real(w->instructions));
}

static void set_model(json_t *o, const bench_settings *s, const bench_result *r)
{
    char machine[256];
    bench_machine(machine, sizeof machine, s->pin);
    json_object_set_new(o, "model", cli_json_text(r->label));
    json_object_set_new(o, "random_weights", json_boolean(*r->what));
    json_object_set_new(o, "precision", json_string(r->load.precision));
    json_object_set_new(o, "streams", json_integer(s->streams));
    json_object_set_new(o, "batch", json_boolean(s->batch));
    json_object_set_new(o, "hops_together", json_integer(s->together));
    json_object_set_new(o, "machine", cli_json_text(machine));
    json_object_set_new(o, "complete", json_boolean(!bench_stop));
}

static void set_load(json_t *o, const bench_settings *s, const bench_load *l)
{
    const bool more = s->streams > 1 && !s->batch;
    json_object_set_new(o, "load_ms", json_real(l->load_ms));
    json_object_set_new(o, "rss_kib", json_real(l->rss_kib));
    json_object_set_new(o, "rss_kib_per_stream",
                        more ? json_real(l->rss_stream_kib) : json_null());
}

static json_t *peaks_json(const bench_peaks *p)
{
    json_t *multiply = json_array(), *read = json_object();
    char cpu[DFN_CPU_TEXT];
    for (int i = 0; i < p->n; i++)
        json_array_append_new(multiply,
                              json_pack("{s:s, s:s, s:f}", "isa",
                                        dfn_cpu_print(cpu, sizeof cpu, p->compute[i].cpu),
                                        "format", bench_format_name[p->compute[i].format],
                                        "gops", p->compute[i].gops));
    for (int i = 0; i < BENCH_CACHES; i++)
        json_object_set_new(read, bench_cache_name[i], json_real(p->read[i]));
    return json_pack("{s:o, s:o}", "multiply", multiply, "read_gb_s", read);
}

static json_t *op_json(const bench_op *o, double total)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "graph",
                     o->graph, "name", cli_json_text(o->name), "op", o->op, "calls",
                     o->calls, "us", o->us, "share", total > 0 ? o->us / total : 0, "macs",
                     o->macs, "gops", o->us > 0 ? 2e-3 * o->macs / o->us : 0,
                     "weight_bytes", o->bytes, "gb_s",
                     o->us > 0 ? 1e-3 * o->bytes / o->us : 0, "floor_us", o->floor_us);
}

static void set_ops(json_t *o, const bench_result *r)
{
    json_t *nodes = json_array(), *kinds = json_array();
    const bench_op total = bench_ops_total(r);
    int n;
    bench_op *kind = bench_ops_by_kind(r, &n);
    for (int i = 0; i < r->n_op; i++)
        json_array_append_new(nodes, op_json(&r->op[i], total.us));
    for (int i = 0; kind && i < n; i++)
        json_array_append_new(kinds, op_json(&kind[i], total.us));
    free(kind);
    json_object_set_new(o, "ops", nodes);
    json_object_set_new(o, "kinds", kinds);
    json_object_set_new(o, "total", op_json(&total, total.us));
}

json_t *bench_json(const bench_settings *s, const bench_result *r, const bench_peaks *p)
{
    json_t *rows = json_array();
    for (int i = 0; i < r->n_row; i++) {
        json_t *o = json_object();
        set_model(o, s, r);
        set_counts(o, &r->row[i]);
        if (s->ops) {
            set_ops(o, r);
        } else {
            set_load(o, s, &r->load);
            json_object_set_new(o, "ratio", json_real(r->row[i].ratio));
            json_object_set_new(o, "preempted", json_integer(r->row[i].preempted));
        }
        if (p)
            json_object_set_new(o, "peaks", peaks_json(p));
        json_array_append_new(rows, o);
    }
    return rows;
}
