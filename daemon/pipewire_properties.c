/* pipewire_properties.c - what the streams tell the session manager about themselves. */
#include "pipewire.h"

#include <spa/utils/json.h>

/* Of both streams. */
static void common(struct pw_properties *p, const dfnd_instance_config *c)
{
    pw_properties_set(p, PW_KEY_MEDIA_TYPE, "Audio");
    pw_properties_set(p, PW_KEY_APP_NAME, "dfnet4");
    pw_properties_set(p, PW_KEY_NODE_VIRTUAL, "true");
    /* One group: the same driver and cycle. One link group: never linked to each other. */
    pw_properties_setf(p, PW_KEY_NODE_GROUP, "dfnet4.%s", c->name);
    pw_properties_setf(p, PW_KEY_NODE_LINK_GROUP, "dfnet4.%s", c->name);
    pw_properties_setf(p, PW_KEY_NODE_LATENCY, "%d/%d", DFND_PW_HOP, DFND_RATE);
    pw_properties_set(p, "audio.position", c->channels == 1 ? "[ MONO ]" : "[ FL FR ]");
    pw_properties_set(p, "resample.prefill", "true");
    /* Ports also where nobody manages sessions. */
    pw_properties_set(p, "adapter.auto-port-config",
                      "{ mode = dsp monitor = false position = preserve }");
}

static void smart_filter(struct pw_properties *p, const dfnd_instance_config *c)
{
    char name[DFND_TEXT + 8];
    pw_properties_set(p, "filter.smart", "true");
    pw_properties_setf(p, "filter.smart.name", "dfnet4.%s", c->name);
    if (!*c->device)
        return;
    spa_json_encode_string(name, sizeof name, c->device);
    pw_properties_setf(p, "filter.smart.target", "{ node.name = %s }", name);
}

/* The node that people choose. */
static void offer(struct pw_properties *p, const dfnd_instance_config *c)
{
    const bool microphone = c->direction == DFND_MICROPHONE;
    pw_properties_setf(p, PW_KEY_NODE_NAME, "dfnet4.%s", c->name);
    pw_properties_set(p, PW_KEY_NODE_DESCRIPTION, c->description);
    pw_properties_set(p, PW_KEY_MEDIA_NAME, c->description);
    pw_properties_set(p, PW_KEY_MEDIA_CLASS, microphone ? "Audio/Source" : "Audio/Sink");
    pw_properties_set(p, PW_KEY_PRIORITY_SESSION, "100"); /* real ones have 1000 and more */
    if (c->smart)
        smart_filter(p, c);
}

/* The stream that is linked to a device. It is never moved: when its device goes, it goes,
 * and comes back without (WirePlumber 0.4 knows dont-reconnect only, 0.5 the others). */
static void device(struct pw_properties *p, const dfnd_pw_pair *pair)
{
    const dfnd_instance_config *c = &pair->built;
    const bool microphone = c->direction == DFND_MICROPHONE;
    pw_properties_set(p, PW_KEY_MEDIA_CATEGORY, microphone ? "Capture" : "Playback");
    pw_properties_setf(p, PW_KEY_NODE_NAME, "dfnet4.%s.%s", c->name,
                       microphone ? "capture" : "playback");
    pw_properties_setf(p, PW_KEY_NODE_DESCRIPTION, "%s (%s)", c->description,
                       microphone ? "capture" : "playback");
    pw_properties_setf(p, PW_KEY_MEDIA_NAME, "%s", c->description);
    pw_properties_set(p, PW_KEY_NODE_PASSIVE, "true"); /* the device may sleep */
    /* A device of more channels: their mean, not their sum. */
    pw_properties_set(p, "channelmix.normalize", "true");
    /* WirePlumber 0.4 restores volumes by media.role, or else by this, whatever is said. */
    pw_properties_setf(p, PW_KEY_APP_ID, "dfnet4.%s.device", c->name);
    pw_properties_set(p, "state.restore-target", "false");
    pw_properties_set(p, "state.restore-props", "false");
    if (!dfnd_pw_is_managed(pair)) /* out of sight of session managers */
        pw_properties_set(p, PW_KEY_MEDIA_CLASS, "Waiting/Audio");
    if (!*pair->target)
        return;
    pw_properties_set(p, PW_KEY_TARGET_OBJECT, pair->target);
    pw_properties_set(p, PW_KEY_NODE_DONT_RECONNECT, "true");
    pw_properties_set(p, "node.dont-fallback", "true");
    pw_properties_set(p, "node.linger", "true");
}

struct pw_properties *dfnd_pw_properties(const dfnd_pw_side *s)
{
    struct pw_properties *p = pw_properties_new(NULL, NULL);
    if (!p)
        return NULL;
    common(p, &s->pair->built);
    if (dfnd_pw_side_is_offer(s))
        offer(p, &s->pair->built);
    else
        device(p, s->pair);
    return p;
}
