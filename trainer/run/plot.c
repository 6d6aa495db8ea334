/* plot.c - a page of six diagrams. */
#include "run/plot.h"

#include "run/plot_panel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 1180, HEIGHT = 930, COLUMNS = 2, SCALE = 2, TOP = 96 };
enum { CELL_W = WIDTH / COLUMNS, CELL_H = (HEIGHT - TOP) / 3 };

typedef struct page {
    cairo_t *cr;
    const dfn_run_log *log;
    const char *x_unit;
    dfn_axis horizontal;
} page;

static const dfn_series *find(const page *g, const char *kind, const char *name)
{
    return dfn_run_log_find(g->log, kind, name);
}

/* A diagram's place, under a key of `rows` rows. */
static dfn_panel cell(const page *g, int column, int row, int rows)
{
    const double left = column * CELL_W + 30, top = TOP + row * CELL_H;
    const double above = 35 + 17 * rows;
    return (dfn_panel){.cr = g->cr,
                       .x = left + 44,
                       .y = top + above,
                       .width = CELL_W - 74 - 30,
                       .height = CELL_H - above - 42,
                       .horizontal = g->horizontal,
                       .left = left,
                       .key_x = left,
                       .key_y = top + 39};
}

/* All diagrams show the same time: from 0 on, unless the log starts late. */
static dfn_axis find_time(const dfn_run_log *log)
{
    dfn_axis a = {INFINITY, -INFINITY, false};
    for (size_t i = 0; i < log->count; i++)
        for (size_t k = 0; k < log->series[i].count; k++) {
            const double x = log->series[i].x[k];
            if (dfn_plot_absurd(x))
                continue;
            a.lo = fmin(a.lo, x);
            a.hi = fmax(a.hi, x);
        }
    if (a.lo > 0 && a.lo < 0.3 * a.hi)
        a.lo = 0;
    if (!(a.lo < a.hi)) /* one step, or none */
        a = (dfn_axis){isfinite(a.hi) ? a.hi - 1 : 0, isfinite(a.hi) ? a.hi : 1, false};
    return a;
}

/* The last number of a row, or the mean of its last thirtieth. */
static double last(const dfn_series *s, bool noise)
{
    const size_t most = noise ? s->count / 30 + 1 : 1;
    double sum = 0;
    size_t n = 0;
    for (size_t i = s->count; i-- > 0 && n < most;)
        if (isfinite(s->y[i])) {
            sum += s->y[i];
            n++;
        }
    return sum / (double)n;
}

static void key(dfn_panel *p, const char *name, const dfn_series *s, int colour, bool noise)
{
    char text[128];
    if (!s)
        return;
    snprintf(text, sizeof text, "%s %.4g", name, last(s, noise));
    dfn_panel_key(p, text, colour);
}

static void draw_loss(page *g, dfn_panel p)
{
    const dfn_series *train = find(g, "train", "loss"), *valid = find(g, "valid", "loss");
    dfn_panel_include(&p, train);
    dfn_panel_include(&p, valid);
    dfn_panel_settle(&p, 8);
    dfn_panel_frame(&p, "Loss", "", g->x_unit);
    dfn_panel_line(&p, train, 0, DFN_LINE_FAINT);
    dfn_panel_line(&p, train, 0, DFN_LINE_SMOOTH);
    dfn_panel_line(&p, valid, 1, DFN_LINE_DOTS);
    key(&p, "training", train, 0, true);
    key(&p, "validation", valid, 1, false);
}

/* A number of training; with `noise`, its mean, too. */
static void draw_number(page *g, dfn_panel p, const char *title, const char *unit,
                        const char *name, bool noise)
{
    const dfn_series *s = find(g, "train", name);
    dfn_panel_include(&p, s);
    dfn_panel_settle(&p, noise ? 8 : INFINITY);
    dfn_panel_frame(&p, title, unit, g->x_unit);
    if (noise)
        dfn_panel_line(&p, s, 0, DFN_LINE_FAINT);
    dfn_panel_line(&p, s, 0, noise ? DFN_LINE_SMOOTH : DFN_LINE_SOLID);
    key(&p, noise ? "of late" : "last", s, 0, noise);
    if (!s)
        dfn_panel_say(&p, "nothing yet");
}

