#include "model/config.h"

#include <ini.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct parser {
    unsigned char *config;
    const dfn_config_key *keys;
    size_t n_keys;
    const char *const *foreign;
    const char *text;
    int line;
    char why[256]; /* of the first error */
} parser;

/* One number; returns what follows it, or NULL. */
static const char *read_number(const char *text, double *x)
{
    char *end;
    *x = strtod(text, &end);
    while (*end == ' ' || *end == '\t')
        end++;
    return end == text || !isfinite(*x) ? NULL : end;
}

static bool in_range(parser *p, const dfn_config_key *k, double x, bool whole)
{
    if (x >= k->min && x <= k->max && (!whole || x == floor(x)))
        return true;
    snprintf(p->why, sizeof p->why, "'%s' must be %s from %g to %g", k->key,
             whole ? "a whole number" : "a number", k->min, k->max);
    return false;
}

/* Index of `value` in "a|b|c", or -1. */
static int find_choice(const char *choices, const char *value)
{
    const size_t n = strlen(value);
    for (int i = 0;; i++) {
        const size_t len = strcspn(choices, "|");
        if (len == n && !strncasecmp(choices, value, n))
            return i;
        if (!choices[len])
            return -1;
        choices += len + 1;
    }
}

static bool store_choice(parser *p, const dfn_config_key *k, const char *value, void *at)
{
    const int choice = find_choice(k->choices, value);
    if (choice < 0)
        snprintf(p->why, sizeof p->why, "'%s = %.60s' is not supported, only %s", k->key,
                 value, k->choices);
    else if (k->type == DFN_CONFIG_CHOICE)
        memcpy(at, &choice, sizeof choice);
    return choice >= 0;
}

static bool store_text(parser *p, const dfn_config_key *k, const char *value, char *at)
{
    const size_t n = strlen(value) + 1;
    if (n <= (size_t)k->max)
        memcpy(at, value, n);
    else
        snprintf(p->why, sizeof p->why, "'%s' is too long", k->key);
    return n <= (size_t)k->max;
}

static bool store(parser *p, const dfn_config_key *k, const char *value)
{
    void *at = p->config + k->at;
    const bool pair = k->type == DFN_CONFIG_PAIR, whole = k->type != DFN_CONFIG_REAL;
    if (k->type == DFN_CONFIG_NO_EFFECT)
        return true;
    if (k->type == DFN_CONFIG_TEXT)
        return store_text(p, k, value, at);
    if (k->type == DFN_CONFIG_CHOICE || k->type == DFN_CONFIG_FIXED)
        return store_choice(p, k, value, at);
    double x[2] = {0, k->min};
    const char *rest = read_number(value, &x[0]);
    if (pair)
        rest = rest && *rest == ',' ? read_number(rest + 1, &x[1]) : NULL;
    if (!rest || *rest) {
        snprintf(p->why, sizeof p->why, "'%s = %.60s' is not %s", k->key, value,
                 pair ? "two numbers with a comma" : "a number");
        return false;
    }
    if (!in_range(p, k, x[0], whole) || !in_range(p, k, x[1], whole && pair))
        return false;
    if (k->type == DFN_CONFIG_COUNT) {
        const uint64_t n = (uint64_t)x[0];
        memcpy(at, &n, sizeof n);
        return true;
    }
    const int n[2] = {whole ? (int)x[0] : 0, pair ? (int)x[1] : 0};
    if (whole)
        memcpy(at, n, (pair ? 2 : 1) * sizeof *n);
    else
        memcpy(at, x, sizeof *x);
    return true;
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
    parser *p = user;
    if (*p->why)
        return 0;
    for (const char *const *s = p->foreign; *s; s++)
        if (!strcasecmp(*s, section))
            return 1;
    for (size_t i = 0; i < p->n_keys; i++)
        if (!strcasecmp(p->keys[i].section, section) && !strcasecmp(p->keys[i].key, name))
            return store(p, &p->keys[i], value);
    snprintf(p->why, sizeof p->why, "unknown key '%.60s' in section [%.60s]", name,
             section);
    return 0;
}

/* "0.5" must mean the same whatever language the host speaks: work(user) in the C locale.
 * False if there is no memory for one. */
