/* info_dot.c - a network as a picture, in the language of Graphviz. */
#include "cli.h"
#include "info.h"

#include <stdlib.h>
#include <string.h>

/* `text` between quotes of that language: only quotes and backslashes mean something there.
 * owner: caller frees. NULL if out of memory. */
static char *escape(const char *text)
{
    char *made = malloc(2 * strlen(text) + 1);
    if (!made)
        return NULL;
    char *to = made;
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to = '\0';
    return made;
}

/* Layers with weights are filled. */
static bool print_node(const char *part, int i, const dfn_node_info *n)
{
    char weights[64] = "";
    char *name = escape(n->name);
    if (!name)
        return false;
    if (n->parameters)
        snprintf(weights, sizeof weights, "\\n%zu parameters", n->parameters);
    cli_line("    %s_%d [label=\"%s%s%s\\n%dx%dx%d%s\"%s];", part, i, n->op,
             *name ? "\\n" : "", name, n->shape.d[0], n->shape.d[1], n->shape.d[2], weights,
             n->parameters ? ", style=filled" : "");
    free(name);
    return true;
}

static bool print_part(const info_part *p)
{
    bool good = true;
    cli_line("  subgraph cluster_%s {", p->name);
    cli_line("    label=\"%s\";", p->name);
    for (int i = 0; good && i < dfn_graph_node_count(p->graph); i++) {
        const dfn_node_info n = dfn_graph_node(p->graph, i);
        good = print_node(p->name, i, &n);
        for (int k = 0; k < n.n_in; k++)
            cli_line("    %s_%d -> %s_%d;", p->name, n.in[k], p->name, i);
    }
    cli_line("  }");
    return good;
}

/* What one graph makes and the other one takes, by name; inputs of both are not made. */
static void print_links(const info_part *from, const info_part *to)
{
    for (int i = 0; i < dfn_graph_node_count(to->graph); i++) {
        const dfn_node_info n = dfn_graph_node(to->graph, i);
        const dfn_value v = n.n_in ? -1 : dfn_graph_find(from->graph, n.name);
        if (v >= 0 && dfn_graph_node(from->graph, v).n_in)
            cli_line("  %s_%d -> %s_%d [style=dashed];", from->name, v, to->name, i);
    }
}

bool info_print_dot(const char *title, const info_part parts[2])
{
    json_t *utf8 = cli_json_text(title);
    char *name = utf8 ? escape(json_string_value(utf8)) : NULL;
    bool good = name != NULL;
    if (good) {
        cli_line("digraph dfnet4 {");
        cli_line("  label=\"%s\";", name);
        cli_line("  node [shape=box, fillcolor=\"#dde8f4\"];");
        good = print_part(&parts[0]) && print_part(&parts[1]);
        print_links(&parts[0], &parts[1]);
        cli_line("}");
    }
    if (!good)
        cli_error(NULL, "out of memory");
    free(name);
    json_decref(utf8);
    return good;
}
