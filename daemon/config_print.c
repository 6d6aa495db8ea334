/* config_print.c - all settings as a file that explains itself. */
#include "config_keys.h"

#include <stdlib.h>
#include <string.h>

static void put_key(FILE *f, const void *config, const dfnd_key *k)
{
    const char *at = (const char *)config + k->at;
    int n = 0;
    fprintf(f, "# %s.\n%s =", k->help, k->name);
    switch (k->type) {
    case DFND_KEY_SWITCH: fprintf(f, " %s", *(const bool *)at ? "yes" : "no"); break;
    case DFND_KEY_INT:
        memcpy(&n, at, sizeof n);
        fprintf(f, " %d", n);
        break;
    case DFND_KEY_TEXT:
    case DFND_KEY_CHOICE: fprintf(f, "%s%s", *at ? " " : "", at); break;
    }
    fputc('\n', f);
}

/* As few digits as give the same number back. */
static void put_number(FILE *f, float x)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x)
            break;
    }
    fputs(text, f);
}

static void put_param(FILE *f, const dfn_param_info *p, float x)
{
    fprintf(f, "# %s: %s. %g to %g%s%s.\n%s = ", p->label, p->help, (double)p->min,
            (double)p->max, *p->unit ? " " : "", p->unit, p->symbol);
    put_number(f, x);
    fputc('\n', f);
}

void dfnd_config_print(FILE *f, const dfnd_config *c)
{
    fputs("# Settings of dfnet4d; see dfnet4d.conf(5).\n\n[daemon]\n", f);
    for (const dfnd_key *k = dfnd_daemon_keys; k->name; k++)
        put_key(f, c, k);
    for (int i = 0; i < c->count; i++) {
        const dfnd_instance_config *s = &c->instance[i];
        fprintf(f, "\n[%s %s]\n", s->direction == DFND_INCOMING ? "incoming" : "microphone",
                s->name);
        for (const dfnd_key *k = dfnd_instance_keys; k->name; k++)
            put_key(f, s, k);
        for (int p = 0; p < DFN_PARAM_COUNT; p++)
            put_param(f, dfn_param_get_info((dfn_param)p), s->param[p]);
    }
}