static void draw_terms(page *g, dfn_panel p)
{
    static const char prefix[] = "loss_";
    for (int pass = 0; pass < 2; pass++) {
        int colour = 0;
        for (size_t i = 0; i < g->log->count; i++) {
            const dfn_series *s = &g->log->series[i];
            if (strcmp(s->kind, "train") != 0 ||
                strncmp(s->name, prefix, strlen(prefix)) != 0)
                continue;
            if (pass == 0) {
                dfn_panel_include(&p, s);
                continue;
            }
            dfn_panel_line(&p, s, colour, DFN_LINE_SMOOTH);
            dfn_panel_key(&p, s->name + strlen(prefix), colour++);
        }
        if (pass == 0) {
            dfn_panel_settle(&p, 8);
            dfn_panel_frame(&p, "Terms of the loss", "weighted, training", g->x_unit);
        }
    }
}

/* A measure of the validation beside that of doing nothing. */
static void draw_measure(page *g, dfn_panel p, const char *title, const char *unit,
                         const char *name, const char *noisy_name)
{
    const dfn_series *out = find(g, "valid", name), *noisy = find(g, "valid", noisy_name);
    dfn_panel_include(&p, out);
    dfn_panel_include(&p, noisy);
    dfn_panel_settle(&p, INFINITY);
    dfn_panel_frame(&p, title, unit, g->x_unit);
    dfn_panel_line(&p, noisy, 8, DFN_LINE_DASHED);
    dfn_panel_line(&p, out, 1, DFN_LINE_DOTS);
    key(&p, "enhanced", out, 1, false);
    key(&p, "noisy", noisy, 8, false);
    if (!out)
        dfn_panel_say(&p, "no validation yet");
}

/* Where the validation loss is least. */
static size_t best(const dfn_series *s)
{
    size_t at = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->y[i] < s->y[at] || isnan(s->y[at]))
            at = i;
    return at;
}

static void draw_header(page *g, const char *title)
{
    char text[256];
    const dfn_series *hours = find(g, "train", "hours"), *loss = find(g, "valid", "loss");
    const dfn_series *speed = find(g, "train", "hours_per_hour");
    dfn_panel_text(g->cr, 30, 42, 0, 22, true, .1, title);
    int n = snprintf(text, sizeof text, "step %llu", (unsigned long long)g->log->step);
    if (hours)
        n += snprintf(text + n, sizeof text - (size_t)n, "  ·  %.4g hours of audio",
                      last(hours, false));
    if (speed)
        n += snprintf(text + n, sizeof text - (size_t)n, "  ·  %.0f hours per hour",
                      last(speed, true));
    if (loss)
        snprintf(text + n, sizeof text - (size_t)n,
                 "  ·  best validation loss %.4g after %.4g%s", loss->y[best(loss)],
                 loss->x[best(loss)], g->x_unit);
    dfn_panel_text(g->cr, 30, 66, 0, 13, false, .4, text);
    cairo_set_source_rgb(g->cr, .85, .85, .85);
    cairo_set_line_width(g->cr, 1);
    cairo_move_to(g->cr, 30, 82.5);
    cairo_line_to(g->cr, WIDTH - 30, 82.5);
    cairo_stroke(g->cr);
}

static void draw(page *g, const char *title)
{
    cairo_scale(g->cr, SCALE, SCALE);
    cairo_set_source_rgb(g->cr, 1, 1, 1);
    cairo_paint(g->cr);
    draw_header(g, title);
    draw_loss(g, cell(g, 0, 0, 1));
    draw_terms(g, cell(g, 1, 0, 2));
    draw_measure(g, cell(g, 0, 1, 1), "SI-SDR", "dB, validation", "si_sdr", "si_sdr_noisy");
    draw_measure(g, cell(g, 1, 1, 1), "STOI", "validation", "stoi", "stoi_noisy");
    draw_number(g, cell(g, 0, 2, 1), "Learning rate", "", "lr", false);
    draw_number(g, cell(g, 1, 2, 1), "Gradient norm", "before clipping", "grad_norm", true);
}

dfn_status dfn_plot(const dfn_run_log *log, const char *title, const char *path,
                    dfn_error *err)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, SCALE * WIDTH, SCALE * HEIGHT);
    cairo_t *cr = cairo_create(surface);
    page g = {.cr = cr, .log = log, .x_unit = "", .horizontal = find_time(log)};
    if (dfn_run_log_find(log, "train", "hours") || dfn_run_log_find(log, "valid", "hours"))
        g.x_unit = " h";
    draw(&g, title);
    cairo_status_t status = cairo_status(cr);
    if (!status)
        status = cairo_surface_write_to_png(surface, path);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    if (!status)
        return DFN_OK;
    return dfn_fail(err, status == CAIRO_STATUS_NO_MEMORY ? DFN_ERR_NOMEM : DFN_ERR_IO,
                    "%s: %s", path, cairo_status_to_string(status));
}
