#include "model/config.h"

#include <ini.h>
#include <locale.h>
#include <math.h>
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

dfn_status dfn_config_parse(void *config, const dfn_config_key *keys, size_t n_keys,
                            const char *const *foreign, const char *text, const char *name,
                            dfn_error *err)
{
    parser p = {.config = config, .keys = keys, .n_keys = n_keys, .foreign = foreign};
    /* "0.5" must mean the same whatever language the host speaks */
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    const locale_t before = uselocale(plain);
    const int line = ini_parse_string(text, handle, &p);
    uselocale(before);
    freelocale(plain);
    if (!line && !*p.why)
        return DFN_OK;
    return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: %s", name, line,
                    *p.why ? p.why : "not a section, key or comment");
}
