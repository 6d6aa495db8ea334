/* options.c - options and help of a sub-command, both from its one table. */
#include "command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_MAX = 32, HELP_COLUMN = 26, WIDTH = 79 };

static const cli_option help_option = {'h', "help", NULL, "Show this help and exit"};

void cli_wrap(FILE *f, const char *text, int indent)
{
    int column = indent;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            fprintf(f, "\n%*s", indent, "");
            column = indent;
        }
        column += fprintf(f, "%s%.*s", column > indent ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', f);
}

static void print_option(const cli_option *o)
{
    int column = o->key < 256 ? printf("  -%c, --%s", o->key, o->name)
                              : printf("      --%s", o->name);
    if (o->value)
        column += printf("=%s", o->value);
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");
    cli_wrap(stdout, o->help, HELP_COLUMN);
}

/* A program that is its only command has no name for it. */
static const char *gap(const cli_command *c) { return *c->name ? " " : ""; }

static void print_help(const cli_command *c)
{
    printf("Usage: %s%s%s %s\n", cli_program, gap(c), c->name, c->arguments);
    cli_wrap(stdout, c->about, 0);
    puts("\nOptions:");
    for (const cli_option *o = c->options(); o->key; o++)
        print_option(o);
    print_option(&help_option);
    printf("\n%s", c->notes);
}

void cli_usage(const cli_command *c, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_error(NULL, "%s; see '%s%s%s --help'", text, cli_program, gap(c), c->name);
    exit(CLI_USAGE);
}

/* Fill getopt's two tables from ours. */
static void translate(const cli_option *o, struct option *longs, char *shorts)
{
    int n = 0;
    *shorts++ = ':'; /* report a missing value apart from an unknown option */
    for (bool last = false; !last && n < OPTION_MAX; n++, o++) {
        last = !o->key;
        if (last)
            o = &help_option;
        longs[n] = (struct option){o->name, o->value ? required_argument : no_argument,
                                   NULL, o->key};
        if (o->key < 256) {
            *shorts++ = (char)o->key;
            if (o->value)
                *shorts++ = ':';
        }
    }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

int cli_next_option(const cli_command *c, int argc, char **argv)
{
    struct option longs[OPTION_MAX + 1];
    char shorts[2 * OPTION_MAX + 2];
    translate(c->options(), longs, shorts);
    opterr = 0;
    const int key = getopt_long(argc, argv, shorts, longs, NULL);
    if (key == 'h') {
        print_help(c);
        exit(cli_finish(CLI_OK));
    }
    const char *word = argv[optind > 1 ? optind - 1 : 1];
    if (key == ':')
        cli_usage(c, "option '%s' needs a value", word);
    if (key == '?' && optopt && strchr(word, '='))
        cli_usage(c, "option '%.*s' takes no value", (int)strcspn(word, "="), word);
    if (key == '?' && optopt)
        cli_usage(c, "unknown option '-%c'", optopt);
    if (key == '?')
        cli_usage(c, "unknown or ambiguous option '%s'", word);
    return key;
}

double cli_number(const cli_command *c, const char *option, double lo, double hi)
{
    char *end;
    const double x = strtod(optarg, &end);
    if (end == optarg || *end || !(x >= lo && x <= hi))
        cli_usage(c, "--%s takes a number of %g to %g, not '%s'", option, lo, hi, optarg);
    return x;
}

int cli_count(const cli_command *c, const char *option, int lo, int hi)
{
    const double x = cli_number(c, option, lo, hi);
    if (x != (int)x)
        cli_usage(c, "--%s takes a whole number of %d to %d, not '%s'", option, lo, hi,
                  optarg);
    return (int)x;
}
