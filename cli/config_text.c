/* config_text.c - the text of a network's INI file, of which there need not be a model. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20 }; /* a configuration is a page or two */

/* The whole of an open text file, or NULL after a message. owner: caller frees. */
static char *read_stream(FILE *f, const char *path)
{
    char *text = malloc(CONFIG_MAX + 1);
    if (!text) {
        cli_error(path, "out of memory");
        return NULL;
    }
    errno = 0;
    const size_t n = fread(text, 1, CONFIG_MAX + 1, f);
    const char *why = ferror(f)               ? strerror(errno)
                      : n > CONFIG_MAX        ? "too large for a configuration"
                      : memchr(text, '\0', n) ? "not a text file"
                                              : NULL;
    if (why) {
        cli_error(path, "%s", why);
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

char *cli_config_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        cli_error(path, "%s", strerror(errno));
        return NULL;
    }
    char *text = read_stream(f, path);
    fclose(f);
    return text;
}
