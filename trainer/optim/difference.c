#include "optim/difference.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line "key = value" under "[section]", as pointers into the text. */
typedef struct entry {
    const char *section, *key, *value;
    int section_size, key_size, value_size;
} entry;

/* The next entry at or after *at; false at the end. e->section stays from call to call. */
static bool next(const char **at, entry *e)
{
    while (**at) {
        const char *line = *at;
        const int n = (int)strcspn(line, "\n");
        const char *sign = memchr(line, '=', (size_t)n);
        *at += n + (line[n] != '\0');
        if (*line == '[') {
            e->section = line;
            e->section_size = n;
        } else if (sign) {
            e->key = line;
            e->key_size = (int)(sign - line);
            while (e->key_size && line[e->key_size - 1] == ' ')
                e->key_size--;
            e->value = sign + 1 + strspn(sign + 1, " ");
            e->value_size = (int)(line + n - e->value);
            return true;
        }
    }
    return false;
}

static bool same(const char *a, int n, const char *b, int m)
{
    return n == m && !memcmp(a, b, (size_t)n);
}

/* Whether a value is one number to its last character. */
static bool number(const entry *e, double *x)
{
    char *end;
    *x = strtod(e->value, &end);
    return e->value_size > 0 && end == e->value + e->value_size;
}

/* 0.1 and 0.10000000000000001 are the same. */
static bool same_value(const entry *a, const entry *b)
{
    double x, y;
    return same(a->value, a->value_size, b->value, b->value_size) ||
           (number(a, &x) && number(b, &y) && x == y);
}

static bool find(const char *text, const entry *want, entry *e)
{
    *e = (entry){.section = "", .section_size = 0};
    while (next(&text, e))
        if (same(e->section, e->section_size, want->section, want->section_size) &&
            same(e->key, e->key_size, want->key, want->key_size))
            return true;
    return false;
}

/* Add a text to `out` if it fits whole. */
static void add(char *out, size_t size, const char *text)
{
    const size_t used = strlen(out), n = strlen(text), sep = used ? 2 : 0;
    if (used + sep + n < size)
        snprintf(out + used, size - used, "%s%s", used ? "; " : "", text);
}

int dfn_difference(const char *there, const char *here, char *out, size_t size)
{
    char text[256];
    entry a = {.section = ""}, b;
    int n = 0;
    *out = '\0';
    for (const char *at = there; next(&at, &a);) {
        const bool found = find(here, &a, &b);
        if (found && same_value(&a, &b))
            continue;
        n++;
        snprintf(text, sizeof text, "%.*s %.*s is '%.*s' there, %s%.*s%s here",
                 a.section_size, a.section, a.key_size, a.key, a.value_size, a.value,
                 found ? "'" : "", found ? b.value_size : 7, found ? b.value : "missing",
                 found ? "'" : "");
        add(out, size, text);
    }
    b = (entry){.section = ""};
    for (const char *at = here; next(&at, &b);)
        if (!find(there, &b, &a)) {
            n++;
            snprintf(text, sizeof text, "%.*s %.*s is missing there", b.section_size,
                     b.section, b.key_size, b.key);
            add(out, size, text);
        }
    return n;
}
