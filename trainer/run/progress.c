#include "run/progress.h"

#include "command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80, WIDTH_MAX = 160, CELLS_MAX = 40, CELLS_MIN = 10 };
static const double REDRAW = 0.2, MARK = 2; /* seconds between two of each */

void dfn_progress_init(dfn_progress *p, double interval, bool quiet)
{
    *p = (dfn_progress){.bar = isatty(STDERR_FILENO) && !quiet, .interval = interval};
    if (p->bar)
        p->interval = REDRAW;
    else if (quiet)
        p->interval = INFINITY;
}

static const struct dfn_progress_mark *oldest(const dfn_progress *p)
{
    return &p->mark[(p->newest + DFN_PROGRESS_MARKS - p->marks + 1) % DFN_PROGRESS_MARKS];
}

static double slope(const dfn_progress *p, bool hours)
{
    const struct dfn_progress_mark *a = oldest(p), *b = &p->mark[p->newest];
    if (p->marks < 2 || !(b->seconds > a->seconds))
        return 0;
    const double gain = hours ? b->hours - a->hours : (double)(b->step - a->step);
    return gain / (b->seconds - a->seconds);
}

double dfn_progress_hours_per_hour(const dfn_progress *p) { return 3600 * slope(p, true); }
double dfn_progress_steps_per_second(const dfn_progress *p) { return slope(p, false); }

/* The newest mark moves on until it is MARK seconds from the one before. */
static void mark(dfn_progress *p, const dfn_progress_state *s)
{
    const int before = (p->newest + DFN_PROGRESS_MARKS - 1) % DFN_PROGRESS_MARKS;
    if (p->marks < 2 || p->mark[p->newest].seconds - p->mark[before].seconds >= MARK) {
        p->newest = p->marks ? (p->newest + 1) % DFN_PROGRESS_MARKS : 0;
        p->marks += p->marks < DFN_PROGRESS_MARKS;
    }
    p->mark[p->newest] = (struct dfn_progress_mark){s->seconds, s->hours, s->step};
}

static int terminal_width(void)
{
    struct winsize w;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        return w.ws_col;
    return WIDTH_DEFAULT;
}

static void time_left(char *text, size_t size, const dfn_progress *p,
                      const dfn_progress_state *s)
{
    const double speed = dfn_progress_steps_per_second(p);
    *text = '\0';
    if (!(speed > 0) || s->steps < s->step)
        return;
    const double seconds = (double)(s->steps - s->step) / speed;
    const long long whole = seconds < 1e12 ? (long long)(seconds + 0.5) : 0;
    const int day = 24 * 3600;
    if (whole >= 2 * day)
        snprintf(text, size, "%lld d %lld h left", whole / day, whole % day / 3600);
    else
        snprintf(text, size, "%lld:%02lld:%02lld left", whole / 3600, whole / 60 % 60,
                 whole % 60);
}

/* Fields in the order of the line, and which of them stay longest. */
typedef struct field {
    char text[64];
    int rank; /* 0 stays longest */
} field;
enum { FIELDS = 7 };

static void make_fields(field *f, const dfn_progress *p, const dfn_progress_state *s)
{
    static const int ranks[FIELDS] = {1, 3, 5, 4, 0, 6, 2};
    memset(f, 0, FIELDS * sizeof *f);
    for (int i = 0; i < FIELDS; i++)
        f[i].rank = ranks[i];
    if (s->steps) {
        const double part = fmin((double)s->step / (double)s->steps, 1);
        snprintf(f[0].text, sizeof f[0].text, "%3d %%", (int)(100 * part));
        snprintf(f[1].text, sizeof f[1].text, "step %llu/%llu", (unsigned long long)s->step,
                 (unsigned long long)s->steps);
        time_left(f[6].text, sizeof f[6].text, p, s);
    } else {
        snprintf(f[1].text, sizeof f[1].text, "step %llu", (unsigned long long)s->step);
    }
    snprintf(f[2].text, sizeof f[2].text, "%.*f h", s->hours < 100 ? 2 : 0, s->hours);
    const double speed = dfn_progress_hours_per_hour(p);
    if (speed > 0)
        snprintf(f[3].text, sizeof f[3].text, "%.*f h/h", speed < 10 ? 1 : 0, speed);
    snprintf(f[4].text, sizeof f[4].text, "loss %.4g", s->loss);
    snprintf(f[5].text, sizeof f[5].text, "lr %.2g", s->lr);
}

static size_t length_up_to(const field *f, int rank)
{
    size_t n = 0;
    for (int i = 0; i < FIELDS; i++)
        if (f[i].text[0] && f[i].rank <= rank)
            n += strlen(f[i].text) + (n ? 2 : 0);
    return n;
}

/* "[====    ] " in `cells` cells */
static size_t draw_cells(char *text, int cells, const dfn_progress_state *s)
{
    const double part = fmin((double)s->step / (double)s->steps, 1);
    const int full = (int)(part * cells);
    text[0] = '[';
    memset(text + 1, '=', (size_t)full);
    memset(text + 1 + full, ' ', (size_t)(cells - full));
    memcpy(text + 1 + cells, "] ", 3);
    return (size_t)cells + 3;
}

size_t dfn_progress_text(char *text, size_t size, int width, bool bar,
                         const dfn_progress *p, const dfn_progress_state *s)
{
    field f[FIELDS];
    make_fields(f, p, s);
    if ((size_t)width > size)
        width = (int)size;
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    int rank = FIELDS - 1; /* the last column stays free: some terminals wrap there */
    while (rank > 0 && length_up_to(f, rank) >= (size_t)width)
        rank--;
    const size_t need = length_up_to(f, rank);
    size_t at = 0;
    if (bar && s->steps && need + CELLS_MIN + 4 <= (size_t)width) {
        const size_t room = (size_t)width - need - 4;
        at = draw_cells(text, room < CELLS_MAX ? (int)room : CELLS_MAX, s);
    }
    const size_t start = at;
    text[at] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        if (!f[i].text[0] || f[i].rank > rank || need >= (size_t)width)
            continue;
        at += (size_t)snprintf(text + at, size - at, "%s%s", at > start ? "  " : "",
                               f[i].text);
    }
    return at;
}

void dfn_progress_step(dfn_progress *p, const dfn_progress_state *s)
{
    char text[WIDTH_MAX + 1];
    mark(p, s);
    if (p->started && s->seconds - p->shown < p->interval)
        return;
    /* Nothing is known about the speed at the first step. */
    if (!p->started && !p->bar) {
        p->started = true;
        p->shown = s->seconds;
        return;
    }
    p->started = true;
    p->shown = s->seconds;
    dfn_progress_text(text, sizeof text, p->bar ? terminal_width() : WIDTH_MAX, p->bar, p,
                      s);
    if (p->bar)
        cli_bar(text);
    else
        cli_line("%s", text);
}

void dfn_progress_clear(dfn_progress *p)
{
    if (p->bar)
        cli_bar("");
}
