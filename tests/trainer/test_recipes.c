/* The recipes that come with us: they can be read, and explain every key that there is,
 * with its range. Arguments: their files. */
#include "check.h"
#include "run/recipe_keys.h"

#include <stdlib.h>
#include <string.h>

/* A line of the file, and the comment above it or above those like it before. */
typedef struct entry {
    char section[32], key[64], comment[1024];
} entry;

enum { ENTRIES = 300 };

static int read_entries(entry *e, const char *path)
{
    char line[256], section[32] = "", comment[1024] = "";
    int n = 0;
    bool above = false; /* the line before is of a comment */
    FILE *f = fopen(path, "r");
    CHECK(f, "%s", path);
    while (f && n < ENTRIES && fgets(line, sizeof line, f)) {
        const bool is_comment = *line == '#';
        if (is_comment) {
            if (!above)
                *comment = '\0';
            strncat(comment, line, sizeof comment - strlen(comment) - 1);
        } else if (*line == '[') {
            snprintf(section, sizeof section, "%.*s", (int)strcspn(line + 1, "]"),
                     line + 1);
            *comment = '\0';
        } else if (strchr(line, '=')) {
            snprintf(e[n].section, sizeof e->section, "%s", section);
            snprintf(e[n].key, sizeof e->key, "%.*s", (int)strcspn(line, " ="), line);
            strcpy(e[n++].comment, comment);
        }
        above = is_comment;
    }
    if (f)
        fclose(f);
    return n;
}

static bool tells_range(const dfn_config_key *k, const char *comment)
{
    char range[64];
    const char *c = k->choices;
    if (k->type == DFN_CONFIG_TEXT)
        return *comment;
    if (k->type != DFN_CONFIG_CHOICE) {
        snprintf(range, sizeof range, "%g to %g", k->min, k->max);
        if (k->max == 2147483647)
            snprintf(range, sizeof range, "0 to 2147483647");
        return strstr(comment, range) != NULL;
    }
    for (; *c; c += strcspn(c, "|"), c += *c == '|') {
        snprintf(range, sizeof range, "%.*s", (int)strcspn(c, "|"), c);
        if (!strstr(comment, range))
            return false;
    }
    return true;
}

static void check_keys(const char *path)
{
    static entry e[ENTRIES];
    size_t n_keys;
    dfn_config_key *keys = dfn_recipe_keys(false, &n_keys);
    const int n = read_entries(e, path);
    CHECK(keys, "memory");
    for (size_t i = 0; keys && i < n_keys; i++) {
        int found = 0;
        for (int k = 0; k < n; k++)
            if (!strcmp(e[k].section, keys[i].section) && !strcmp(e[k].key, keys[i].key)) {
                found++;
                CHECK(tells_range(&keys[i], e[k].comment),
                      "%s: [%s] %s: its values are not told", path, keys[i].section,
                      keys[i].key);
            }
        CHECK(found == 1, "%s: [%s] %s is there %d times", path, keys[i].section,
              keys[i].key, found);
    }
    free(keys);
}

int main(int argc, char **argv)
{
    CHECK(argc > 1, "no recipes");
    for (int i = 1; i < argc; i++) {
        dfn_recipe *r;
        dfn_error err = {0};
        CHECK(!dfn_recipe_read(&r, argv[i], NULL, 0, &err), "%s", err.text);
        dfn_recipe_free(r);
        check_keys(argv[i]);
    }
    return check_report();
}
