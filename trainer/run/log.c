#include "run/log.h"

#include "loss/loss_config.h"
#include "run/log_bytes.h"
#include "run/log_repair.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBERS_MAX = 32 };
_Static_assert(NUMBERS_MAX >= DFN_LOSS_COUNT + 16, "room for all numbers of a line");

struct dfn_log {
    int fd;
    char path[PATH_MAX];
    bool term[DFN_LOSS_COUNT];
    char term_name[DFN_LOSS_COUNT][64]; /* "loss_mask" */
    dfn_bytes line;
    dfn_events *events;
};

static dfn_status open_files(dfn_log *l, const char *folder, uint64_t step, dfn_error *err)
{
    if (snprintf(l->path, sizeof l->path, "%s/log.jsonl", folder) >= (int)sizeof l->path)
        return dfn_fail(err, DFN_ERR_ARG, "%s: the name is too long", folder);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", folder, strerror(errno));
    const dfn_status status = dfn_log_repair(l->path, step, err);
    if (status)
        return status;
    l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (l->fd < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", l->path, strerror(errno));
    return dfn_events_open(&l->events, folder, step, err);
}

dfn_status dfn_log_open(dfn_log **out, const char *folder, uint64_t step,
                        const double weight[DFN_LOSS_COUNT], dfn_error *err)
{
    *out = NULL;
    dfn_log *l = calloc(1, sizeof *l);
    if (!l)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the log");
    l->fd = -1;
    for (int i = 0; i < DFN_LOSS_COUNT; i++) {
        l->term[i] = weight && weight[i] != 0;
        snprintf(l->term_name[i], sizeof l->term_name[i], "loss_%s",
                 dfn_loss_term_name((dfn_loss_term)i));
    }
    const dfn_status status = open_files(l, folder, step, err);
    if (status)
        dfn_log_close(l);
    else
        *out = l;
    return status;
}

void dfn_log_close(dfn_log *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    dfn_events_close(l->events);
    dfn_bytes_free(&l->line);
    free(l);
}

/* The shortest form that reads back as the same number. */
static void add_json_number(dfn_bytes *b, double x)
{
    char text[32];
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    dfn_bytes_print(b, "%s", isfinite(x) ? text : "null");
}

dfn_status dfn_log_put(dfn_log *l, const char *kind, uint64_t step,
                       const dfn_log_number *numbers, size_t n, dfn_error *err)
{
    dfn_bytes_print(&l->line, "{\"kind\":\"%s\",\"step\":%llu", kind,
                    (unsigned long long)step);
    for (size_t i = 0; i < n; i++) {
        dfn_bytes_print(&l->line, ",\"%s\":", numbers[i].name);
        add_json_number(&l->line, numbers[i].value);
    }
    dfn_bytes_add(&l->line, "}\n", 2);
    const dfn_status line = dfn_bytes_append(&l->line, l->fd, l->path, err);
    const dfn_status event =
        dfn_events_scalars(l->events, kind, step, numbers, n, line ? NULL : err);
    return line ? line : event;
}

static size_t add_terms(const dfn_log *l, dfn_log_number *to, const double *terms)
{
    size_t n = 0;
    for (int i = 0; terms && i < DFN_LOSS_COUNT; i++)
        if (l->term[i])
            to[n++] = (dfn_log_number){l->term_name[i], terms[i]};
    return n;
}

dfn_status dfn_log_put_train(dfn_log *l, const dfn_log_train *t, dfn_error *err)
{
    dfn_log_number number[NUMBERS_MAX] = {
        {"epoch", t->epoch},
        {"hours", t->hours},
        {"lr", t->lr},
        {"grad_norm", t->grad_norm},
        {"skipped", (double)t->skipped},
        {"hours_per_hour", t->hours_per_hour},
        {"loader_wait", t->loader_wait},
        {"loss", t->loss},
    };
    const size_t fixed = 8, terms = add_terms(l, number + fixed, t->terms);
    return dfn_log_put(l, "train", t->step, number, fixed + terms, err);
}

dfn_status dfn_log_put_valid(dfn_log *l, const dfn_log_valid *v, dfn_error *err)
{
    dfn_log_number number[NUMBERS_MAX] = {
        {"epoch", v->epoch},
        {"hours", v->hours},
        {"si_sdr_noisy", v->si_sdr_noisy},
        {"si_sdr", v->si_sdr},
        {"stoi_noisy", v->stoi_noisy},
        {"stoi", v->stoi},
        {"loss", v->loss},
    };
    const size_t fixed = 7, terms = add_terms(l, number + fixed, v->terms);
    return dfn_log_put(l, "valid", v->step, number, fixed + terms, err);
}

dfn_status dfn_log_note(dfn_log *l, uint64_t step, const char *text, dfn_error *err)
{
    dfn_bytes_print(&l->line, "{\"kind\":\"note\",\"step\":%llu,\"text\":\"",
                    (unsigned long long)step);
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            dfn_bytes_add(&l->line, "\\", 1);
        dfn_bytes_add(&l->line, (unsigned char)*p < ' ' ? " " : p, 1);
    }
    dfn_bytes_add(&l->line, "\"}\n", 3);
    return dfn_bytes_append(&l->line, l->fd, l->path, err);
}

dfn_status dfn_log_audio(dfn_log *l, const char *tag, uint64_t step, const float *x,
                         size_t samples, int rate, dfn_error *err)
{
    return dfn_events_audio(l->events, tag, step, x, samples, rate, err);
}

dfn_status dfn_log_sync(dfn_log *l, dfn_error *err)
{
    if (fsync(l->fd) != 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", l->path, strerror(errno));
    return dfn_events_sync(l->events, err);
}
