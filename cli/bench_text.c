/* bench_text.c - figures for people. */
#include "bench.h"

static const char *short_count(char *text, size_t size, double n)
{
    if (n < 0)
        snprintf(text, size, "-");
    else
        snprintf(text, size, n < 1e6 ? "%.0fk" : "%.2fM", n < 1e6 ? n / 1e3 : n / 1e6);
    return text;
}

static void print_heading(const bench_settings *s, const bench_result *r)
{
    char streams[96] = "", together[32] = "";
    if (s->streams > 1 && s->batch)
        snprintf(streams, sizeof streams, "; %d streams in one", s->streams);
    else if (s->streams > 1)
        snprintf(streams, sizeof streams, "; %d streams, %.0f KiB for each further one",
                 s->streams, r->load.rss_stream_kib);
    if (s->together > 1)
        snprintf(together, sizeof together, "; %d hops at a time", s->together);
    cli_line(" ");
    cli_line("%s%s%s, %s: load %.1f ms, %.1f MiB%s%s", r->label, *r->what ? ", " : "",
             r->what, r->load.precision, r->load.load_ms, r->load.rss_kib / 1024, streams,
             together);
    cli_line("  %-5s %-8s %-9s %7s %7s %7s %7s %7s %6s %5s", "MODE", "SIGNAL", "CPU", "P50",
             "P99", "P99.9", "MAX us", "RTF", "INSTR", "RATIO");
}

static void print_row(const bench_settings *s, const bench_row *r, bool ratio)
{
    char cpu[DFN_CPU_TEXT], count[16], part[16] = "";
    if (ratio)
        snprintf(part, sizeof part, "%.2f", r->ratio);
    cli_line("  %-5s %-8s %-9s %7.1f %7.1f %7.1f %7.1f %7.4f %6s %5s",
             bench_mode_name[r->mode], bench_signal_name[r->signal],
             dfn_cpu_print(cpu, sizeof cpu, r->cpu), r->p50, r->p99, r->p999, r->max,
             r->rtf, short_count(count, sizeof count, r->instructions), part);
    if (s->streams > 1)
        cli_line("    one stream: median %.1f us%s", r->each_p50,
                 s->batch ? " of all, shared out" : "");
}

void bench_print(const bench_settings *s, const bench_result *r)
{
    print_heading(s, r);
    for (int i = 0; i < r->n_row; i++) {
        const bench_row *w = &r->row[i];
        print_row(s, w, i && w->mode == w[-1].mode);
        if (w->preempted && (i + 1 == r->n_row || w->mode != w[1].mode))
            cli_line("    the system took the core away %ld times: see P50 rather than MAX",
                     w->preempted);
    }
}
