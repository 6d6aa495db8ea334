/* The configurations that come with the library: they stay within their budgets, and each
 * explains every key of the parser's list, with its range, in the same words. */
#include "check.h"
#include "model/dfnet4_config.h"

#include <dfnet4/model.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct budget {
    const char *name;
    size_t parameters;
    uint64_t macs; /* of one hop, both graphs */
    int lookahead;
} budget;

static const budget budgets[] = {
    {"full", 2000000, 2400000, 2},
    {"lite", 400000, 550000, 2},
    {"full-ll", 2000000, 2400000, 0},
    {"lite-ll", 400000, 550000, 0},
};
enum { N_PRESETS = sizeof budgets / sizeof *budgets, TEXT_MAX = 1 << 14 };

static size_t sizes[N_PRESETS];

static void check_budget(int i)
{
    const budget *b = &budgets[i];
    const char *name = dfn_preset_name(i);
    dfn_model *m = NULL;
    dfn_error err = {0};
    CHECK(name && !strcmp(name, b->name), "preset %d is not %s", i, b->name);
    CHECK(!dfn_model_describe(&m, dfn_preset_text(b->name), b->name, &err), "%s", err.text);
    if (!m)
        return;
    const dfn_graph *net = dfn_model_net(m), *apply = dfn_model_apply(m);
    const uint64_t macs = dfn_graph_macs(net) + dfn_graph_macs(apply);
    sizes[i] = dfn_graph_parameters(net) + dfn_graph_parameters(apply);
    printf("%s: %zu parameters, %llu MACs per hop\n", b->name, sizes[i],
           (unsigned long long)macs);
    CHECK(!strcmp(dfn_model_get_info(m)->kind, "deepfilternet4"), "%s: kind", b->name);
    CHECK(sizes[i] <= b->parameters && sizes[i] > b->parameters / 2, "%s: %zu parameters",
          b->name, sizes[i]);
    CHECK(macs <= b->macs && macs > b->macs / 2, "%s: its work", b->name);
    CHECK(dfn_model_get_info(m)->lookahead == b->lookahead, "%s: lookahead", b->name);
    dfn_model_free(m);
}

/* ---- the texts ------------------------------------------------------------------------
 */

/* Start of the line after this one, or NULL. */
static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end && end[1] ? end + 1 : NULL;
}

/* Comment lines, but for the first one, put behind each other. */
static void gather_comments(const char *text, char *out)
{
    *out = '\0';
    for (const char *l = next_line(text); l; l = next_line(l))
        if (*l == '#')
            strncat(out, l, strcspn(l, "\n") + 1);
}

/* What is said above "key =" in its section; false if the key is not there just once. */
static bool find_comment(const char *text, const dfn_config_key *k, char *out)
{
    char section[64] = "", comment[1024] = "";
    int found = 0;
    for (const char *l = text; l; l = next_line(l)) {
        const size_t length = strcspn(l, " =\n");
        if (*l == '[')
            snprintf(section, sizeof section, "%.*s", (int)strcspn(l + 1, "]"), l + 1);
        else if (*l == '#')
            strncat(comment, l, strcspn(l, "\n") + 1);
        if (!strcasecmp(section, k->section) && length == strlen(k->key) &&
            !strncasecmp(l, k->key, length) && ++found)
            strcpy(out, comment);
        if (*l != '#')
            *comment = '\0';
    }
    return found == 1;
}

/* Whether the comment tells which values there are. */
static bool tells_range(const dfn_config_key *k, const char *comment)
{
    char range[64];
    const char *c = k->choices;
    switch (k->type) {
    case DFN_CONFIG_INT:
    case DFN_CONFIG_REAL:
    case DFN_CONFIG_COUNT:
    case DFN_CONFIG_PAIR:
        snprintf(range, sizeof range, " %g to %g", k->min, k->max);
        return strstr(comment, range) != NULL;
    case DFN_CONFIG_CHOICE:
        for (; *c; c += strcspn(c, "|"), c += *c == '|') {
            snprintf(range, sizeof range, "%.*s", (int)strcspn(c, "|"), c);
            if (!strstr(comment, range))
                return false;
        }
        return true;
    case DFN_CONFIG_FIXED:
        snprintf(range, sizeof range, "Only %s", c);
        return strstr(comment, range) != NULL;
    case DFN_CONFIG_NO_EFFECT: return strstr(comment, "Has no effect") != NULL;
    case DFN_CONFIG_TEXT: break;
    }
    return true;
}

static void check_keys(const char *name, const char *text)
{
    size_t n;
    const dfn_config_key *keys = dfn_dfnet4_keys(&n);
    for (size_t i = 0; i < n; i++) {
        char comment[1024] = "";
        CHECK(find_comment(text, &keys[i], comment), "%s: '%s' is not there once", name,
              keys[i].key);
        CHECK(strlen(comment) > 20 && tells_range(&keys[i], comment),
              "%s: '%s' is explained as '%s'", name, keys[i].key, comment);
    }
}

static void check_texts(void)
{
    static char first[TEXT_MAX], other[TEXT_MAX];
    for (int i = 0; i < N_PRESETS; i++) {
        const char *text = dfn_preset_text(budgets[i].name);
        CHECK(strlen(text) < TEXT_MAX, "%s is long", budgets[i].name);
        check_keys(budgets[i].name, text);
        gather_comments(text, i ? other : first);
        CHECK(!i || !strcmp(first, other), "%s explains in other words", budgets[i].name);
    }
}

int main(void)
{
    for (int i = 0; i < N_PRESETS; i++)
        check_budget(i);
    CHECK(!dfn_preset_name(N_PRESETS) && !dfn_preset_name(-1), "more presets than known");
    CHECK(sizes[0] == sizes[2] && sizes[1] == sizes[3], "low latency is another network");
    CHECK(!dfn_preset_text("nonsense") && !dfn_preset_text(""), "unknown presets");
    CHECK(dfn_preset_text("ll") == dfn_preset_text("full-ll"), "ll is short for full-ll");
    check_texts();
    return check_report();
}
