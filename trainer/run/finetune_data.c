/* finetune_data.c - a user's recordings as a manifest. */
#define _XOPEN_SOURCE 700 /* realpath, open_memstream */
#include "run/finetune.h"

#include "data/decode.h"
#include "data/manifest.h"
#include "data/notice.h"
#include "data/scan.h"
#include "run/run.h"

#include <errno.h>
#include <limits.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ENOUGH = 5,      /* recordings of a kind that need not be cut */
    CUT_SHARE = 5,   /* one in so many seconds is for validation then */
    CUT_SECONDS = 5, /* what is shorter is not cut */
    GAP = 24000      /* samples between the parts, which are in neither */
};

typedef struct job {
    const dfn_own_config *config;
    const dfn_data_watch *watch;
    dfn_own *out;
    dfn_manifest own, data;
    FILE *manifest;
    int pieces; /* files written */
} job;

/* ---- lines of manifests -----------------------------------------------------------------
 */

static void put_field(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputs("\",", f);
}

static void put_header(FILE *f)
{
    fputs("path,speaker,category,source,kind,split,bandwidth_hz,weight\n", f);
}

static dfn_status put(FILE *f, const dfn_manifest_entry *e, const char *path, int split,
                      int weight, dfn_error *err)
{
    char *whole = realpath(path, NULL);
    if (!whole)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    put_field(f, whole);
    put_field(f, e->speaker);
    put_field(f, e->category);
    put_field(f, e->path); /* of a piece: what it was cut from */
    fprintf(f, "%s,%s,%.0f,%d\n", dfn_kind_name(e->kind),
            split == DFN_VALID_SPLIT ? "valid" : "train", e->bandwidth_hz, weight);
    free(whole);
    return DFN_OK;
}

dfn_status dfn_keep_text(const char *path, const char *text, dfn_error *err)
{
    const size_t n = strlen(text);
    FILE *f = fopen(path, "rb");
    if (f) {
        char *there = malloc(n + 2);
        const bool same =
            there && fread(there, 1, n + 1, f) == n && !memcmp(there, text, n);
        free(there);
        fclose(f);
        return same ? DFN_OK
                    : dfn_fail(err, DFN_ERR_ARG,
                               "%s: is of a run with other recordings or options; remove "
                               "that run, or choose another folder with --run",
                               path);
    }
    f = fopen(path, "wb");
    if (!f)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    const bool bad = fwrite(text, 1, n, f) != n;
    if (fclose(f) || bad) {
        const int why = errno;
        remove(path);
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(why));
    }
    return DFN_OK;
}

/* ---- recordings that are cut ------------------------------------------------------------
 */

static dfn_status write_piece(const char *path, const float *x, size_t n, dfn_error *err)
{
    SF_INFO info = {.samplerate = DFN_SOUND_RATE,
                    .channels = 1,
                    .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f)
        return dfn_fail(err, DFN_ERR_IO, "%s: cannot be written", path);
    const bool bad = sf_writef_float(f, x, (sf_count_t)n) != (sf_count_t)n;
    if (sf_close(f) || bad) {
        remove(path);
        return dfn_fail(err, DFN_ERR_IO, "%s: cannot be written", path);
    }
    return DFN_OK;
}

static dfn_status put_piece(job *j, const dfn_manifest_entry *e, const float *x, size_t n,
                            int split, int weight, dfn_error *err)
{
    char path[DFN_PATH], name[64];
    snprintf(name, sizeof name, "own/%s-%d-%s.wav", dfn_kind_name(e->kind), j->pieces++ / 2,
             split == DFN_VALID_SPLIT ? "valid" : "train");
    dfn_status status = dfn_path(path, j->config->folder, name, err);
    FILE *there = status ? NULL : fopen(path, "rb"); /* of the same run: keep its time */
    if (there)
        fclose(there);
    else if (!status)
        status = write_piece(path, x, n, err);
    j->out->part[e->kind].seconds[split] += (double)n / DFN_SOUND_RATE;
    return status ? status : put(j->manifest, e, path, split, weight, err);
}

