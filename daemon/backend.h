/* backend.h - where sound comes from and goes to: PipeWire or PortAudio.
 *
 * A backend runs in the main loop (sd-event) and has audio threads of its own, which call
 * dfnd_engine_process of their instance. It never gives up: when the server or a device is
 * gone it says so (dfnd_instance_report) and looks for it, with a wait that grows to two
 * seconds. All functions: main thread. */
#ifndef DFND_BACKEND_H
#define DFND_BACKEND_H

#include "instance.h"

#include <systemd/sd-event.h>

typedef struct dfnd_backend dfnd_backend; /* each backend's own */

/* A device that can be named. */
typedef struct dfnd_device {
    const char *name, *description;
    dfnd_direction direction; /* DFND_MICROPHONE: it is heard; DFND_INCOMING: it plays */
    int channels;
    bool is_default;
} dfnd_device;
typedef void dfnd_device_found(void *user, const dfnd_device *d);

typedef struct dfnd_backend_class {
    const char *name; /* "pipewire" */
    /** Fails if the backend cannot work at all; a server that is not there is no failure.
     */
    dfn_status (*open)(dfnd_backend **out, sd_event *event, dfn_error *err);
    void (*close)(dfnd_backend *b); /* removes what is left */
    /** Offer an instance, of which there are DFND_INSTANCES at most at a time. Fails if its
     * settings are impossible; a device that is not there is no failure. */
    dfn_status (*add)(dfnd_backend *b, dfnd_instance *i, dfn_error *err);
    /** After this no audio thread is in its engine. */
    void (*remove)(dfnd_backend *b, dfnd_instance *i);
    /** The latency or the settings changed: offer it anew as far as needed. */
    void (*update)(dfnd_backend *b, dfnd_instance *i);
    /** The computer has slept: open streams and look for devices anew, and at once. */
    void (*wake)(dfnd_backend *b);
    /** Let people hear the clean sound on the default output. */
    dfn_status (*monitor)(dfnd_backend *b, dfnd_instance *i, bool on, dfn_error *err);
    /** Without open(): all devices, for --list-devices. Waits a second at most. */
    dfn_status (*list)(dfnd_device_found *found, void *user, dfn_error *err);
} dfnd_backend_class;

extern const dfnd_backend_class dfnd_pipewire, dfnd_portaudio;

#endif
