/* cli.h - the sub-commands of dfnet4. */
#ifndef CLI_H
#define CLI_H

#include "command.h"

extern const cli_command cli_bench, cli_enhance, cli_import, cli_info, cli_quantize;

/** Path of the model to use, by `option` (may be NULL), $DFNET4_MODEL, and the data
 * folders. owner: caller frees. NULL after an error message. */
char *cli_find_model(const char *option);
/** Whether cli_find_model(NULL) would name one, without a message. */
bool cli_model_is_installed(void);

#endif
