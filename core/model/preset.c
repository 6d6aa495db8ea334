#include "model/preset.h"

#include <dfnet4/model.h>
#include <string.h>

const char *dfn_preset_name(int i)
{
    for (int k = 0; k <= i; k++)
        if (!dfn_presets[k].name)
            return NULL;
    return i < 0 ? NULL : dfn_presets[i].name;
}

const char *dfn_preset_text(const char *name)
{
    if (!strcmp(name, "ll"))
        name = "full-ll";
    for (const dfn_preset *p = dfn_presets; p->name; p++)
        if (!strcmp(p->name, name))
            return p->text;
    return NULL;
}
