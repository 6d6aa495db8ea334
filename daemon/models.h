/* models.h - models in use: instances that name the same file share its weights. */
#ifndef DFND_MODELS_H
#define DFND_MODELS_H

#include <dfnet4/model.h>

typedef struct dfnd_models dfnd_models;

DFN_MUST_CHECK dfn_status dfnd_models_new(dfnd_models **out, dfn_error *err);
void dfnd_models_free(dfnd_models *m); /* NULL allowed; every model must be back */

/** `name` is a file, the name of a model in the model folders, that of the built-in model,
 * or "" or "default": the default. `precision` is "f32", "bf16" or "int8"; a quantised file
 * has its own. Give it back with dfnd_models_put. */
DFN_MUST_CHECK dfn_status dfnd_models_get(const dfn_model **out, dfnd_models *m,
                                          const char *name, const char *precision,
                                          dfn_error *err);
void dfnd_models_put(dfnd_models *m, const dfn_model *model); /* NULL allowed */

/** Call `tell` for each model that can be named: its name and where it is. */
void dfnd_models_list(void (*tell)(void *user, const char *name, const char *path),
                      void *user);

#endif
