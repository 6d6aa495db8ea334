/* No key of DeepFilterNet4 is ignored in silence. Each one of the parser's own list, set to
 * other legal values, changes the graphs (nodes, shapes, attributes, weights or outputs),
 * or is refused with a message, or stands below as having no effect. */
#include "check.h"
#include "graph/node.h"
#include "model/dfnet4.h"
#include "model/dfnet4_config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Keys that a network does not depend on, and why the parser takes them. */
static const char *const no_effect[] = {
    "pad_mode", /* how a trainer pads; a stream has no ends */
    "pf_beta",  /* of mask_pf, which is refused */
};

/* A key of a part that is off by default needs that part; a key that must go with another
 * one takes it along. Keys come here one by one: nothing else may depend on a context. */
static const struct context {
    const char *key, *base, *with;
} contexts[] = {
    {"fft_size", "", "[df]\nhop_size = 240\nnb_df = 96\n[deepfilternet4]\n"},
    {"hop_size", "", "[df]\nfft_size = 480\n[deepfilternet4]\n"},
    {"nb_df", "use_multi_res_df = false\n", ""},
    {"df_order", "use_multi_res_df = false\n", ""},
    {"df_lookahead", "conv_lookahead = 3\n", ""},
    {"time_branch_ch", "use_time_branch = true\n", ""},
    {"fusion_heads", "fusion_type = attention\n", ""},
    {"fusion_window", "fusion_type = attention\n", ""},
    {"fusion_recency", "fusion_type = attention\n", ""},
    {"adaptive_order", "use_multi_res_df = false\n", ""},
    {"adaptive_order_max", "use_multi_res_df = false\nadaptive_order = true\n", ""},
    {"adaptive_order_min", "use_multi_res_df = false\nadaptive_order = true\n", ""},
};

typedef struct network {
    dfn_dfnet4_config config;
    dfn_graph *graph[2];
    dfn_error err; /* why there are no graphs */
} network;

static void network_free(network *n)
{
    dfn_graph_free(n->graph[0]);
    dfn_graph_free(n->graph[1]);
    free(n);
}

static network *network_new(const char *base, const char *section, const char *line,
                            const char *with)
{
    char text[1024];
    network *n = calloc(1, sizeof *n);
    snprintf(text, sizeof text, "[deepfilternet4]\n%s%s[%s]\n%s", base, with, section,
             line);
    if (dfn_dfnet4_parse(&n->config, text, "key", &n->err))
        return n;
    n->config.batch_norm = false;
    for (int i = 0; i < 2; i++) {
        n->graph[i] = dfn_graph_new();
        (i ? dfn_dfnet4_apply : dfn_dfnet4_net)(n->graph[i], &n->config);
        if (dfn_graph_finish(n->graph[i], &n->err))
            break;
    }
    return n;
}

/* ---- two graphs compared --------------------------------------------------------------
 */

static bool same_ints(const int *a, const int *b, int n)
{
    return !memcmp(a, b, (size_t)n * sizeof *a);
}

static bool same_attr(const dfn_attr *a, const dfn_attr *b)
{
    return a->out == b->out && a->kernel_t == b->kernel_t && a->kernel_f == b->kernel_f &&
           a->stride_t == b->stride_t && a->stride_f == b->stride_f &&
           a->pad_t == b->pad_t && a->pad_f == b->pad_f && a->out_pad_f == b->out_pad_f &&
           a->groups == b->groups && a->heads == b->heads && a->window == b->window &&
           a->order == b->order && a->size == b->size && a->hop == b->hop &&
           a->axis == b->axis && a->start == b->start && a->length == b->length &&
           same_ints(a->perm, b->perm, 3) && same_ints(a->dims, b->dims, 3) &&
           a->frames == b->frames && a->variant == b->variant && a->bias == b->bias &&
           a->causal == b->causal && a->recency == b->recency && a->act == b->act &&
           a->alpha == b->alpha && a->beta == b->beta && a->list_len == b->list_len &&
           same_ints(a->list, b->list, a->list_len);
}

static bool same_node(const dfn_node *a, const dfn_node *b)
{
    return a->op == b->op && !strcmp(a->name, b->name) && same_attr(&a->attr, &b->attr) &&
           a->n_in == b->n_in && same_ints(a->in, b->in, a->n_in) && a->n_w == b->n_w &&
           a->shape.t == b->shape.t && same_ints(a->shape.d, b->shape.d, 3) &&
           a->state == b->state;
}

static bool same_graph(const dfn_graph *a, const dfn_graph *b)
{
    bool same =
        a->n_node == b->n_node && a->n_weight == b->n_weight && a->n_port == b->n_port;
    for (int i = 0; same && i < a->n_node; i++)
        same = same_node(&a->node[i], &b->node[i]);
    for (int i = 0; same && i < a->n_weight; i++)
        same = !strcmp(a->weight[i].name, b->weight[i].name) &&
               a->weight[i].rank == b->weight[i].rank &&
               same_ints(a->weight[i].dim, b->weight[i].dim, a->weight[i].rank);
    for (int i = 0; same && i < a->n_port; i++)
        same = !strcmp(a->port[i].name, b->port[i].name) &&
               a->port[i].value == b->port[i].value;
    return same;
}

static bool same_network(const network *a, const network *b)
{
    return same_graph(a->graph[0], b->graph[0]) && same_graph(a->graph[1], b->graph[1]);
}

/* ---- one key ---------------------------------------------------------------------------
 */

typedef struct count {
    int changed, refused;
} count;

