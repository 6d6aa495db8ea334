/* score_command.c - dfnet4-train score: a model's scores on pairs of files. */
#include "command.h"
#include "run/score.h"
#include "run/score_table.h"
#include "run/train.h"

#include <dfnet4/cpu.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_PAIRS = 256, KEY_JSON, KEY_CSV, KEY_CPU, THREADS_MAX = 256 };

typedef struct settings {
    const char *model, *pairs, *csv;
    bool json;
    int threads;
    unsigned cpu;
} settings;

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {KEY_PAIRS, "pairs", "DIR", "Folder with the pairs; needed"},
        {KEY_JSON, "json", NULL, "Print all groups and pairs as JSON"},
        {KEY_CSV, "csv", "FILE", "Write the scores of each pair to FILE"},
        {'j', "threads", "N", "Pairs at a time; as many as there are processors"},
        {KEY_CPU, "cpu", "SETS",
         "Instruction sets that may be used: detect, none, avx2 ..."},
        {0},
    };
    return list;
}

static int processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (int)n;
}

static settings read_options(const cli_command *self, int argc, char **argv)
{
    settings s = {.threads = processors(), .cpu = dfn_cpu_detect()};
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        switch (key) {
        case KEY_PAIRS: s.pairs = optarg; break;
        case KEY_JSON: s.json = true; break;
        case KEY_CSV: s.csv = optarg; break;
        case 'j': s.threads = cli_count(self, "threads", 1, THREADS_MAX); break;
        default:
            if (!dfn_cpu_parse(&s.cpu, optarg))
                cli_usage(self, "unknown instruction sets '%s'", optarg);
        }
    if (argc - optind != 1)
        cli_usage(self, argc == optind ? "no MODEL" : "more than one MODEL");
    if (!s.pairs)
        cli_usage(self, "no pairs; name their folder with --pairs DIR");
    s.model = argv[optind];
    return s;
}

/* How far it is, on a terminal. */
typedef struct counter {
    pthread_mutex_t lock;
    size_t done, all;
} counter;

static void count(void *context, const dfn_pair *pair)
{
    counter *c = context;
    (void)pair;
    char text[64];
    pthread_mutex_lock(&c->lock);
    snprintf(text, sizeof text, "%zu/%zu pairs", ++c->done, c->all);
    if (isatty(STDERR_FILENO))
        cli_bar(text);
    pthread_mutex_unlock(&c->lock);
}

/* Print everything; the exit status. */
static int report(const settings *s, const dfn_pairs *p)
{
    dfn_error err = {0};
    int status = CLI_OK;
    for (size_t i = 0; i < p->count; i++)
        if (p->pair[i].status) {
            cli_error(NULL, "%s", p->pair[i].err.text);
            status = CLI_FAILED;
        }
    size_t groups;
    dfn_score_group *group = dfn_score_groups(p, &groups);
    if (!group) {
        cli_error(NULL, "out of memory");
        return CLI_FAILED;
    }
    if (!s->json && groups) {
        dfn_score_print(group, groups);
    } else if (s->json) {
        json_t *root = dfn_score_json(p, group, groups);
        json_object_set_new(root, "model", cli_json_text(s->model));
        if (!cli_json_print(root))
            status = CLI_FAILED;
    }
    free(group);
    if (s->csv && dfn_score_csv(p, s->csv, &err)) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    return status;
}

static int run(const cli_command *self, int argc, char **argv)
{
    const settings s = read_options(self, argc, argv);
    dfn_error err = {0};
    dfn_model *model = NULL;
    dfn_pairs pairs = {0};
    dfn_status status = dfn_model_load(&model, s.model, &err);
    if (!status)
        status = dfn_pairs_find(&pairs, s.pairs, &err);
    counter c = {.lock = PTHREAD_MUTEX_INITIALIZER, .all = pairs.count};
    if (!status)
        status = dfn_pairs_score(&pairs, model, s.threads, s.cpu, count, &c, &err);
    cli_bar("");
    int code = CLI_FAILED;
    if (status)
        cli_error(NULL, "%s", err.text);
    else
        code = report(&s, &pairs);
    dfn_pairs_free(&pairs);
    dfn_model_free(model);
    return code;
}

const cli_command train_score = {
    .name = "score",
    .arguments = "MODEL --pairs DIR [OPTION]...",
    .summary = "Measure a model on pairs of noisy and clean recordings",
    .about = "Enhance the noisy recording of each pair and compare it with the clean one: "
             "SI-SDR at 48 kHz, STOI and ESTOI at 16 kHz. The delay of the model is taken "
             "out. Means are printed for each set of pairs, for rooms, and for each SNR.",
    .notes = "DIR holds a manifest.csv with the columns clean and noisy, and id, set, "
             "snr_db and\n"
             "rir if they are known; or else files NAME_noisy.EXT and NAME_clean.EXT.\n"
             "'level' is the level of the output over that of the input.\n"
             "\nExamples:\n"
             "  dfnet4-train score best.safetensors --pairs test/\n"
             "  dfnet4-train score best.safetensors --pairs test/ --csv scores.csv\n",
    .options = options,
    .run = run,
};
