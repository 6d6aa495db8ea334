/* pipewire.c - the PipeWire backend: what the daemon calls. */
#include "pipewire.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

static void set_up(dfnd_pw_pair *p)
{
    const bool microphone = p->instance->config.direction == DFND_MICROPHONE;
    p->built = p->instance->config;
    p->sound.engine = p->instance->engine;
    p->sound.channels = p->built.channels;
    p->device.pair = p->offer.pair = p;
    p->device.direction = microphone ? PW_DIRECTION_INPUT : PW_DIRECTION_OUTPUT;
    p->offer.direction = microphone ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT;
    p->target_id = p->wish_id = SPA_ID_INVALID;
    p->latency[0] = SPA_LATENCY_INFO(SPA_DIRECTION_INPUT);
    p->latency[1] = SPA_LATENCY_INFO(SPA_DIRECTION_OUTPUT);
}

static dfn_status add(dfnd_backend *b, dfnd_instance *i, dfn_error *err)
{
    if (i->config.channels < 1 || i->config.channels > DFND_PW_CHANNELS)
        return dfn_fail(err, DFN_ERR_ARG, "%s: %d channels: 1 or 2 are possible",
                        i->config.name, i->config.channels);
    dfnd_pw_pair *p = calloc(1, sizeof *p);
    if (!p)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    p->backend = b;
    p->instance = i;
    set_up(p);
    int n = 0;
    while (b->pairs[n])
        n++;
    b->pairs[n] = p;
    i->backend = p;
    if (b->core)
        dfnd_pw_review(b);
    else
        dfnd_instance_report(i, DFND_NO_SERVER, "", NULL);
    return DFN_OK;
}

static void drop(dfnd_pw_pair *p)
{
    dfnd_pw_monitor_drop(p);
    dfnd_pw_side_drop(&p->device);
    dfnd_pw_side_drop(&p->offer);
}

static void backend_remove(dfnd_backend *b, dfnd_instance *i)
{
    for (int n = 0; n < DFND_INSTANCES; n++)
        if (b->pairs[n] && b->pairs[n]->instance == i) {
            drop(b->pairs[n]);
            free(b->pairs[n]);
            b->pairs[n] = NULL;
        }
    i->backend = NULL;
}

static void update(dfnd_backend *b, dfnd_instance *i)
{
    dfnd_pw_pair *p = i->backend;
    const dfnd_instance_config *was = &p->built, *is = &i->config;
    const bool anew = p->sound.engine != i->engine || was->channels != is->channels ||
                      was->smart != is->smart || was->direction != is->direction ||
                      strcmp(was->name, is->name) ||
                      strcmp(was->description, is->description);
    if (was->make_default != is->make_default)
        p->made_default = false;
    if (strcmp(was->device, is->device))
        p->wrong = 0;
    if (anew) {
        drop(p);
        set_up(p);
    }
    p->built = i->config;
    if (!b->core)
        return;
    dfnd_pw_publish_latency(p);
    dfnd_pw_review(b);
}

static dfn_status monitor(dfnd_backend *b, dfnd_instance *i, bool on, dfn_error *err)
{
    dfnd_pw_pair *p = i->backend;
    if (i->config.direction != DFND_MICROPHONE)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: it is heard anyway", i->config.name);
    p->monitor = i->monitor = on;
    if (b->core)
        dfnd_pw_review(b);
    dfnd_instance_changed(i);
    return DFN_OK;
}

const dfnd_backend_class dfnd_pipewire = {
    .name = "pipewire",
    .open = dfnd_pw_open,
    .close = dfnd_pw_close,
    .add = add,
    .remove = backend_remove,
    .update = update,
    .wake = dfnd_pw_wake,
    .monitor = monitor,
    .list = dfnd_pw_list,
};
