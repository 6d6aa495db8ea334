/* cli.h - the sub-commands of dfnet4. */
#ifndef CLI_H
#define CLI_H

#include "command.h"

#include <dfnet4/model.h>

extern const cli_command cli_bench, cli_enhance, cli_import, cli_info, cli_quantize;

/* A model is named by the path of its file, or by the name of the embedded one. A file of
 * that name is ./NAME. */

/** The model to use: `option` (may be NULL), $DFNET4_MODEL, one in the data folders, the
 *  embedded one. owner: caller frees. NULL after an error message. */
char *cli_find_model(const char *option);
/** Whether cli_find_model(NULL) would name one, without a message. */
bool cli_has_model(void);
/** Whether this names the embedded model. */
bool cli_is_embedded(const char *model);
/** As dfn_model_load, of either. */
DFN_MUST_CHECK dfn_status cli_load_model(dfn_model **out, const char *model,
                                         dfn_error *err);

/** The whole of a network's INI file. owner: caller frees. NULL after an error message. */
char *cli_config_text(const char *path);

#endif
