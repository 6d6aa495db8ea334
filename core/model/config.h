/* config.h - read an INI text into a struct, by a table of keys.
 *
 * A model lists every key it knows. Anything else is an error with the line, and so is a
 * value out of range: nothing in a config is ignored in silence. Keys that DeepFilterNet
 * writes but that have no effect on the network are listed as DFN_CONFIG_NO_EFFECT. */
#ifndef DFN_CONFIG_H
#define DFN_CONFIG_H

#include <dfnet4/status.h>
#include <stddef.h>

typedef enum dfn_config_type {
    DFN_CONFIG_INT,    /* int */
    DFN_CONFIG_REAL,   /* double */
    DFN_CONFIG_COUNT,  /* uint64_t, at most 2^53 */
    DFN_CONFIG_PAIR,   /* int[2], "3,3" */
    DFN_CONFIG_CHOICE, /* int: index into `choices`, "none|identity" */
    DFN_CONFIG_TEXT,   /* char[max] */
    DFN_CONFIG_FIXED,  /* only the values in `choices` are supported; nothing is stored */
    DFN_CONFIG_NO_EFFECT, /* accepted; training only, or unused by the reference too */
} dfn_config_type;

typedef struct dfn_config_key {
    const char *section, *key; /* compared without regard to case */
    dfn_config_type type;
    size_t at;       /* offset in the config struct */
    double min, max; /* of INT, REAL and each number of a PAIR */
    const char *choices;
} dfn_config_key;

/** Set the fields of `config` that `text` mentions. Sections in `foreign` (NULL-terminated)
 * are skipped whole: they belong to other tools. `name` is for messages. */
dfn_status dfn_config_parse(void *config, const dfn_config_key *keys, size_t n_keys,
                            const char *const *foreign, const char *text, const char *name,
                            dfn_error *err);

/** The INI text of every key with its value in `config`: what a parse of it gives back.
 * Writes at most `size` bytes with the closing zero; returns the length of the whole text,
 * or 0 if memory ran out. NO_EFFECT keys are left out. Keys of one section stand together.
 */
size_t dfn_config_print(char *text, size_t size, const void *config,
                        const dfn_config_key *keys, size_t n_keys);

#endif
