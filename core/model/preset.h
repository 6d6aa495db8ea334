/* preset.h - the configurations in presets/, which tools/embed_text.py puts into the
 * library.
 */
#ifndef DFN_PRESET_H
#define DFN_PRESET_H

#include <stddef.h>

typedef struct dfn_preset {
    const char *name, *text;
} dfn_preset;

/* Ends with a name of NULL. */
extern const dfn_preset dfn_presets[];

#endif
