/* bench_options.c - what is to be measured, from the command line. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_MODE = 256,
    KEY_SECONDS,
    KEY_STREAMS,
    KEY_BATCH,
    KEY_HOPS,
    KEY_PRECISION,
    KEY_CPU,
    KEY_COMPARE,
    KEY_SIGNAL,
    KEY_PIN,
    KEY_OPS,
    KEY_PEAKS,
    SECONDS_MAX = 36000,
    PIN_MAX = 1023,
};

const cli_option *bench_options(void)
{
    static const cli_option list[] = {
        {KEY_MODE, "mode", "MODE",
         "hot: one hop after the other; paced: one every 10 ms, as in a call, where caches "
         "have gone cold in between; both (the default)"},
        {KEY_SECONDS, "seconds", "S",
         "Seconds of sound for each mode; by default 30 hot, within 10 s of time, and 5 "
         "paced"},
        {KEY_STREAMS, "streams", "N", "Run so many streams one after the other, 1 to 64"},
        {KEY_BATCH, "batch", NULL, "Run them together, as channels of one stream"},
        {KEY_HOPS, "hops", "N",
         "Run so many hops at a time, 1 to 64, as 'dfnet4 enhance' does with 16, and show "
         "the time of one"},
        {KEY_PRECISION, "precision", "P",
         "Weights as f32, bf16 or int8, all three (all), or as they are in the file (file, "
         "the default)"},
        {KEY_CPU, "cpu", "LEVEL",
         "Use only these instruction sets: none (portable C), detect (all that this "
         "machine "
         "has, the default), or avx2, avx512, vnni, bf16, neon, dotprod, joined with +"},
        {KEY_COMPARE, "compare", "LEVEL",
         "Run this level, too, hop by hop in turn, and print the ratio of medians"},
        {KEY_SIGNAL, "signal", "NAME",
         "What is heard: speech (the default), noise, silence, denormal, loud, nan, or "
         "all, "
         "with the ratio of each to the first: cost must not depend on it"},
        {KEY_OPS, "ops", NULL,
         "Show the time of every operator instead, hot unless --mode=paced, beside what "
         "the "
         "machine can do at best"},
        {KEY_PEAKS, "peaks", NULL, "Measure that, too: multiplications, and reading"},
        {KEY_PIN, "pin", "CPU", "Stay on this processor, counted from 0"},
        {'j', "json", NULL, "Print JSON: an array with an object for each row"},
        {0},
    };
    return list;
}

/* Index of `name` in a list that ends with NULL, or -1. */
static int find(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

/* Set one member of a set, or all from `first` on by the word for it. */
static void choose(const cli_command *self, const char *option, const char *const *names,
                   const char *word, int first, bool *set)
{
    const bool all = !strcmp(optarg, word);
    const int one = find(names, optarg);
    if (!all && one < 0)
        cli_usage(self, "--%s does not know '%s'", option, optarg);
    for (int i = 0; names[i]; i++)
        set[i] = all ? i >= first : i == one;
}

static unsigned level(const cli_command *self, const char *option)
{
    unsigned cpu;
    const unsigned have = dfn_cpu_detect();
    char text[DFN_CPU_TEXT], own[DFN_CPU_TEXT];
    if (!dfn_cpu_parse(&cpu, optarg))
        cli_usage(self, "--%s does not know '%s'", option, optarg);
    if (cpu & ~have)
        cli_usage(self, "--%s=%s: this machine lacks %s; it has %s", option, optarg,
                  dfn_cpu_print(text, sizeof text, cpu & ~have),
                  dfn_cpu_print(own, sizeof own, have));
#ifndef DFN_HAVE_SIMD
    if (cpu && strcmp(optarg, "detect"))
        cli_usage(self, "--%s=%s: this build has portable C only", option, optarg);
    cpu = 0;
#endif
    return cpu;
}

static void set_option(const cli_command *self, bench_settings *s, int key)
{
    switch (key) {
    case KEY_MODE: choose(self, "mode", bench_mode_name, "both", 0, s->mode); break;
    case KEY_SECONDS: s->seconds = cli_number(self, "seconds", 0.1, SECONDS_MAX); break;
    case KEY_STREAMS: s->streams = cli_count(self, "streams", 1, BENCH_STREAMS); break;
    case KEY_BATCH: s->batch = true; break;
    case KEY_HOPS: s->together = cli_count(self, "hops", 1, BENCH_TOGETHER); break;
    case KEY_PRECISION:
        choose(self, "precision", bench_precision_name, "all", BENCH_F32, s->precision);
        break;
    case KEY_CPU: s->cpu = level(self, "cpu"); break;
    case KEY_COMPARE:
        s->compare = true;
        s->other = level(self, "compare");
        break;
    case KEY_SIGNAL: choose(self, "signal", bench_signal_name, "all", 0, s->signal); break;
    case KEY_PIN: s->pin = cli_count(self, "pin", 0, PIN_MAX); break;
    case KEY_OPS: s->ops = true; break;
    case KEY_PEAKS: s->peaks = true; break;
    case 'j': s->json = true; break;
    }
}

bench_settings bench_options_read(const cli_command *self, int argc, char **argv)
{
    bench_settings s = {.mode = {true, true},
                        .signal = {[BENCH_SPEECH] = true},
                        .precision = {[BENCH_FILE] = true},
                        .streams = 1,
                        .together = 1,
                        .pin = -1};
#ifdef DFN_HAVE_SIMD
    s.cpu = dfn_cpu_detect();
#endif
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        set_option(self, &s, key);
    int signals = 0;
    for (int i = 0; i < BENCH_SIGNALS; i++)
        signals += s.signal[i];
    if (s.compare && signals > 1)
        cli_usage(self, "--compare takes one signal, not all");
    if (s.ops && (s.compare || signals > 1))
        cli_usage(self, "--ops goes with one level and one signal");
    if (s.ops && s.together > 1)
        cli_usage(self, "--ops runs one hop at a time");
    if (s.pin >= 0 && !bench_pin(s.pin))
        cli_usage(self, "--pin=%d: there is no such processor for us", s.pin);
    return s;
}
