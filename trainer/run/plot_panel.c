#include "run/plot_panel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;
/* The most that a logarithmic axis spans. */
static const double decades = 1e12;
static const double KEY = 12, NUMBERS = 11, TITLE = 14;

/* Told apart by people who see few colours, too; the first two are the ones that matter. */
static const unsigned colours[] = {0x2b6cb0, 0xe07b00, 0x2f9e62, 0xb5489a, 0xc23b32,
                                   0x1d9aa8, 0x8a6d1f, 0x6b5fc7, 0x7a7a7a};
enum { COLOURS = sizeof colours / sizeof *colours };

static void set_colour(cairo_t *cr, int colour, double alpha)
{
    const unsigned rgb = colours[colour % COLOURS];
    cairo_set_source_rgba(cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0,
                          (rgb & 255) / 255.0, alpha);
}

void dfn_panel_text(cairo_t *cr, double x, double y, double align, double size, bool bold,
                    double grey, const char *text)
{
    cairo_text_extents_t e;
    cairo_select_font_face(cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
    cairo_text_extents(cr, text, &e);
    cairo_set_source_rgb(cr, grey, grey, grey);
    cairo_move_to(cr, x - align * e.x_advance, y);
    cairo_show_text(cr, text);
}

/* ---- axes -----------------------------------------------------------------------------
 */

bool dfn_plot_absurd(double v) { return !(fabs(v) < 1e100); } /* nor NAN */

void dfn_panel_include(dfn_panel *p, const dfn_series *s)
{
    dfn_axis *v = &p->vertical;
    for (size_t i = 0; s && i < s->count; i++) {
        if (dfn_plot_absurd(s->y[i]))
            continue;
        v->lo = p->filled ? fmin(v->lo, s->y[i]) : s->y[i];
        v->hi = p->filled ? fmax(v->hi, s->y[i]) : s->y[i];
        p->filled = true;
    }
}

void dfn_panel_settle(dfn_panel *p, double ratio)
{
    dfn_axis *v = &p->vertical;
    v->log = v->lo > 0 && v->hi > ratio * v->lo;
    if (v->log) {
        v->lo = fmax(v->lo, v->hi / decades);
        const double room = pow(v->hi / v->lo, 0.05);
        v->lo /= room;
        v->hi *= room;
        return;
    }
    const double span = v->hi - v->lo;
    const double room = span > 0 ? 0.06 * span : fmax(0.05 * fabs(v->hi), 1e-3);
    v->hi += room;
    v->lo = v->lo >= 0 && v->lo < 0.3 * span ? 0 : v->lo - room;
}

static double place(const dfn_axis *a, double v)
{
    if (a->log)
        return v > 0 ? log(v / a->lo) / log(a->hi / a->lo) : -1;
    return (v - a->lo) / (a->hi - a->lo);
}

static double to_x(const dfn_panel *p, double v)
{
    return p->x + p->width * place(&p->horizontal, v);
}

static double to_y(const dfn_panel *p, double v)
{
    return p->y + p->height * (1 - place(&p->vertical, v));
}

/* 1, 2 or 5 times a power of ten, so that about `count` steps make `span`. */
static double nice_step(double span, int count)
{
    const double raw = span / count, unit = pow(10, floor(log10(raw))), part = raw / unit;
    return unit * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

enum { TICKS_MAX = 24 };

static int linear_ticks(const dfn_axis *a, int count, double *tick)
{
    const double step = nice_step(a->hi - a->lo, count);
    int n = 0;
    for (double k = ceil(a->lo / step - 1e-9); k * step <= a->hi + 1e-9 * step; k++)
        if (n < TICKS_MAX)
            tick[n++] = fabs(k) < 0.5 ? 0 : k * step;
    return n;
}

/* Powers of ten, and between them as much as there is room for. */
static int log_ticks(const dfn_axis *a, double *tick)
{
    static const double fine[] = {1, 1.5, 2, 3, 4, 5, 6, 8}, some[] = {1, 2, 5},
                        few[] = {1};
    const double wide = log10(a->hi / a->lo);
    const double *set = wide < 1 ? fine : wide < 3 ? some : few;
    const int size = wide < 1 ? 8 : wide < 3 ? 3 : 1;
    int n = 0;
    for (double e = floor(log10(a->lo)); e <= ceil(log10(a->hi)); e++)
        for (int i = 0; i < size; i++) {
            const double v = set[i] * pow(10, e);
            if (v >= a->lo && v <= a->hi && n < TICKS_MAX)
                tick[n++] = v;
        }
    return n;
}

static int find_ticks(const dfn_axis *a, int count, double *tick)
{
    return a->log ? log_ticks(a, tick) : linear_ticks(a, count, tick);
}

static void draw_grid(const dfn_panel *p, const char *x_unit)
{
    double tick[TICKS_MAX];
    char text[64];
    cairo_t *cr = p->cr;
    int n = find_ticks(&p->vertical, 5, tick);
    cairo_set_line_width(cr, 1);
    for (int i = 0; i < n; i++) {
        const double y = floor(to_y(p, tick[i])) + 0.5;
        cairo_set_source_rgb(cr, .90, .90, .90);
        cairo_move_to(cr, p->x, y);
        cairo_line_to(cr, p->x + p->width, y);
        cairo_stroke(cr);
        snprintf(text, sizeof text, "%.4g", tick[i]);
        dfn_panel_text(cr, p->x - 7, y + 4, 1, NUMBERS, false, .38, text);
    }
    const double bottom = floor(p->y + p->height) + 0.5;
    cairo_set_source_rgb(cr, .55, .55, .55);
    cairo_move_to(cr, p->x, bottom);
    cairo_line_to(cr, p->x + p->width, bottom);
    cairo_stroke(cr);
    n = find_ticks(&p->horizontal, 7, tick);
    for (int i = 0; i < n; i++) {
        const double x = floor(to_x(p, tick[i])) + 0.5;
        cairo_set_source_rgb(cr, .55, .55, .55);
        cairo_move_to(cr, x, bottom);
        cairo_line_to(cr, x, bottom + 4);
        cairo_stroke(cr);
        snprintf(text, sizeof text, "%.4g%s", tick[i], i == n - 1 ? x_unit : "");
        dfn_panel_text(cr, x, bottom + 17, .5, NUMBERS, false, .38, text);
    }
}

void dfn_panel_frame(dfn_panel *p, const char *title, const char *unit, const char *x_unit)
{
    cairo_text_extents_t e;
    const double y = p->key_y - 19;
    dfn_panel_text(p->cr, p->left, y, 0, TITLE, true, .13, title);
    cairo_text_extents(p->cr, title, &e);
    dfn_panel_text(p->cr, p->left + e.x_advance + 8, y, 0, KEY, false, .45, unit);
    if (p->filled)
        draw_grid(p, x_unit);
}

void dfn_panel_key(dfn_panel *p, const char *text, int colour)
{
    enum { BOX = 10, GAP = 5, NEXT = 16, ROW = 17 };
    cairo_text_extents_t e;
    cairo_set_font_size(p->cr, KEY);
    cairo_text_extents(p->cr, text, &e);
    if (p->key_x > p->left && p->key_x + BOX + GAP + e.x_advance > p->x + p->width) {
        p->key_x = p->left;
        p->key_y += ROW;
    }
    set_colour(p->cr, colour, 1);
    cairo_rectangle(p->cr, p->key_x, p->key_y - 8, BOX, 8);
    cairo_fill(p->cr);
    dfn_panel_text(p->cr, p->key_x + BOX + GAP, p->key_y, 0, KEY, false, .25, text);
    p->key_x += BOX + GAP + e.x_advance + NEXT;
}

void dfn_panel_say(dfn_panel *p, const char *text)
{
    dfn_panel_text(p->cr, p->x + p->width / 2, p->y + p->height / 2, .5, KEY, false, .55,
                   text);
}

/* ---- lines ----------------------------------------------------------------------------
 */

/* A mean over the last sixtieth of the run or so, and over less at its start, where numbers
 * change quickly. */
typedef struct smoother {
    double mean, seen;
} smoother;

static double smooth(smoother *s, double y, double most)
{
    s->seen++;
    const double span = fmin(fmax(1, s->seen / 4), most);
    s->mean += (y - s->mean) / fmin(span, s->seen);
    return s->mean;
}

static void trace(dfn_panel *p, const dfn_series *s, dfn_line line)
{
    const double most = fmax(1, (double)s->count / 60);
    smoother mean = {0};
    bool down = false; /* the pen */
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->y[i]) || !isfinite(s->x[i]) ||
            (p->vertical.log && !(s->y[i] > 0))) {
            down = down && line == DFN_LINE_SMOOTH;
            continue;
        }
        const double y = line == DFN_LINE_SMOOTH ? smooth(&mean, s->y[i], most) : s->y[i];
        if (down)
            cairo_line_to(p->cr, to_x(p, s->x[i]), to_y(p, y));
        else
            cairo_move_to(p->cr, to_x(p, s->x[i]), to_y(p, y));
        down = true;
    }
}

