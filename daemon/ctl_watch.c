/* ctl_watch.c - dfnet4ctl watch: live meters, redrawn in place on a terminal. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended, suspended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static void on_suspend(int number)
{
    (void)number;
    suspended = 1;
}

/* ---- the terminal ----------------------------------------------------------------------
 */

static struct termios before;
static bool changed;

/* No cursor, and what is typed does not show; signals still work. */
static void prepare(void)
{
    if (tcgetattr(STDIN_FILENO, &before) == 0) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
        changed = tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
    }
    fputs("\033[?25l", stdout);
    fflush(stdout);
}

static void restore(void)
{
    if (changed) {
        tcflush(STDIN_FILENO, TCIFLUSH); /* keys that were meant for nobody */
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    changed = false;
    fputs("\033[?25h", stdout);
    fflush(stdout);
}

static void get_size(int *rows, int *columns)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    *rows = size.ws_row;
    *columns = size.ws_col;
}

/* ---- pictures --------------------------------------------------------------------------
 */

typedef struct picture {
    FILE *out;
    int rows, columns; /* of the terminal */
    int drawn;         /* lines of the picture */
} picture;

/* One line, clipped: one that wraps could not be drawn over. Control characters show as
 * '?'; bytes that continue a character take no column. */
static void draw_line(picture *p, const char *text)
{
    if (p->drawn >= p->rows - 1)
        return;
    for (int column = 0; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        column += c >> 6 != 2;
        if (column >= p->columns)
            break;
        fputc(c < ' ' || c == 0x7f ? '?' : c, p->out);
    }
    fputs("\033[K\n", p->out);
    p->drawn++;
}

enum { BAR = 32 };

/* "[#####     ]", of `x` from lo to hi. */
static void make_bar(char *out, double x, double lo, double hi)
{
    const double share = (x - lo) / (hi - lo);
    const int n = !(share > 0) ? 0 : share >= 1 ? BAR : (int)(BAR * share + 0.5);
    out[0] = '[';
    for (int k = 0; k < BAR; k++)
        out[1 + k] = k < n ? '#' : ' ';
    out[BAR + 1] = ']';
    out[BAR + 2] = '\0';
}

