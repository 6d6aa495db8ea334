/* room.h - rooms to hear speech and noise in, made or measured, ready for convolution. */
#ifndef DFN_ROOM_H
#define DFN_ROOM_H

#include "data/conv.h"
#include "data/mix_config.h"

typedef struct dfn_room {
    dfn_response full;  /* speech as the microphone hears it */
    dfn_response early; /* the same up to early_s behind the direct sound: the target */
    dfn_response noise; /* from another place in the room */
    size_t lead;        /* samples of full and early ahead of the direct sound */
    size_t noise_lead;
    double t60; /* seconds, at low frequencies */
} dfn_room;

/* Immutable once made: threads may share it. */
typedef struct dfn_rooms {
    dfn_room *room; /* made ones first, then the recorded ones of the split */
    int made, count;
} dfn_rooms;

/** Rooms as the config has them: the same for the same config and split, whatever examples
 * they are for. Recordings without sound are left out. */
dfn_status dfn_rooms_new(dfn_rooms *rooms, const dfn_mix_config *config,
                         const dfn_sounds *sounds, dfn_split split, dfn_error *err);
void dfn_rooms_free(dfn_rooms *rooms);

#endif
