/* reload.c - new settings for a running daemon: first all that may fail, then the change.
 */
#include "daemon.h"
#include "saved.h"

#include <stdlib.h>
#include <string.h>

/* What becomes of one stream of the new settings. */
typedef struct step {
    const dfnd_instance_config *old; /* in the settings of before, or NULL */
    dfnd_instance *running;          /* of that name, or NULL */
    dfnd_instance *made;             /* new, or one that takes its place; NULL: it stays */
    const dfn_model *model;          /* held, so that changing to it finds it loaded */
} step;

/* Whether nothing changed but what can while it runs: parameters and the model. */
static bool may_stay(const dfnd_instance_config *a, const dfnd_instance_config *b)
{
    return a->direction == b->direction && !strcmp(a->description, b->description) &&
           !strcmp(a->device, b->device) && !strcmp(a->output, b->output) &&
           !strcmp(a->precision, b->precision) && a->channels == b->channels &&
           a->smart == b->smart && a->make_default == b->make_default;
}

/* A stream in the place of another: what the settings say anew counts more than what was
 * saved. */
static dfn_status make(dfnd_daemon *d, step *s, const dfnd_instance_config *now,
                       dfn_error *err)
{
    const dfn_status status = dfnd_daemon_make(&s->made, d, now, err);
    for (int p = 0; !status && s->old && p < DFN_PARAM_COUNT; p++)
        if (s->old->param[p] != now->param[p])
            dfnd_instance_set(s->made, (dfn_param)p, now->param[p]);
    return status;
}

static dfn_status prepare(dfnd_daemon *d, step *s, const dfnd_instance_config *now,
                          dfn_error *err)
{
    dfn_error why;
    dfn_status status = DFN_OK;
    s->old = dfnd_config_find(d->settings, now->name);
    s->running = dfnd_daemon_find(d, now->name);
    if (!s->running || !s->old || !may_stay(s->old, now))
        status = make(d, s, now, &why);
    else if (strcmp(s->old->model, now->model))
        status = dfnd_models_get(&s->model, d->models, now->model, now->precision, &why);
    return status ? dfn_fail(err, status, "%s: %s", now->name, why.text) : DFN_OK;
}

/* What somebody set meanwhile stays, unless the settings say something new. */
static void adjust(dfnd_daemon *d, step *s, const dfnd_instance_config *now)
{
    dfn_error why;
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        if (s->old->param[p] != now->param[p])
            dfnd_instance_set(s->running, (dfn_param)p, now->param[p]);
    if (s->model && dfnd_instance_set_model(s->running, now->model, &why))
        dfnd_log(DFND_ERROR, "%s: the model stays as it was: %s", now->name, why.text);
    s->running->configured = *now;
    dfnd_saved_update(d->saved, &s->running->config, now);
}

/* Put the new stream in the place of the old, which comes back if that fails. */
static void replace(dfnd_daemon *d, step *s)
{
    dfn_error why;
    dfnd_instance *old = s->running, *made = s->made;
    if (old)
        dfnd_daemon_withdraw(d, old);
    if (!dfnd_daemon_offer(d, made, &why)) {
        dfnd_saved_update(d->saved, &made->config, &made->configured);
        dfnd_instance_free(old);
        return;
    }
    dfnd_log(DFND_ERROR, "%s: %s", made->config.name, why.text);
    dfnd_instance_free(made);
    if (old && dfnd_daemon_offer(d, old, &why)) {
        dfnd_log(DFND_ERROR, "%s is gone: %s", old->config.name, why.text);
        dfnd_instance_free(old);
    }
}

static void remove_others(dfnd_daemon *d, dfnd_config *now)
{
    for (int i = d->count; i--;) {
        dfnd_instance *it = d->instance[i];
        if (dfnd_config_find(now, it->config.name))
            continue;
        dfnd_log(DFND_NOTICE, "%s: removed", it->config.name);
        dfnd_daemon_withdraw(d, it);
        dfnd_instance_free(it);
    }
}

static void commit(dfnd_daemon *d, step *steps, dfnd_config *now)
{
    remove_others(d, now);
    for (int i = 0; i < now->count; i++) {
        if (steps[i].made)
            replace(d, &steps[i]);
        else
            adjust(d, &steps[i], &now->instance[i]);
    }
}

dfn_status dfnd_daemon_reload(dfnd_daemon *d, dfn_error *err)
{
    step steps[DFND_INSTANCES] = {0};
    dfnd_config *now = calloc(1, sizeof *now);
    dfn_status status = now ? dfnd_options_load(d->options, now, err)
                            : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (int i = 0; !status && i < now->count; i++)
        status = prepare(d, &steps[i], &now->instance[i], err);
    if (!status)
        commit(d, steps, now);
    for (int i = 0; i < DFND_INSTANCES; i++) {
        dfnd_models_put(d->models, steps[i].model);
        if (status)
            dfnd_instance_free(steps[i].made);
    }
    if (status) {
        free(now);
        return status;
    }
    if (strcmp(now->backend, d->settings->backend))
        dfnd_log(DFND_WARNING, "backend = %s counts from the next start on", now->backend);
    free(d->settings);
    d->settings = now;
    dfnd_log(DFND_NOTICE, "settings read again: %d stream%s", d->count,
             d->count == 1 ? "" : "s");
    return DFN_OK;
}
