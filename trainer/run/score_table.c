#include "run/score_table.h"

#include "command.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A measure in all forms of output. */
typedef struct column {
    const char *name; /* in JSON and CSV */
    size_t offset;
    int width, digits; /* in the table */
} column;
#define MEASURE(name, width, digits) #name, offsetof(dfn_score, name), width, digits
static const column columns[] = {
    {MEASURE(si_sdr_noisy, 8, 2)}, {MEASURE(si_sdr, 8, 2)},
    {MEASURE(stoi_noisy, 9, 3)},   {MEASURE(stoi, 7, 3)},
    {MEASURE(estoi_noisy, 9, 3)},  {MEASURE(estoi, 7, 3)},
    {MEASURE(level, 8, 1)},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static double measure(const dfn_score *s, int c)
{
    double x;
    memcpy(&x, (const char *)s + columns[c].offset, sizeof x);
    return x;
}

void dfn_score_print(const dfn_score_group *group, size_t count)
{
    cli_line("%-26s %5s%16s%16s%16s%8s", "", "", "SI-SDR dB", "STOI", "ESTOI", "level");
    cli_line("%-26s %5s%8s%8s%9s%7s%9s%7s%8s", "", "pairs", "noisy", "out", "noisy", "out",
             "noisy", "out", "dB");
    for (size_t i = 0; i < count; i++) {
        char line[512], n[16] = "";
        if (!group[i].single)
            snprintf(n, sizeof n, "%zu", group[i].pairs);
        int at = snprintf(line, sizeof line, "%-26.60s %5s", group[i].name, n);
        for (int c = 0; c < COLUMNS; c++) {
            const double x = measure(&group[i].mean, c);
            char text[32] = "-";
            if (!isnan(x))
                snprintf(text, sizeof text, "%.*f", columns[c].digits, x);
            at += snprintf(line + at, sizeof line - (size_t)at, "%*s", columns[c].width,
                           text);
        }
        cli_line("%s", line);
    }
}

static json_t *number(double x) { return isfinite(x) ? json_real(x) : json_null(); }

static void add_measures(json_t *to, const dfn_score *s)
{
    for (int c = 0; c < COLUMNS; c++)
        json_object_set_new(to, columns[c].name, number(measure(s, c)));
}

static json_t *pair_json(const dfn_pair *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "id", cli_json_text(p->id));
    json_object_set_new(o, "set", cli_json_text(p->set));
    json_object_set_new(o, "noisy", cli_json_text(p->noisy));
    json_object_set_new(o, "snr_db", number(p->snr_db));
    json_object_set_new(o, "room", json_boolean(p->room));
    if (p->status) {
        json_object_set_new(o, "error", cli_json_text(p->err.text));
        return o;
    }
    json_object_set_new(o, "seconds", number(p->seconds));
    add_measures(o, &p->score);
    return o;
}

json_t *dfn_score_json(const dfn_pairs *p, const dfn_score_group *group, size_t count)
{
    json_t *root = json_object(), *groups = json_array(), *pairs = json_array();
    for (size_t i = 0; i < count; i++) {
        if (group[i].single)
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "name", cli_json_text(group[i].name));
        json_object_set_new(o, "pairs", json_integer((json_int_t)group[i].pairs));
        add_measures(o, &group[i].mean);
        json_array_append_new(groups, o);
    }
    for (size_t i = 0; i < p->count; i++)
        json_array_append_new(pairs, pair_json(&p->pair[i]));
    json_object_set_new(root, "groups", groups);
    json_object_set_new(root, "pairs", pairs);
    return root;
}

/* Quoted if it must be. */
static void csv_text(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, f);
        return;
    }
    putc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', f);
        putc(*text, f);
    }
    putc('"', f);
}

dfn_status dfn_score_csv(const dfn_pairs *p, const char *path, dfn_error *err)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    fputs("id,set,snr_db,room,seconds", f);
    for (int c = 0; c < COLUMNS; c++)
        fprintf(f, ",%s", columns[c].name);
    putc('\n', f);
    for (size_t i = 0; i < p->count; i++) {
        const dfn_pair *pair = &p->pair[i];
        if (pair->status)
            continue;
        csv_text(f, pair->id);
        putc(',', f);
        csv_text(f, pair->set);
        if (isnan(pair->snr_db))
            fprintf(f, ",,%d,%.3f", pair->room, pair->seconds);
        else
            fprintf(f, ",%g,%d,%.3f", pair->snr_db, pair->room, pair->seconds);
        for (int c = 0; c < COLUMNS; c++) {
            const double x = measure(&pair->score, c);
            isnan(x) ? fputs(",", f) : fprintf(f, ",%.6g", x);
        }
        putc('\n', f);
    }
    errno = 0;
    const bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path,
                        errno ? strerror(errno) : "cannot be written");
    return DFN_OK;
}
