/* recipe_keys.h - every key of a recipe. */
#ifndef DFN_RECIPE_KEYS_H
#define DFN_RECIPE_KEYS_H

#include "run/recipe.h"

#include "model/config.h"

/* A recipe before anything is read. */
void dfn_recipe_defaults(dfn_recipe *r);

/** All keys with their offsets in dfn_recipe, for free(); NULL if there is no memory. With
 * `fixed`, only those that make a run what it is: others may change when it goes on. */
dfn_config_key *dfn_recipe_keys(bool fixed, size_t *count);

#endif
