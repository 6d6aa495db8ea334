/* config_keys.h - every key of the configuration but the parameters, once. */
#ifndef DFND_CONFIG_KEYS_H
#define DFND_CONFIG_KEYS_H

#include "config.h"

typedef enum dfnd_key_type {
    DFND_KEY_TEXT,   /* char[size] */
    DFND_KEY_CHOICE, /* the same, one of `choices` */
    DFND_KEY_INT,    /* int, one of `choices` */
    DFND_KEY_SWITCH  /* bool */
} dfnd_key_type;

typedef struct dfnd_key {
    const char *name;
    dfnd_key_type type;
    size_t at, size;     /* of the field */
    const char *choices; /* "a|b" */
    const char *help;
} dfnd_key;

/* Each ends with name NULL. */
extern const dfnd_key dfnd_instance_keys[], dfnd_daemon_keys[];

#endif