/* Most of it to train with, the end to validate with. */
static dfn_status cut(job *j, const dfn_manifest_entry *e, const dfn_decoded *d, int weight,
                      dfn_error *err)
{
    const size_t end = d->count - d->count / CUT_SHARE;
    const dfn_status status =
        put_piece(j, e, d->data, end - GAP, DFN_TRAIN_SPLIT, weight, err);
    return status ? status
                  : put_piece(j, e, d->data + end, d->count - end, DFN_VALID_SPLIT, 1, err);
}

/* ---- the user's -------------------------------------------------------------------------
 */

static dfn_status put_own(job *j, dfn_manifest_entry *e, int weight, dfn_error *err)
{
    struct dfn_own_part *part = &j->out->part[e->kind];
    dfn_error why = {0};
    dfn_decoded d = {0};
    dfn_status status = dfn_decode(&d, e->path, e->kind == DFN_ROOM, &why);
    if (!status)
        status = dfn_decoded_judge(&d, e->kind != DFN_ROOM, &why);
    if (status) {
        dfn_notice(j->watch, "%s: %s; left out", e->path, why.text);
    } else {
        part->recordings++;
        if (part->cut && d.count >= CUT_SECONDS * DFN_SOUND_RATE) {
            status = cut(j, e, &d, weight, err);
        } else {
            const int split = part->cut ? DFN_TRAIN_SPLIT : e->split;
            part->seconds[split] += (double)d.count / DFN_SOUND_RATE;
            status = put(j->manifest, e, e->path, split, split ? 1 : weight, err);
        }
        free(d.data);
        return status;
    }
    free(d.data);
    return DFN_OK;
}

static int count(const dfn_manifest *m, dfn_sound_kind kind, int split)
{
    int n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += m->entry[i].kind == kind && m->entry[i].split == split;
    return n;
}

/* So that the user's are drawn as often as those of the collection. */
static int weight_of(const job *j, dfn_sound_kind kind)
{
    const int part = j->out->part[kind].cut;
    const int own = count(&j->own, kind, DFN_TRAIN_SPLIT) +
                    (part ? count(&j->own, kind, DFN_VALID_SPLIT) : 0);
    const int weight = own ? count(&j->data, kind, DFN_TRAIN_SPLIT) / own : 1;
    return weight < 1 ? 1 : weight > DFN_WEIGHT_MAX ? DFN_WEIGHT_MAX : weight;
}

static dfn_status put_all_own(job *j, dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (int k = 0; k < DFN_SOUND_KINDS; k++) {
        const int n = count(&j->own, (dfn_sound_kind)k, DFN_TRAIN_SPLIT) +
                      count(&j->own, (dfn_sound_kind)k, DFN_VALID_SPLIT);
        j->out->part[k].cut = k != DFN_ROOM && n < ENOUGH;
        const int weight = weight_of(j, (dfn_sound_kind)k);
        for (size_t i = 0; i < j->own.count && !status; i++)
            if ((int)j->own.entry[i].kind == k)
                status = put_own(j, &j->own.entry[i], weight, err);
    }
    return status;
}

static dfn_status add_own(job *j, const char *folder, dfn_sound_kind kind, dfn_error *err)
{
    const size_t first = j->own.count;
    const dfn_status status =
        folder ? dfn_manifest_add_folder(&j->own, folder, kind, err) : DFN_OK;
    for (size_t i = first; i < j->own.count && kind == DFN_SPEECH && !status; i++) {
        dfn_manifest_entry *e = &j->own.entry[i];
        char *name = *e->speaker ? NULL : strdup("your voice");
        if (name) {
            free((char *)e->speaker);
            e->speaker = name;
        }
    }
    return status;
}

/* ---- the collection ---------------------------------------------------------------------
 */

static dfn_status put_data(job *j, FILE *others, dfn_error *err)
{
    const bool own_voice = j->out->part[DFN_SPEECH].recordings > 0;
    dfn_status status = DFN_OK;
    for (size_t i = 0; i < j->data.count && !status; i++) {
        const dfn_manifest_entry *e = &j->data.entry[i];
        const bool valid = e->split == DFN_VALID_SPLIT;
        if (access(e->path, R_OK)) {
            dfn_notice(j->watch, "%s:%d: %s: %s; left out", e->from, e->line, e->name,
                       strerror(errno));
            continue;
        }
        if (valid)
            status = put(others, e, e->path, e->split, 1, err);
        if (!status && (!valid || (e->kind == DFN_SPEECH && !own_voice)))
            status = put(j->manifest, e, e->path, e->split, e->weight, err);
    }
    return status;
}

