/* bench_ops_text.c - where a hop's time goes, for people. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

const char *const bench_cache_name[BENCH_CACHES] = {"L1", "L2", "L3", "memory"};
const char *const bench_format_name[] = {"f32", "f32", "bf16", "int8"};

static const double small = 0.01; /* share of the hop below which nodes share a line */

void bench_print_peaks(const bench_peaks *p)
{
    cli_line(" ");
    cli_line("one core at its best");
    for (int i = 0; i < p->n; i++) {
        char cpu[DFN_CPU_TEXT];
        cli_line("  multiply %-5s %-10s %8.1f GOP/s",
                 bench_format_name[p->compute[i].format],
                 dfn_cpu_print(cpu, sizeof cpu, p->compute[i].cpu), p->compute[i].gops);
    }
    for (int i = 0; i < BENCH_CACHES; i++)
        if (p->read[i] > 0)
            cli_line("  read %-9s %8.0f KiB %7.1f GB/s", bench_cache_name[i],
                     p->bytes[i] / 1024, p->read[i]);
}

static void print_op(const char *name, const char *what, const bench_op *o, double total)
{
    char shown[21], floor[16] = "-";
    const int length = (int)strlen(name);
    if (length < 21) /* otherwise both ends tell it apart */
        snprintf(shown, sizeof shown, "%s", name);
    else
        snprintf(shown, sizeof shown, "%.7s..%s", name, name + length - 11);
    if (o->floor_us > 0)
        snprintf(floor, sizeof floor, o->us < 100 * o->floor_us ? "%.1f" : "%.0f",
                 o->us / o->floor_us);
    cli_line("  %-20s %-12.12s %7.2f %5.1f %5.0f %5.1f %5.0f %5.1f %5s", shown, what, o->us,
             total > 0 ? 100 * o->us / total : 0, o->macs / 1e3,
             o->us > 0 ? 2e-3 * o->macs / o->us : 0, o->bytes / 1024,
             o->us > 0 ? 1e-3 * o->bytes / o->us : 0, floor);
}

static void print_count(const char *name, const bench_op *o, double total)
{
    char count[16];
    snprintf(count, sizeof count, "%d", o->calls);
    print_op(name, count, o, total);
}

static void print_head(const char *what, const char *second)
{
    cli_line("  %-20s %-12s %7s %5s %5s %5s %5s %5s %5s", what, second, "us", "%", "kMAC",
             "GOP/s", "KiB", "GB/s", "xMIN");
}

static void print_nodes(const bench_result *r, double total)
{
    bench_op rest = {.calls = 0};
    print_head("NODE", "OP");
    for (int i = 0; i < r->n_op; i++) {
        const bench_op *o = &r->op[i];
        if (o->us >= small * total) {
            print_op(*o->name ? o->name : o->graph, o->op, o, total);
            continue;
        }
        rest.calls += o->calls;
        rest.us += o->us;
        rest.macs += o->macs;
        rest.bytes += o->bytes;
        rest.floor_us += o->floor_us;
    }
    if (rest.calls)
        print_count("others", &rest, total);
}

void bench_print_ops(const bench_settings *s, const bench_result *r, const bench_peaks *p)
{
    char cpu[DFN_CPU_TEXT];
    const bench_op total = bench_ops_total(r);
    const bench_row *w = &r->row[0];
    int n;
    bench_op *kind = bench_ops_by_kind(r, &n);
    cli_line(" ");
    cli_line("%s%s%s, %s, %s, %s, %d stream%s", r->label, *r->what ? ", " : "", r->what,
             r->load.precision, bench_mode_name[w->mode],
             dfn_cpu_print(cpu, sizeof cpu, w->cpu), s->streams, s->streams > 1 ? "s" : "");
    print_nodes(r, total.us);
    cli_line(" ");
    print_head("KIND", "NODES");
    for (int i = 0; kind && i < n; i++)
        print_count(kind[i].op, &kind[i], total.us);
    free(kind);
    cli_line(" ");
    print_count("total", &total, total.us);
    cli_line("  a stream's hop in turn with these: median %.1f us, %.1f us of it elsewhere",
             w->p50, w->p50 - total.us);
    bench_print_peaks(p);
}
