#include "data/csv.h"

#include <string.h>

enum { FIELD_MAX = 1 << 16 }; /* so that a quote without an end is cheap to find */

void dfn_csv_begin(dfn_csv *c, char *text, size_t size)
{
    *c = (dfn_csv){.at = text, .end = text + size, .line = 1};
    *c->end = '\0';
    if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        c->at += 3; /* some spreadsheets put a byte order mark */
}

static char *fail(dfn_csv *c, const char *fault)
{
    c->fault = fault;
    return NULL;
}

/* The quote that closes the field whose opening one is at `p`. */
static char *find_close(dfn_csv *c, char *p)
{
    const char *start = p++;
    for (; p < c->end && p - start < FIELD_MAX; p++) {
        if (*p == '"' && p[1] == '"')
            p++;
        else if (*p == '"')
            return p;
    }
    return fail(c, "a quote is not closed");
}

/* Fields return where their comma or line break is, or NULL after a fault. */
static char *quoted(dfn_csv *c, char *p)
{
    char *out = p, *close = find_close(c, p);
    if (!close)
        return NULL;
    char *next = close + 1;
    if (next < c->end && *next != ',' && *next != '\n' && *next != '\r')
        return fail(c, "there is text behind a closing quote");
    c->field[c->count++] = out;
    for (p++; p < close; p++) {
        c->line += *p == '\n';
        p += *p == '"';
        *out++ = *p;
    }
    *out = '\0';
    return next + (next < c->end && *next == '\r' && next[1] == '\n');
}

static char *plain(dfn_csv *c, char *p)
{
    char *start = p;
    while (p < c->end && *p != ',' && *p != '\n')
        p++;
    c->field[c->count++] = start;
    return p;
}

static char *next_field(dfn_csv *c, char *p)
{
    if (c->count == DFN_CSV_FIELDS)
        return fail(c, "there are too many fields");
    char *start = p;
    p = p < c->end && *p == '"' ? quoted(c, p) : plain(c, p);
    if (!p)
        return NULL;
    if (p - start > FIELD_MAX)
        return fail(c, "a field is too long");
    return p;
}

/* Ends a field at `p`; true if another one follows. */
static int close_field(dfn_csv *c, char *p)
{
    const int more = p < c->end && *p == ',';
    if (!more && p > c->field[c->count - 1] && p[-1] == '\r')
        p[-1] = '\0';
    *p = '\0';
    return more;
}

int dfn_csv_next(dfn_csv *c)
{
    while (c->at < c->end && (*c->at == '\n' || *c->at == '\r'))
        c->line += *c->at++ == '\n';
    if (c->at >= c->end)
        return 0;
    char *p = c->at, *eol = memchr(p, '\n', (size_t)(c->end - p));
    c->record = c->line;
    c->count = 0;
    c->fault = NULL;
    for (int more = 1; more && p;) {
        p = next_field(c, p);
        if (p) {
            more = close_field(c, p);
            p += more;
        }
    }
    if (!p) { /* go on with the next line */
        p = eol ? eol : c->end;
        c->line = c->record;
    }
    c->line += p < c->end;
    c->at = p < c->end ? p + 1 : c->end;
    return 1;
}