/* ---- all of it --------------------------------------------------------------------------
 */

static dfn_status check(const job *j, dfn_error *err)
{
    const struct dfn_own_part *part = j->out->part;
    const bool speech = count(&j->data, DFN_SPEECH, DFN_TRAIN_SPLIT) > 0 &&
                        count(&j->data, DFN_SPEECH, DFN_VALID_SPLIT) > 0;
    if (!(part[DFN_NOISE].seconds[DFN_TRAIN_SPLIT] > 0) ||
        !(part[DFN_NOISE].seconds[DFN_VALID_SPLIT] > 0))
        return dfn_fail(err, DFN_ERR_ARG,
                        "%s: too little noise to learn from and to validate with: a "
                        "recording of a minute or more is needed",
                        j->config->noise);
    if (part[DFN_SPEECH].recordings && !(part[DFN_SPEECH].seconds[DFN_VALID_SPLIT] > 0))
        return dfn_fail(err, DFN_ERR_ARG,
                        "%s: too little speech to learn from and to validate with: a few "
                        "minutes are needed",
                        j->config->voice);
    if (!part[DFN_SPEECH].recordings && !speech)
        return dfn_fail(err, DFN_ERR_ARG, "%s: has no speech to train and validate with",
                        j->config->data ? j->config->data : j->config->voice);
    return DFN_OK;
}

static dfn_status read_lists(job *j, dfn_error *err)
{
    const dfn_own_config *c = j->config;
    dfn_status status = add_own(j, c->noise, DFN_NOISE, err);
    if (!status)
        status = add_own(j, c->voice, DFN_SPEECH, err);
    if (!status)
        status = add_own(j, c->rooms, DFN_ROOM, err);
    if (!status)
        status = dfn_manifest_divide(&j->own, err);
    if (!status && c->data)
        status = dfn_manifest_load(&j->data, c->data, err);
    return status ? status : dfn_manifest_divide(&j->data, err);
}

static dfn_status write_lists(job *j, FILE *others, dfn_error *err)
{
    char folder[DFN_PATH];
    dfn_status status = dfn_path(folder, j->config->folder, "own", err);
    if (!status)
        status = dfn_make_folder(folder, err);
    put_header(j->manifest);
    put_header(others);
    if (!status)
        status = put_all_own(j, err);
    if (!status)
        status = put_data(j, others, err);
    return status ? status : check(j, err);
}

static dfn_status keep(char path[DFN_PATH], const job *j, const char *name,
                       const char *text, dfn_error *err)
{
    const dfn_status status = dfn_path(path, j->config->folder, name, err);
    return status ? status : dfn_keep_text(path, text, err);
}

dfn_status dfn_own_prepare(dfn_own *out, const dfn_own_config *config,
                           const dfn_data_watch *watch, dfn_error *err)
{
    char *text[2] = {NULL, NULL};
    size_t size[2];
    *out = (dfn_own){0};
    job j = {.config = config, .watch = watch, .out = out};
    j.own.watch = j.data.watch = *watch;
    FILE *others = open_memstream(&text[1], &size[1]);
    j.manifest = open_memstream(&text[0], &size[0]);
    dfn_status status = j.manifest && others
                            ? read_lists(&j, err)
                            : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!status)
        status = write_lists(&j, others, err);
    const bool bad = j.manifest && fclose(j.manifest);
    if (((others && fclose(others)) || bad) && !status)
        status = dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!status)
        status = keep(out->manifest, &j, "own.csv", text[0], err);
    const bool judge = count(&j.data, DFN_SPEECH, DFN_VALID_SPLIT) > 0 &&
                       count(&j.data, DFN_NOISE, DFN_VALID_SPLIT) > 0;
    if (!status && judge)
        status = keep(out->others, &j, "others.csv", text[1], err);
    dfn_manifest_clear(&j.own);
    dfn_manifest_clear(&j.data);
    free(text[0]);
    free(text[1]);
    return status;
}