static void draw_dots(dfn_panel *p, const dfn_series *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!isfinite(s->y[i]) || (p->vertical.log && !(s->y[i] > 0)))
            continue;
        cairo_new_sub_path(p->cr);
        cairo_arc(p->cr, to_x(p, s->x[i]), to_y(p, s->y[i]), s->count > 60 ? 1.8 : 3, 0,
                  2 * PI);
    }
    cairo_fill(p->cr);
}

void dfn_panel_line(dfn_panel *p, const dfn_series *s, int colour, dfn_line line)
{
    static const double dash[] = {6, 4};
    if (!s)
        return;
    cairo_save(p->cr);
    cairo_rectangle(p->cr, p->x - 4, p->y - 4, p->width + 8, p->height + 4);
    cairo_clip(p->cr);
    cairo_set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_ROUND);
    set_colour(p->cr, colour, line == DFN_LINE_FAINT ? .22 : 1);
    cairo_set_line_width(p->cr, line == DFN_LINE_FAINT ? 1 : 2);
    if (line == DFN_LINE_DASHED) {
        cairo_set_dash(p->cr, dash, 2, 0);
        cairo_set_line_width(p->cr, 1.5);
    }
    trace(p, s, line);
    cairo_stroke(p->cr);
    if (line == DFN_LINE_DOTS || s->count == 1)
        draw_dots(p, s);
    cairo_restore(p->cr);
}
