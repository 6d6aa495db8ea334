/* portaudio_callback.h - what PortAudio's audio threads run; `user` is a lane whose duplex
 * is there. */
#ifndef DFND_PORTAUDIO_CALLBACK_H
#define DFND_PORTAUDIO_CALLBACK_H

#include "portaudio_worker.h"

PaStreamCallback dfnd_pa_on_both, dfnd_pa_on_in, dfnd_pa_on_out;
PaStreamFinishedCallback dfnd_pa_on_finished;

#endif