static const struct row {
    const char *key, *label, *unit;
    double lo, hi, scale;
} rows[] = {
    {"input_db", "in", "dB", -80, 0, 1},
    {"output_db", "out", "dB", -80, 0, 1},
    {"lsnr_db", "local SNR", "dB", -15, 35, 1},
    {"reduction_db", "reduction", "dB", 0, -40, 1},
    {"load", "load", "%", 0, 100, 100},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static double look_up(const json_t *i, const char *key)
{
    return json_number_value(json_object_get(json_object_get(i, "meters"), key));
}

static const char *look_up_text(const json_t *i, const char *key)
{
    const char *text = json_string_value(json_object_get(i, key));
    return text ? text : "";
}

/* "running", and why it is not clean if it is not. */
static void describe(char *out, size_t room, const json_t *i)
{
    const char *linked = look_up_text(i, "linked");
    const bool bypass = json_number_value(json_object_get(i, "bypass")) >= 0.5;
    const bool overloaded = json_is_true(json_object_get(i, "overloaded"));
    snprintf(out, room, "%s: %s%s%s%s%s", look_up_text(i, "name"), look_up_text(i, "state"),
             bypass       ? ", bypassed"
             : overloaded ? ", overloaded"
                          : "",
             *linked ? ", " : "", linked, "");
}

static void draw(picture *p, const json_t *i)
{
    char text[1024], bar[BAR + 3];
    describe(text, sizeof text, i);
    draw_line(p, text);
    for (int k = 0; k < ROWS; k++) {
        const struct row *r = &rows[k];
        const double x = r->scale * look_up(i, r->key);
        make_bar(bar, x, r->lo, r->hi);
        snprintf(text, sizeof text, "  %-10s %7.1f %-2s %s", r->label, x, r->unit, bar);
        draw_line(p, text);
    }
    snprintf(text, sizeof text, "  %.0f overloads, %.0f xruns", look_up(i, "overloads"),
             look_up(i, "xruns"));
    draw_line(p, text);
}

/* For pipes and logs: everything in one line. */
static void print(const json_t *i)
{
    char text[1024];
    size_t n;
    describe(text, sizeof text, i);
    for (int k = 0; k < ROWS; k++) {
        n = strlen(text);
        snprintf(text + n, sizeof text - n, "; %s %.1f %s", rows[k].label,
                 rows[k].scale * look_up(i, rows[k].key), rows[k].unit);
    }
    cli_line("%s; %.0f overloads, %.0f xruns", text, look_up(i, "overloads"),
             look_up(i, "xruns"));
}

/* ---- the command -----------------------------------------------------------------------
 */

typedef struct watch {
    sd_bus *bus;
    const char *name; /* NULL: all */
    long count;       /* looks; 0: no end */
    double interval;  /* seconds; 0: the usual */
    bool terminal;
    int drawn; /* lines that stand above the cursor */
} watch;

static bool is_meant(const watch *w, const json_t *i)
{
    return !w->name || !strcmp(look_up_text(i, "name"), w->name);
}

/* All at once, so that nothing flickers. */
static int draw_all(watch *w, const json_t *instances)
{
    char *text = NULL;
    size_t size, k;
    json_t *i;
    picture p = {.out = open_memstream(&text, &size)};
    if (!p.out) {
        cli_error(NULL, "%s", strerror(errno));
        return CLI_FAILED;
    }
    get_size(&p.rows, &p.columns);
    if (w->drawn)
        fprintf(p.out, "\r\033[%dA", w->drawn);
    json_array_foreach(instances, k, i) if (is_meant(w, i)) draw(&p, i);
    fputs("\033[J", p.out);
    const bool good = fclose(p.out) == 0;
    if (good)
        fwrite(text, 1, size, stdout);
    free(text);
    w->drawn = p.drawn;
    if (good && fflush(stdout) == 0)
        return CLI_OK;
    cli_error("standard output", "%s", strerror(errno));
    return CLI_FAILED;
}

static int look(watch *w)
{
    json_t *instances, *i;
    size_t k, meant = 0;
    int status = ctl_instances(w->bus, &instances);
    if (status)
        return status;
    json_array_foreach(instances, k, i)
    {
        if (!is_meant(w, i))
            continue;
        meant++;
        if (!w->terminal)
            print(i);
    }
    if (w->terminal)
        status = draw_all(w, instances);
    else if (ferror(stdout)) /* whoever read has gone; cli_finish() tells */
        status = CLI_FAILED;
    json_decref(instances);
    if (meant || status)
        return status;
    cli_error(NULL, w->name ? "no instance '%s'" : "dfnet4d has no instance", w->name);
    return CLI_FAILED;
}

/* Ctrl-Z: give the terminal back, stop, and go on below what was typed meanwhile. */
static void suspend(watch *w)
{
    suspended = 0;
    if (w->terminal)
        restore();
    raise(SIGSTOP);
    if (w->terminal)
        prepare();
    w->drawn = 0;
}

static int watch_on(watch *w)
{
    const time_t seconds = (time_t)w->interval;
    const long rest = (long)(1e9 * (w->interval - (double)seconds));
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    int status = CLI_OK;
    for (long n = 1; !ended; n++) {
        if (suspended)
            suspend(w);
        status = look(w);
        if (status || n == w->count)
            break;
        next.tv_sec += seconds + (next.tv_nsec + rest) / 1000000000;
        next.tv_nsec = (next.tv_nsec + rest) % 1000000000;
        while (!ended && !suspended &&
               clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
            ;
    }
    return status;
}

static int run_watch(const cli_command *self, int argc, char **argv)
{
    watch w = {0};
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;) {
        if (key == 'i')
            w.name = optarg;
        else if (key == 'n')
            w.count = cli_count(self, "count", 1, INT_MAX);
        else
            w.interval = cli_number(self, "interval", 0.02, 3600);
    }
    if (optind < argc)
        cli_usage(self, "'%s' is too much", argv[optind]);
    const char *kind = getenv("TERM");
    w.terminal = isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
    if (w.interval == 0)
        w.interval = w.terminal ? 0.1 : 1;
    int status = ctl_connect(&w.bus);
    if (status)
        return status;
    cli_catch_signals(on_end);
    if (w.terminal) {
        sigaction(SIGTSTP, &(struct sigaction){.sa_handler = on_suspend}, NULL);
        prepare();
    }
    status = watch_on(&w);
    if (w.terminal)
        restore();
    sd_bus_close_unref(w.bus);
    return ended ? CLI_OK : status;
}

static const cli_option options[] = {
    {'i', "instance", "NAME", "Only this instance"},
    {'n', "count", "N", "Look so many times and end"},
    {'s', "interval", "SECONDS", "Time between looks; 0.1 on a terminal, 1 elsewhere"},
    {0},
};
static const cli_option *get_options(void) { return options; }

const cli_command ctl_watch = {
    .name = "watch",
    .arguments = "[OPTION]...",
    .summary = "Show levels and load, live",
    .about = "Show level in and out, local SNR, how much of the sound is taken away, load, "
             "overloads and xruns, ten times a second until Ctrl-C; one line a second "
             "where there is no terminal.",
    .notes = "Examples:\n"
             "  dfnet4ctl watch\n"
             "  dfnet4ctl watch --count=1 | cut -d';' -f2\n",
    .options = get_options,
    .run = run_watch,
};
