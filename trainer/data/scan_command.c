/* scan_command.c - dfnet4-train scan: from folders to a manifest. */
#define _XOPEN_SOURCE 700 /* realpath, open_memstream */
#include "data/notice.h"
#include "data/scan.h"
#include "data/temp.h"
#include "run/train.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'k', "kind", "KIND",
         "All recordings are speech, noise or rir (rooms). Default: the names of folders "
         "tell"},
        {'o', "output", "FILE", "Write the manifest here; default: standard output"},
        {'t', "threads", "N", "Decode with N threads, 1 to 64; default: one per processor"},
        {'q', "quiet", NULL, "No progress and no warnings about single recordings"},
        {0},
    };
    return list;
}

static int run(const cli_command *self, int argc, char **argv);

const cli_command train_scan = {
    .name = "scan",
    .arguments = "[OPTION]... DIR...",
    .summary = "Write a manifest of folders of recordings",
    .about =
        "Decode all recordings in folders and below, and write a CSV of those that can "
        "be used: kind, split, speaker, bandwidth, duration, peak, level. Look "
        "through it, correct what is wrong, and name it in a recipe.",
    .notes =
        "The kind is told by the nearest folder with a telling name: speech, clean, "
        "voice;\n"
        "noise, ambient, background; rir, room, impulse, reverb. Subfolders of speech are\n"
        "speakers, of noise categories. A tenth is for validation, by speaker. Paths are\n"
        "relative to the manifest (on standard output: to the current folder).\n"
        "Silent, damaged and too short recordings are left out with a warning; clipped\n"
        "ones stay in. The bandwidth is where the spectrum ends: correct it where dull\n"
        "speech was taken for a narrow band.\n"
        "\nExample: dfnet4-train scan -o data.csv speech noise rooms\n",
    .options = options,
    .run = run,
};

typedef struct settings {
    const char *output;
    int kind; /* dfn_sound_kind or DFN_KIND_GUESS */
    int threads;
    bool quiet;
} settings;

static settings read_options(const cli_command *self, int argc, char **argv)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    settings s = {.kind = DFN_KIND_GUESS,
                  .threads = processors < 1    ? 1
                             : processors > 64 ? 64
                                               : (int)processors};
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        switch (key) {
        case 'k':
            s.kind = dfn_kind_find(optarg);
            if (s.kind < 0)
                cli_usage(self, "--kind is speech, noise or rir, not '%s'", optarg);
            break;
        case 'o': s.output = optarg; break;
        case 't': s.threads = cli_count(self, "threads", 1, 64); break;
        case 'q': s.quiet = true; break;
        }
    if (optind == argc)
        cli_usage(self, "name at least one folder");
    return s;
}

static void note(void *user, const char *text)
{
    (void)user;
    cli_error(NULL, "%s", text);
}

static void progress(void *user, size_t done, size_t total)
{
    const settings *s = user;
    char text[80];
    if (s->quiet || !isatty(2))
        return;
    snprintf(text, sizeof text, "%zu of %zu recordings", done, total);
    cli_bar(done < total ? text : "");
}

/* ---- paths -----------------------------------------------------------------------------
 */

/* The folder where the manifest will lie. To be freed. */
static char *home_of(const char *output)
{
    const char *slash = output ? strrchr(output, '/') : NULL;
    char *folder = slash ? strndup(output, (size_t)(slash + 1 - output)) : strdup(".");
    char *real = folder ? realpath(folder, NULL) : NULL;
    free(folder);
    return real;
}

/* What leads from `home` to `folder`, with a slash at its end: relative if it lies below.
 */
static char *prefix_from(const char *home, const char *folder)
{
    char *real = realpath(folder, NULL);
    if (!real)
        return NULL;
    const size_t n = strcmp(home, "/") ? strlen(home) : 0, length = strlen(real);
    const char *rest = real;
    if (!strncmp(real, home, n) && (real[n] == '/' || !real[n]))
        rest = real + n + (real[n] == '/');
    char *prefix = malloc(length + 2);
    if (prefix)
        snprintf(prefix, length + 2, "%s%s", rest,
                 *rest && rest[strlen(rest) - 1] != '/' ? "/" : "");
    free(real);
    return prefix;
}

/* ---- output ----------------------------------------------------------------------------
 */

