/* bench_json.c - figures for programs. */
#include "bench.h"

#include <string.h>

static void set_counts(json_t *o, const bench_row *w)
{
    json_object_set_new(o, "hops", json_integer(w->hops));
    json_object_set_new(o, "seconds", json_real(w->seconds));
    json_object_set_new(o, "hop_us_p50", json_real(w->p50));
    json_object_set_new(o, "hop_us_p99", json_real(w->p99));
    json_object_set_new(o, "hop_us_p999", json_real(w->p999));
    json_object_set_new(o, "hop_us_max", json_real(w->max));
    json_object_set_new(o, "stream_us_p50", json_real(w->each_p50));
    json_object_set_new(o, "stream_us_max", json_real(w->each_max));
    json_object_set_new(o, "rtf", json_real(w->rtf));
    json_object_set_new(o, "ratio", json_real(w->ratio));
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
    json_object_set_new(o, "load_ms", json_real(r->load.load_ms));
    json_object_set_new(o, "rss_kib", json_real(r->load.rss_kib));
    json_object_set_new(o, "rss_kib_per_stream",
                        s->streams > 1 && !s->batch ? json_real(r->load.rss_stream_kib)
                                                    : json_null());
    json_object_set_new(o, "streams", json_integer(s->streams));
    json_object_set_new(o, "batch", json_boolean(s->batch));
    json_object_set_new(o, "machine", cli_json_text(machine));
    json_object_set_new(o, "complete", json_boolean(!bench_stop));
}

json_t *bench_json(const bench_settings *s, const bench_result *r)
{
    json_t *rows = json_array();
    for (int i = 0; i < r->n_row; i++) {
        const bench_row *w = &r->row[i];
        char cpu[DFN_CPU_TEXT];
        json_t *o = json_object();
        set_model(o, s, r);
        json_object_set_new(o, "isa", json_string(dfn_cpu_print(cpu, sizeof cpu, w->cpu)));
        json_object_set_new(o, "mode", json_string(bench_mode_name[w->mode]));
        json_object_set_new(o, "signal", json_string(bench_signal_name[w->signal]));
        set_counts(o, w);
        json_array_append_new(rows, o);
    }
    return rows;
}
