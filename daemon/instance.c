#include "instance.h"

#include "log.h"

#include <dfnet4/cpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release(void *user, const dfn_model *model)
{
    dfnd_models_put(((dfnd_instance *)user)->models, model);
}

dfn_status dfnd_instance_new(dfnd_instance **out, const dfnd_instance_config *config,
                             dfnd_models *models, dfn_error *err)
{
    const dfn_stream_config stream = {
        .sample_rate = DFND_RATE, .channels = config->channels, .cpu = dfn_cpu_detect()};
    *out = NULL;
    dfnd_instance *i = calloc(1, sizeof *i);
    if (!i)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    i->config = i->configured = *config;
    i->models = models;
    dfn_status status =
        dfnd_models_get(&i->model, models, config->model, config->precision, err);
    if (!status)
        status = dfnd_engine_new(&i->engine, i->model, &stream, release, i, err);
    if (status) {
        dfnd_models_put(models, i->model);
        free(i);
        return status;
    }
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        dfnd_engine_set(i->engine, (dfn_param)p, config->param[p]);
    *out = i;
    return DFN_OK;
}

void dfnd_instance_free(dfnd_instance *i)
{
    if (!i)
        return;
    dfnd_engine_free(i->engine);
    free(i);
}

void dfnd_instance_changed(dfnd_instance *i)
{
    if (i->watcher)
        i->watcher(i->watcher_user, i);
}

/* Whether the text was another one. */
static bool replace(char text[DFND_TEXT], const char *by)
{
    if (!by || !strcmp(text, by))
        return false;
    snprintf(text, DFND_TEXT, "%s", by);
    return true;
}

void dfnd_instance_report(dfnd_instance *i, dfnd_state state, const char *linked,
                          const char *detail)
{
    bool changed = i->state != state;
    i->state = state;
    changed |= replace(i->linked, linked);
    changed |= replace(i->detail, detail);
    if (!changed)
        return;
    dfnd_log(DFND_INFO, "%s: %s%s%s%s%s", i->config.name, dfnd_state_name(state),
             *i->linked ? ", with " : "", i->linked, *i->detail ? ": " : "", i->detail);
    dfnd_instance_changed(i);
}

const char *dfnd_state_name(dfnd_state s)
{
    static const char *const names[] = {"no-server", "no-device", "idle", "running",
                                        "broken"};
    return names[s];
}

void dfnd_instance_set(dfnd_instance *i, dfn_param p, float value)
{
    dfnd_engine_set(i->engine, p, value);
    i->config.param[p] = dfnd_engine_get(i->engine, p);
    dfnd_instance_changed(i);
}

dfn_status dfnd_instance_set_model(dfnd_instance *i, const char *model, dfn_error *err)
{
    const dfn_model *found;
    if (strlen(model) >= sizeof i->config.model)
        return dfn_fail(err, DFN_ERR_ARG, "the name of the model is too long");
    dfn_status status = dfnd_models_get(&found, i->models, model, i->config.precision, err);
    if (status)
        return status;
    status = dfnd_engine_change(i->engine, found, err);
    if (status) {
        dfnd_models_put(i->models, found);
        return status;
    }
    i->model = found;
    snprintf(i->config.model, sizeof i->config.model, "%s", model);
    dfnd_instance_changed(i);
    return DFN_OK;
}