static bool plainly(void (*work)(void *), void *user)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return false;
    const locale_t before = uselocale(plain);
    work(user);
    uselocale(before);
    freelocale(plain);
    return true;
}

/* The reader of INI files cuts longer lines in pieces, which would be read as other keys.
 */
enum { LONGEST_LINE = INI_MAX_LINE - 2 };

static bool check_lines(parser *p)
{
    int line = 1;
    for (const char *at = p->text; *at; line++) {
        const size_t n = strcspn(at, "\n");
        if (n > LONGEST_LINE) {
            p->line = line;
            snprintf(p->why, sizeof p->why, "more than %d characters", LONGEST_LINE);
            return false;
        }
        at += n + (at[n] != '\0');
    }
    return true;
}

static void parse(void *user)
{
    parser *p = user;
    if (!check_lines(p))
        return;
    p->line = ini_parse_string(p->text, handle, p);
}

dfn_status dfn_config_parse(void *config, const dfn_config_key *keys, size_t n_keys,
                            const char *const *foreign, const char *text, const char *name,
                            dfn_error *err)
{
    parser p = {
        .config = config, .keys = keys, .n_keys = n_keys, .foreign = foreign, .text = text};
    if (!plainly(parse, &p))
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    if (!p.line && !*p.why)
        return DFN_OK;
    return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: %s", name, p.line,
                    *p.why ? p.why : "not a section, key or comment");
}

typedef struct printer {
    char *text;
    size_t size, length;
    const unsigned char *config;
    const dfn_config_key *keys;
    size_t n_keys;
} printer;

static void put(printer *p, const char *format, ...) DFN_PRINTF(2, 3);
static void put(printer *p, const char *format, ...)
{
    const size_t room = p->length < p->size ? p->size - p->length : 0;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(room ? p->text + p->length : NULL, room, format, args);
    va_end(args);
    p->length += n > 0 ? (size_t)n : 0;
}

static void put_choice(printer *p, const char *choices, int i)
{
    while (i-- > 0)
        choices += strcspn(choices, "|") + 1;
    put(p, "%.*s", (int)strcspn(choices, "|"), choices);
}

/* As few digits as give the same number back: 0.03, not 0.029999999999999999. */
static void put_real(printer *p, double x)
{
    char text[40];
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, x);
    while (strtod(text, NULL) != x && ++digits <= 17);
    put(p, "%s", text);
}

static void put_value(printer *p, const dfn_config_key *k)
{
    const void *at = p->config + k->at;
    int n[2] = {0};
    uint64_t count;
    double x;
    switch (k->type) {
    case DFN_CONFIG_INT:
        memcpy(n, at, sizeof *n);
        put(p, "%d", n[0]);
        break;
    case DFN_CONFIG_REAL:
        memcpy(&x, at, sizeof x);
        put_real(p, x);
        break;
    case DFN_CONFIG_COUNT:
        memcpy(&count, at, sizeof count);
        put(p, "%" PRIu64, count);
        break;
    case DFN_CONFIG_PAIR:
        memcpy(n, at, sizeof n);
        put(p, "%d,%d", n[0], n[1]);
        break;
    case DFN_CONFIG_CHOICE:
        memcpy(n, at, sizeof *n);
        put_choice(p, k->choices, n[0]);
        break;
    case DFN_CONFIG_TEXT: put(p, "%s", (const char *)at); break;
    case DFN_CONFIG_FIXED: put_choice(p, k->choices, 0); break;
    case DFN_CONFIG_NO_EFFECT: break;
    }
}

static void print(void *user)
{
    printer *p = user;
    const char *section = "";
    for (size_t i = 0; i < p->n_keys; i++) {
        const dfn_config_key *k = &p->keys[i];
        if (k->type == DFN_CONFIG_NO_EFFECT)
            continue;
        if (strcmp(section, k->section))
            put(p, "[%s]\n", k->section);
        section = k->section;
        put(p, "%s = ", k->key);
        put_value(p, k);
        put(p, "\n");
    }
}

size_t dfn_config_print(char *text, size_t size, const void *config,
                        const dfn_config_key *keys, size_t n_keys)
{
    printer p = {
        .text = text, .size = size, .config = config, .keys = keys, .n_keys = n_keys};
    return plainly(print, &p) ? p.length : 0;
}
