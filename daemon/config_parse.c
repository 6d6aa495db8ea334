/* config_parse.c - the text of one file. inih is not used here: it keeps an empty section
 * to itself, but [microphone] alone asks for one, and its lines end after 200 bytes, which
 * a path may well exceed. */
#include "config.h"

#include <stdarg.h>
#include <string.h>

enum { LINE = DFND_PATH + 256, KEYS = 64 };

typedef struct reader {
    dfnd_config *config;
    const char *file;
    int line;
    bool in_daemon;
    dfnd_instance_config *instance;                 /* of this section, or NULL */
    int daemon_line, instance_line[DFND_INSTANCES]; /* where a section began; 0: nowhere */
    char keys[KEYS][DFND_NAME];                     /* seen in this section */
    int n_keys;
    dfn_error *err;
} reader;

static dfn_status fail(reader *r, const char *format, ...) DFN_PRINTF(2, 3);
static dfn_status fail(reader *r, const char *format, ...)
{
    char why[sizeof r->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return dfn_fail(r->err, DFN_ERR_FORMAT, "%s:%d: %s", r->file, r->line, why);
}

/* Cut the space off both ends. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

/* A section may stand once in a file; other files add to it. */
static dfn_status begin(reader *r, int *first, const char *section)
{
    if (*first)
        return fail(r, "[%s] began in line %d already", section, *first);
    *first = r->line;
    return DFN_OK;
}

static dfn_status read_section(reader *r, char *text)
{
    char *end = strchr(text, ']');
    if (!end || end[1])
        return fail(r, "a section is [NAME], and nothing after it");
    *end = '\0';
    char *section = trim(text + 1), *name = section + strcspn(section, " \t");
    if (*name)
        *name++ = '\0';
    name = trim(name);
    r->in_daemon = !strcmp(section, "daemon");
    r->instance = NULL;
    r->n_keys = 0;
    const bool incoming = !strcmp(section, "incoming");
    if (r->in_daemon && *name)
        return fail(r, "[daemon] takes no name");
    if (r->in_daemon)
        return begin(r, &r->daemon_line, section);
    if (!incoming && strcmp(section, "microphone"))
        return fail(r,
                    "unknown section '%.64s'; there are [daemon], [microphone NAME] and "
                    "[incoming NAME]",
                    section);
    dfn_error why;
    if (dfnd_config_add(&r->instance, r->config, *name ? name : section,
                        incoming ? DFND_INCOMING : DFND_MICROPHONE, &why))
        return fail(r, "%s", why.text);
    return begin(r, &r->instance_line[r->instance - r->config->instance],
                 r->instance->name);
}

/* A key counts once in a section, however it is written. */
static dfn_status note_key(reader *r, const char *key)
{
    char name[DFND_NAME];
    snprintf(name, sizeof name, "%s", key);
    for (char *p = name; (p = strchr(p, '-'));)
        *p = '_';
    for (int i = 0; i < r->n_keys; i++)
        if (!strcmp(r->keys[i], name))
            return fail(r, "'%s' is given twice in this section", name);
    if (r->n_keys < KEYS)
        memcpy(r->keys[r->n_keys++], name, sizeof name);
    return DFN_OK;
}

static dfn_status read_key(reader *r, char *text)
{
    char *sign = strchr(text, '=');
    if (!sign)
        return fail(r, "not a section, key or comment");
    *sign = '\0';
    const char *key = trim(text), *value = trim(sign + 1);
    if (!r->in_daemon && !r->instance)
        return fail(r, "'%.64s' stands before any section", key);
    dfn_error why;
    const dfn_status status = r->in_daemon
                                  ? dfnd_config_set(r->config, key, value, &why)
                                  : dfnd_instance_config_set(r->instance, key, value, &why);
    if (status)
        return fail(r, "%s", why.text);
    return note_key(r, key);
}

static dfn_status read_line(reader *r, char *text)
{
    text = trim(text);
    if (!*text || *text == '#' || *text == ';')
        return DFN_OK;
    return *text == '[' ? read_section(r, text) : read_key(r, text);
}

dfn_status dfnd_config_parse(dfnd_config *c, const char *text, size_t size,
                             const char *file, dfn_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin with it */
    reader r = {.config = c, .file = file, .line = 1, .err = err};
    char line[LINE];
    size_t at = size >= 3 && !memcmp(text, mark, 3) ? 3 : 0;
    for (dfn_status status; at < size; r.line++) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t n = end ? (size_t)(end - text) - at : size - at;
        if (memchr(text + at, '\0', n))
            return fail(&r, "a zero byte; this is no text file");
        if (n >= sizeof line)
            return fail(&r, "more than %d bytes in a line", LINE - 1);
        memcpy(line, text + at, n);
        line[n] = '\0';
        status = read_line(&r, line);
        if (status)
            return status;
        at += n + 1;
    }
    return DFN_OK;
}
