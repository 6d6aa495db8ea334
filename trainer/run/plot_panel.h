/* plot_panel.h - one diagram of a picture: title, axes, lines. */
#ifndef DFN_PLOT_PANEL_H
#define DFN_PLOT_PANEL_H

#include "run/plot.h"

#include <cairo.h>
#include <stdbool.h>

typedef struct dfn_axis {
    double lo, hi;
    bool log;
} dfn_axis;

typedef struct dfn_panel {
    cairo_t *cr;
    double x, y, width, height;    /* of the area of the lines */
    dfn_axis horizontal, vertical; /* horizontal: set by the caller, the same for all */
    bool filled;                   /* there is something to show */
    double left;                   /* of title and key */
    double key_x, key_y;           /* where the next entry of the key goes */
} dfn_panel;

typedef enum dfn_line {
    DFN_LINE_SOLID,
    DFN_LINE_FAINT,  /* thin and pale: all points */
    DFN_LINE_SMOOTH, /* a running mean of them */
    DFN_LINE_DOTS,   /* with a dot at each */
    DFN_LINE_DASHED,
} dfn_line;

/** Numbers that no run has unless it went wrong: they are not shown. */
bool dfn_plot_absurd(double v);
/** Make room for a row (may be NULL) on the vertical axis. */
void dfn_panel_include(dfn_panel *p, const dfn_series *s);
/** After the last of them: widen the axis a little, and use a logarithm where values above
 * zero span more than a factor of `ratio`. */
void dfn_panel_settle(dfn_panel *p, double ratio);

/** Title with its unit, grid and numbers; `bottom`: with the numbers of the x-axis. */
void dfn_panel_frame(dfn_panel *p, const char *title, const char *unit, const char *x_unit);
void dfn_panel_line(dfn_panel *p, const dfn_series *s, int colour, dfn_line line);
/** An entry of the key, from left to right under the title. */
void dfn_panel_key(dfn_panel *p, const char *text, int colour);
/** In the middle of a panel with nothing to show. */
void dfn_panel_say(dfn_panel *p, const char *text);

/** Text whose baseline starts (align 0), is centred (0.5) or ends (1) at x, y. */
void dfn_panel_text(cairo_t *cr, double x, double y, double align, double size, bool bold,
                    double grey, const char *text);

#endif
