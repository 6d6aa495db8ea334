/* service.h - what systemd is told, if it asks: ready, status line, alive. */
#ifndef DFND_SERVICE_H
#define DFND_SERVICE_H

#include "daemon.h"

/** Feed the watchdog from the main loop, and say READY=1 once every stream is offered or
 * its server has been waited for in vain for two seconds: a login must not hang because
 * there is no sound. Costs nothing without systemd. */
DFN_MUST_CHECK dfn_status dfnd_service_open(dfnd_service **out, dfnd_daemon *d,
                                            dfn_error *err);
void dfnd_service_close(dfnd_service *s); /* says STOPPING=1; NULL allowed */

/** A stream is doing otherwise than before. */
void dfnd_service_changed(dfnd_service *s);
/** The settings are read again, from here on to dfnd_service_reloaded(). */
void dfnd_service_reloading(dfnd_service *s);
void dfnd_service_reloaded(dfnd_service *s);

/** "microphone: running, hears alsa_input.usb, load 3 %", several with "; " between. */
void dfnd_status_line(char *text, size_t size, const dfnd_daemon *d);

#endif
