/* daemon.h - the running daemon: what its parts share. Main thread only. */
#ifndef DFND_DAEMON_H
#define DFND_DAEMON_H

#include "backend.h"
#include "options.h"

typedef struct dfnd_control dfnd_control; /* control.h */
typedef struct dfnd_saved dfnd_saved;     /* saved.h */
typedef struct dfnd_service dfnd_service; /* service.h */
typedef struct dfnd_notices dfnd_notices; /* notices.h */
typedef struct dfnd_sleep dfnd_sleep;     /* sleep.h */

typedef struct dfnd_daemon {
    const dfnd_options *options;
    sd_event *event;
    dfnd_models *models;
    const dfnd_backend_class *backend_class;
    dfnd_backend *backend;
    dfnd_control *control;
    dfnd_saved *saved;
    dfnd_service *service;
    dfnd_notices *notices;
    dfnd_sleep *sleep;
    int count; /* streams, in the order of the settings */
    dfnd_instance *instance[DFND_INSTANCES];
    bool had_terminal;
    bool started;          /* all streams of the settings are there */
    dfnd_config *settings; /* as last read: of files and options */
} dfnd_daemon;

/** The backend of that name. Fails if this program was built without. */
DFN_MUST_CHECK dfn_status dfnd_backend_find(const dfnd_backend_class **out,
                                            const char *name, dfn_error *err);

/** Run by `options` with `settings` (taken over) until told to stop. Messages are logged.
 */
DFN_MUST_CHECK dfn_status dfnd_daemon_run(const dfnd_options *options,
                                          dfnd_config *settings, dfn_error *err);

/** Read the settings again. What did not change goes on without a gap; after an error, all
 * does. */
DFN_MUST_CHECK dfn_status dfnd_daemon_reload(dfnd_daemon *d, dfn_error *err);

/** Make the stream `c`, with what was saved for it. If the model that was saved is gone, it
 * gets that of `c`, after a warning. owner: caller */
DFN_MUST_CHECK dfn_status dfnd_daemon_make(dfnd_instance **out, dfnd_daemon *d,
                                           const dfnd_instance_config *c, dfn_error *err);
/** Take a stream over and offer it; after an error it is the caller's again. */
DFN_MUST_CHECK dfn_status dfnd_daemon_offer(dfnd_daemon *d, dfnd_instance *i,
                                            dfn_error *err);
/** Back to the caller, out of all lists. */
void dfnd_daemon_withdraw(dfnd_daemon *d, dfnd_instance *i);
/** NULL if there is none. */
dfnd_instance *dfnd_daemon_find(const dfnd_daemon *d, const char *name);

#endif
