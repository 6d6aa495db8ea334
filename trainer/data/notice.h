/* notice.h - telling the watcher something. */
#ifndef DFN_NOTICE_H
#define DFN_NOTICE_H

#include "data/sounds.h"

#include <stdarg.h>
#include <stdio.h>

static inline void dfn_notice(const dfn_data_watch *w, const char *format, ...)
    DFN_PRINTF(2, 3);
static inline void dfn_notice(const dfn_data_watch *w, const char *format, ...)
{
    char text[sizeof((dfn_error *)0)->text];
    va_list args;
    if (!w->message)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    w->message(w->user, text);
}

#endif