static void try_value(const dfn_config_key *k, const struct context *x, const network *base,
                      const char *value, count *n)
{
    char line[256];
    snprintf(line, sizeof line, "%s = %s\n", k->key, value);
    network *other = network_new(x->base, k->section, line, x->with);
    if (other->err.status) {
        CHECK(!strncmp(other->err.text, "key:", 4) || strstr(other->err.text, "'"),
              "%s = %s: '%s' does not say what is wrong", k->key, value, other->err.text);
        n->refused++;
    } else {
        CHECK(!same_network(base, other), "%s = %s is ignored in silence", k->key, value);
        n->changed++;
    }
    network_free(other);
}

static void try_number(const dfn_config_key *k, const struct context *x,
                       const network *base, double value, double now, count *n)
{
    char text[64];
    snprintf(text, sizeof text, "%.9g", value);
    if (value >= k->min && value <= k->max && value != now)
        try_value(k, x, base, text, n);
}

static void try_numbers(const dfn_config_key *k, const struct context *x,
                        const network *base, double now, count *n)
{
    const double values[] = {k->min, k->max, now + 1, now - 1, now / 2, 2 * now};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (k->type == DFN_CONFIG_REAL || values[i] == floor(values[i]))
            try_number(k, x, base, values[i], now, n);
}

static void try_pairs(const dfn_config_key *k, const struct context *x, const network *base,
                      const int now[2], count *n)
{
    for (int i = 0; i < 2; i++)
        for (int v = (int)k->min; v <= (int)k->max; v++) {
            char text[32];
            snprintf(text, sizeof text, "%d,%d", i ? now[0] : v, i ? v : now[1]);
            if (v != now[i])
                try_value(k, x, base, text, n);
        }
}

static void try_choices(const dfn_config_key *k, const struct context *x,
                        const network *base, int now, count *n)
{
    const char *at = k->choices;
    for (int i = 0; *at; i++) {
        char text[64];
        const int length = (int)strcspn(at, "|");
        snprintf(text, sizeof text, "%.*s", length, at);
        if (i != now)
            try_value(k, x, base, text, n);
        at += length + (at[length] == '|');
    }
}

static void try_texts(const dfn_config_key *k, const struct context *x, const network *base,
                      count *n)
{
    static const char *const resolutions[] = {"96,5",           "96,5;48,3",
                                              "96,5;48,3;24,3", "96,4;48,3;24,2",
                                              "96,5;40,3;24,2", "96,5;48,3;24,2;8,1",
                                              "48,5",           "96",
                                              "96,5;96,3",      "96,17",
                                              "nonsense"};
    CHECK(!strcmp(k->key, "df_resolutions"), "no values for the text '%s'", k->key);
    for (size_t i = 0; i < sizeof resolutions / sizeof *resolutions; i++)
        try_value(k, x, base, resolutions[i], n);
}

static bool has_no_effect(const char *key)
{
    for (size_t i = 0; i < sizeof no_effect / sizeof *no_effect; i++)
        if (!strcasecmp(no_effect[i], key))
            return true;
    return false;
}

static void check_key(const dfn_config_key *k)
{
    static const struct context plain = {"", "", ""};
    const struct context *x = &plain;
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        if (!strcasecmp(contexts[i].key, k->key))
            x = &contexts[i];
    network *base = network_new(x->base, k->section, "", "");
    const void *now = (const char *)&base->config + k->at;
    count n = {0};
    int whole[2] = {0};
    double real = 0;
    CHECK(!base->err.status, "context of %s: %s", k->key, base->err.text);
    switch (k->type) {
    case DFN_CONFIG_INT:
        memcpy(whole, now, sizeof *whole);
        try_numbers(k, x, base, whole[0], &n);
        break;
    case DFN_CONFIG_REAL:
        memcpy(&real, now, sizeof real);
        try_numbers(k, x, base, real, &n);
        break;
    case DFN_CONFIG_PAIR:
        memcpy(whole, now, sizeof whole);
        try_pairs(k, x, base, whole, &n);
        break;
    case DFN_CONFIG_CHOICE:
        memcpy(whole, now, sizeof *whole);
        try_choices(k, x, base, whole[0], &n);
        break;
    case DFN_CONFIG_TEXT: try_texts(k, x, base, &n); break;
    case DFN_CONFIG_FIXED: try_value(k, x, base, "2", &n); break;
    case DFN_CONFIG_COUNT: /* no network has one */
    case DFN_CONFIG_NO_EFFECT: break;
    }
    network_free(base);
    printf("%-26s %d changed, %d refused\n", k->key, n.changed, n.refused);
    CHECK((k->type == DFN_CONFIG_NO_EFFECT) == has_no_effect(k->key),
          "%s: is it in the table of keys without effect?", k->key);
    CHECK(k->type == DFN_CONFIG_NO_EFFECT || k->type == DFN_CONFIG_FIXED || n.changed,
          "%s: no value of it changes anything", k->key);
    CHECK(k->type != DFN_CONFIG_FIXED || (!n.changed && n.refused), "%s: not refused",
          k->key);
}

/* The comparison finds what it is for, and only that. */
static void check_comparison(void)
{
    network *a = network_new("", "df", "", ""), *b = network_new("", "df", "", "");
    network *tau = network_new("", "df", "norm_tau = 1.5\n", "");
    CHECK(same_network(a, b), "a network differs from itself");
    CHECK(!same_network(a, tau), "a number in an attribute is not seen");
    network_free(a);
    network_free(b);
    network_free(tau);
}

int main(void)
{
    size_t n;
    const dfn_config_key *keys = dfn_dfnet4_keys(&n);
    check_comparison();
    for (size_t i = 0; i < n; i++)
        check_key(&keys[i]);
    CHECK(n > 50, "only %zu keys", n);
    return check_report();
}
