/* pipewire.h - the parts of the PipeWire backend, to each other.
 *
 * All of it runs in the main thread, but for pipewire_process.c. Nothing is torn down
 * inside a callback of libpipewire: callbacks set flags, and dfnd_pw_review() acts on them
 * once the loop has run. */
#ifndef DFND_PIPEWIRE_H
#define DFND_PIPEWIRE_H

#include "backend.h"
#include "pipewire_graph.h"

#include <pipewire/pipewire.h>
#include <spa/param/latency-utils.h>
#include <stdatomic.h>

enum {
    DFND_PW_HOP = 480,       /* frames we like to get at a time */
    DFND_PW_WAIT_MIN = 50,   /* milliseconds until something is tried again: at first */
    DFND_PW_WAIT_MAX = 2000, /* and at most */
    DFND_PW_SETTLE = 150,    /* milliseconds that a new target must stay the same */
    DFND_PW_PATIENCE = 800,  /* the wait from which on it is odd that there is no default */
    DFND_PW_REREADS = 3,     /* then nobody decides */
    DFND_PW_CHANNELS = 2,
    DFND_PW_MONITOR_LINKS = 16
};

/* What the audio thread shares with the main one, and keeps for itself. */
typedef struct dfnd_pw_sound {
    dfnd_engine *engine;
    int channels;
    /* Changed by the main thread while the audio thread stands still (set_stream). */
    struct pw_stream *capture, *playback;
    _Atomic bool open; /* what is captured may be heard: it comes from the right device */
    _Atomic bool used; /* somebody is linked with what is offered */
    _Atomic int rate, quantum;
    _Atomic uint64_t xruns;
    /* audio thread only */
    uint64_t ticks;
    int64_t now, step, odd;
    bool started;
} dfnd_pw_sound;

typedef struct dfnd_pw_pair dfnd_pw_pair;

/* One of the two streams of an instance. */
typedef struct dfnd_pw_side {
    dfnd_pw_pair *pair;
    struct pw_stream *stream;
    struct spa_hook hook;
    enum pw_direction direction;
    enum pw_stream_state state;
    bool active;
    bool failed; /* the server has dropped it; it must be made anew */
    char error[DFND_TEXT];
} dfnd_pw_side;

/* An instance: the side that is linked to a device, and the side that is offered. */
struct dfnd_pw_pair {
    dfnd_backend *backend;
    dfnd_instance *instance;
    dfnd_instance_config built; /* the settings of its streams */
    dfnd_pw_sound sound;
    dfnd_pw_side device, offer;
    struct spa_latency_info latency[2]; /* from the other nodes, by direction */
    char target[DFND_TEXT];             /* the device it is to be linked with; "": none */
    uint32_t target_id, wish_id;        /* of nodes; what may become the target */
    uint64_t wish_since;                /* microseconds */
    bool held, held_offer;   /* the device side, the other: not before the next try */
    char refusal[DFND_TEXT]; /* why there is no offer */
    int wrong;               /* links destroyed since the device side was made */
    bool made_default;       /* asked for once */
    bool monitor;
    struct pw_proxy *heard[DFND_PW_MONITOR_LINKS];
    bool heard_held;                  /* not again before the next try */
    uint64_t heard_wish, heard_since; /* the next such, and when it was seen first */
    uint64_t heard_what;              /* which ports are linked for that */
};

struct dfnd_backend {
    sd_event *event;
    sd_event_source *io, *retry, *settle, *tick, *watch;
    struct pw_loop *loop;
    struct pw_context *context;
    struct pw_core *core;
    struct spa_hook core_hook;
    dfnd_pw_graph graph;
    pid_t audio_thread;
    int wait; /* milliseconds, for the next try */
    bool retrying, ticking;
    bool lost;    /* the server is gone: let go of everything */
    bool changed; /* something is to be looked at */
    dfnd_pw_pair *pairs[DFND_INSTANCES];
};

/* pipewire_connection.c */
dfn_status dfnd_pw_open(dfnd_backend **out, sd_event *event, dfn_error *err);
void dfnd_pw_close(dfnd_backend *b);
/** Link devices anew and connect, without the wait that has grown. */
void dfnd_pw_wake(dfnd_backend *b);
/** Try again, after a wait that grows with each time. */
void dfnd_pw_later(dfnd_backend *b);

/* pipewire_review.c */
/** Act on whatever has changed. */
void dfnd_pw_review(dfnd_backend *b);
/** Rates, quantum, xruns and scheduling of what runs, to the instances. */
void dfnd_pw_measure(dfnd_backend *b);

/* pipewire_target.c */
/** Whether a session manager is to link the device side. */
bool dfnd_pw_is_managed(const dfnd_pw_pair *p);
/** Find the device that the instance shall be linked with. NULL: there is none. */
const dfnd_pw_object *dfnd_pw_target(const dfnd_pw_graph *g, const dfnd_instance *i);
/** Whether there are devices, but no default is known, which may be our ignorance. */
bool dfnd_pw_is_undecided(const dfnd_pw_pair *p);
/** Destroy wrong links of the device side. The node it is linked with, or NULL. */
const dfnd_pw_object *dfnd_pw_check_links(dfnd_pw_pair *p);

/** Whether somebody is linked with the side that is offered. */
bool dfnd_pw_is_used(const dfnd_pw_pair *p);

/* pipewire_stream.c */
/** Make the stream of a side and connect it; it fails later, if it does. */
dfn_status dfnd_pw_side_make(dfnd_pw_side *s, dfn_error *err);
/** A stream that a session manager is to link is active only while it is linked: an active
 * one is of the group that runs, and a node that runs takes no format from it. */
void dfnd_pw_side_activate(dfnd_pw_side *s, bool active);
void dfnd_pw_side_drop(dfnd_pw_side *s);
/** Have it dropped and made anew at the next try. */
void dfnd_pw_side_renew(dfnd_pw_side *s);
bool dfnd_pw_side_is_offer(const dfnd_pw_side *s);
/** Publish the latency of both streams. */
void dfnd_pw_publish_latency(dfnd_pw_pair *p);

/* pipewire_properties.c */
struct pw_properties *dfnd_pw_properties(const dfnd_pw_side *s);

/* pipewire_process.c */
extern const struct pw_stream_events dfnd_pw_capture_audio, dfnd_pw_playback_audio;
void dfnd_pw_capture_process(void *side) DFN_RT;
void dfnd_pw_playback_process(void *side) DFN_RT;

/* pipewire_monitor.c */
/** False: not all links are there yet. */
bool dfnd_pw_monitor_review(dfnd_pw_pair *p);
void dfnd_pw_monitor_drop(dfnd_pw_pair *p);

/* pipewire_list.c */
dfn_status dfnd_pw_list(dfnd_device_found *found, void *user, dfn_error *err);

#endif
