/* instance.h - one stream of the daemon: its settings, its audio, and how it is doing.
 *
 * The main thread owns it. A backend says how it is doing, the control shows that and
 * changes settings. */
#ifndef DFND_INSTANCE_H
#define DFND_INSTANCE_H

#include "config.h"
#include "engine.h"
#include "models.h"

typedef enum dfnd_state {
    DFND_NO_SERVER, /* the sound server is gone; it is looked for */
    DFND_NO_DEVICE, /* the device is not there; it is waited for */
    DFND_IDLE,      /* ready; nobody listens, and nothing runs */
    DFND_RUNNING,
    DFND_BROKEN /* the server refused; `detail` says why */
} dfnd_state;

typedef struct dfnd_instance dfnd_instance;

/* Somebody who wants to know: the control, the status line of the service. */
typedef void dfnd_watcher(void *user, dfnd_instance *i);

struct dfnd_instance {
    dfnd_instance_config config;     /* as set now */
    dfnd_instance_config configured; /* as files and options say; what differs is saved */
    dfnd_models *models;
    const dfn_model *model; /* in use, of `models` */
    dfnd_engine *engine;
    dfnd_state state;
    char linked[DFND_TEXT]; /* the device it really hears (or speaks to); "": none */
    char detail[DFND_TEXT]; /* what people should know besides: rates, faults */
    int rate, quantum;      /* of the server's graph; 0: unknown */
    uint64_t xruns;         /* that the backend noticed */
    bool realtime;          /* its audio thread runs with SCHED_FIFO or _RR */
    bool scheduled;         /* that is known */
    bool monitor;           /* it is also heard on the default output */
    void *backend;          /* whatever the backend keeps */
    dfnd_watcher *watcher;
    void *watcher_user;
};

enum { DFND_RATE = 48000 };

/** Load the model and build the engine at DFND_RATE. Nothing runs yet. */
DFN_MUST_CHECK dfn_status dfnd_instance_new(dfnd_instance **out,
                                            const dfnd_instance_config *config,
                                            dfnd_models *models, dfn_error *err);
/** The backend must have let it go. NULL allowed. */
void dfnd_instance_free(dfnd_instance *i);

/** By the backend: tells the watcher if anything differs. `linked`, `detail`: NULL: as it
 * is. */
void dfnd_instance_report(dfnd_instance *i, dfnd_state state, const char *linked,
                          const char *detail);
/** Tell the watcher. */
void dfnd_instance_changed(dfnd_instance *i);

/** One word for people and scripts: "running", "idle", "no-device", ... */
const char *dfnd_state_name(dfnd_state s);

void dfnd_instance_set(dfnd_instance *i, dfn_param p, float value);
/** Change the model without a gap. On failure the old one stays. */
DFN_MUST_CHECK dfn_status dfnd_instance_set_model(dfnd_instance *i, const char *model,
                                                  dfn_error *err);

#endif
