/* json.c - JSON output that survives any file name. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 character at `s`, 0 if there is none. */
static int utf8_length(const unsigned char *s)
{
    const int n = s[0] < 0x80       ? 1
                  : s[0] >> 5 == 6  ? 2
                  : s[0] >> 4 == 14 ? 3
                  : s[0] >> 3 == 30 ? 4
                                    : 0;
    for (int i = 1; i < n; i++)
        if (s[i] >> 6 != 2)
            return 0;
    /* jansson itself knows about surrogates and over-long forms */
    json_t *ok = n ? json_stringn((const char *)s, (size_t)n) : NULL;
    json_decref(ok);
    return ok ? n : 0;
}

json_t *cli_json_text(const char *bytes)
{
    json_t *plain = json_string(bytes);
    if (plain)
        return plain;
    char *text = malloc(3 * strlen(bytes) + 1);
    if (!text)
        return NULL;
    size_t at = 0;
    for (const unsigned char *s = (const unsigned char *)bytes; *s;) {
        const int n = utf8_length(s);
        memcpy(text + at, n ? (const char *)s : "\xef\xbf\xbd", n ? (size_t)n : 3);
        at += n ? (size_t)n : 3;
        s += n ? n : 1;
    }
    json_t *made = json_stringn(text, at);
    free(text);
    return made;
}

bool cli_json_print(json_t *root)
{
    if (!root)
        cli_error(NULL, "out of memory");
    else if (json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0)
        cli_line("%s", ""); /* ends the line, and notices what could not be written */
    json_decref(root);
    return root != NULL;
}
