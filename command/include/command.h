/* command.h - how our command line tools talk: options, help, messages. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <dfnet4/status.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit codes, as the man page promises them. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct cli_option {
    int key;           /* the short option, or a number above 255 */
    const char *name;  /* the long option */
    const char *value; /* what the help calls its value; NULL: it takes none */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char *name, *arguments; /* "enhance" or "", "[OPTION]... INPUT..." */
    const char *summary;          /* one line */
    const char *about;            /* what it does, for its help */
    const char *notes;            /* rules and examples after the options, as printed */
    const cli_option *(*options)(void); /* ends with key 0; --help is added to it */
    int (*run)(const struct cli_command *self, int argc, char **argv);
} cli_command;

/* What the tool is called in help and messages; its main.c says so. */
extern const char *const cli_program;

/* ---- tools with sub-commands -----------------------------------------------------------
 */

typedef struct cli_commands {
    const cli_command *const *list; /* NULL ends it */
    const char *before, *after;     /* of the help: up to the commands; behind
                                     * "'TOOL COMMAND --help' explains a command" */
} cli_commands;

enum { CLI_OTHER = -1 };

/** The command that the first argument names. NULL: `*status` is what to exit with, after
 *  help or the version (or no argument); CLI_OTHER: the argument is something else. */
const cli_command *cli_find_command(const cli_commands *t, int argc, char **argv,
                                    int *status);
/** All of a tool that knows nothing else; its exit status. */
int cli_run_command(const cli_commands *t, int argc, char **argv);
/** Print the version of the tool. */
void cli_version(void);

/* ---- options ---------------------------------------------------------------------------
 */

/** The next option's key, its value in `optarg`; -1 at the end, arguments from `optind` on.
 *  --help and mistakes do not return: they print and exit. */
int cli_next_option(const cli_command *c, int argc, char **argv);

/** Value of an option as a number of lo..hi, or exit with a message. */
double cli_number(const cli_command *c, const char *option, double lo, double hi);
/** The same for a whole number. */
int cli_count(const cli_command *c, const char *option, int lo, int hi);

/** "TOOL: ...; see 'TOOL NAME --help'" on stderr, then exit status 2. */
void cli_usage(const cli_command *c, const char *format, ...) DFN_PRINTF(2, 3)
    __attribute__((noreturn));

/** `text` in lines of at most 79 columns, all but the first indented; the cursor stands at
 *  column `indent` already. */
void cli_wrap(FILE *f, const char *text, int indent);

/* ---- messages. Whole lines from any thread; control characters show as '?' -------------
 */

/** "TOOL: FILE: reason" on stderr; `file` may be NULL. */
void cli_error(const char *file, const char *format, ...) DFN_PRINTF(2, 3);
/** One line on stdout. */
void cli_line(const char *format, ...) DFN_PRINTF(1, 2);
/** The exit status: `status`, unless something could not be printed on stdout. */
int cli_finish(int status);
/** Replace the line at the bottom of the terminal (stderr); "" removes it. */
void cli_bar(const char *text);

/* ---- JSON ------------------------------------------------------------------------------
 */

/** A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. */
json_t *cli_json_text(const char *bytes);
/** Print on stdout and release. False if there was not enough memory to make it. */
bool cli_json_print(json_t *root);

/* ---- files -----------------------------------------------------------------------------
 */

/** Visit the folders of data, best first ($XDG_DATA_HOME/dfnet4, ...), until the visitor
 *  says true; what it said last. */
typedef bool cli_visit(void *user, const char *folder);
bool cli_data_folders(cli_visit *visitor, void *user);
/** The first `name` in one of them, or NULL. owner: caller frees. */
char *cli_data_file(const char *name);
/** The file of an installed model, models/NAME.safetensors in one of them, or NULL; the
 *  suffix may be part of the name. owner: caller frees. */
char *cli_model_file(const char *name);

/** Whether `output` may be made from the file `source` (NULL: from none): it is new, or may
 *  be replaced, and is never the source itself. False after a message. */
bool cli_may_write(const char *source, const char *output, bool force);
/** Call `handler` on SIGINT, SIGTERM and SIGHUP, but for those that are ignored: nohup and
 *  background jobs of a script ignore signals, and so do we then. */
void cli_catch_signals(void (*handler)(int number));

/** Let Ctrl-C and the like wait while a file is written, so that no half of it stays
 * behind; sigprocmask(SIG_SETMASK, before, NULL) ends that. */
void cli_hold_signals(sigset_t *before);

#endif