static bool write_all(int fd, const char *text, size_t size)
{
    while (size) {
        const ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static dfn_status put_out(const char *output, const char *text, size_t size, dfn_error *err)
{
    dfn_temp file;
    if (!output)
        return write_all(1, text, size)
                   ? DFN_OK
                   : dfn_fail(err, DFN_ERR_IO, "standard output: %s", strerror(errno));
    dfn_status status = dfn_temp_create(&file, output, err);
    if (status)
        return status;
    if (write_all(file.fd, text, size))
        return dfn_temp_commit(&file, output, err);
    status = dfn_fail(err, DFN_ERR_IO, "%s: %s", output, strerror(errno));
    dfn_temp_discard(&file);
    return status;
}

static dfn_status write_manifest(const dfn_manifest *m, const dfn_scan_result *result,
                                 const char *output, dfn_error *err)
{
    char *home = home_of(output), *text = NULL;
    size_t size = 0;
    if (!home)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", output ? output : ".", strerror(errno));
    char **prefix = calloc(m->sources + 1, sizeof *prefix);
    bool good = prefix != NULL;
    for (size_t i = 0; good && i < m->sources; i++)
        good = (prefix[i] = prefix_from(home, m->source[i])) != NULL;
    FILE *f = good ? open_memstream(&text, &size) : NULL;
    if (f) {
        dfn_scan_write(f, m, result, prefix);
        good = fclose(f) == 0;
    }
    const dfn_status status = f && good ? put_out(output, text, size, err)
                                        : dfn_fail(err, DFN_ERR_NOMEM,
                                                   "out of memory, or a "
                                                   "folder has gone");
    for (size_t i = 0; prefix && i < m->sources; i++)
        free(prefix[i]);
    free(prefix);
    free(text);
    free(home);
    return status;
}

/* ---- what was found --------------------------------------------------------------------
 */

enum { CLIPPED_PER_MILLE = 1 };

static void warn(const dfn_manifest *m, const dfn_scan_result *result, bool quiet)
{
    for (size_t i = 0; i < m->count && !quiet; i++) {
        const dfn_scan_result *r = &result[i];
        if (*r->fault.text)
            cli_error(m->entry[i].path, "%s; left out", r->fault.text);
        else if (r->measure.clipped * 1000 > CLIPPED_PER_MILLE)
            cli_error(m->entry[i].path, "%.1f %% of the samples are clipped",
                      100 * r->measure.clipped);
    }
}

/* Hours of each kind and split, on stderr, as the manifest may go to stdout. False if there
 * is nothing. */
static bool sum_up(const dfn_manifest *m, const dfn_scan_result *result, bool quiet)
{
    double hours[DFN_SOUND_KINDS] = {0};
    size_t count[DFN_SOUND_KINDS][DFN_SPLITS] = {{0}}, left_out = m->faults, good = 0;
    for (size_t i = 0; i < m->count; i++) {
        const dfn_manifest_entry *e = &m->entry[i];
        if (*result[i].fault.text) {
            left_out++;
            continue;
        }
        hours[e->kind] += result[i].seconds / 3600;
        count[e->kind][e->split]++;
        good++;
    }
    for (int k = 0; k < DFN_SOUND_KINDS && !quiet; k++)
        if (count[k][0] + count[k][1])
            cli_error(NULL, "%s: %zu recordings, %.2f hours, %zu of them for validation",
                      dfn_kind_name((dfn_sound_kind)k), count[k][0] + count[k][1], hours[k],
                      count[k][DFN_VALID_SPLIT]);
    if (left_out)
        cli_error(NULL, "%zu recordings were left out", left_out);
    return good > 0;
}

static dfn_status scan(dfn_manifest *m, const settings *s, dfn_error *err)
{
    dfn_status status = dfn_manifest_divide(m, err);
    dfn_scan_result *result = malloc((m->count + 1) * sizeof *result);
    if (!status && !result)
        status = dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!status)
        status = dfn_scan(result, m, s->threads, err);
    if (!status) {
        warn(m, result, s->quiet);
        if (!sum_up(m, result, s->quiet))
            status =
                dfn_fail(err, DFN_ERR_FORMAT, "there is no recording that can be used");
    }
    if (!status)
        status = write_manifest(m, result, s->output, err);
    free(result);
    return status;
}

static int run(const cli_command *self, int argc, char **argv)
{
    settings s = read_options(self, argc, argv);
    dfn_manifest m = {.watch = {.message = note, .progress = progress, .user = &s}};
    dfn_error err;
    dfn_status status = DFN_OK;
    for (int i = optind; i < argc && !status; i++)
        status = dfn_manifest_add_folder(&m, argv[i], s.kind, &err);
    if (!status)
        status = scan(&m, &s, &err);
    dfn_manifest_clear(&m);
    if (status)
        cli_error(NULL, "%s", err.text);
    return cli_finish(status ? CLI_FAILED : CLI_OK);
}
