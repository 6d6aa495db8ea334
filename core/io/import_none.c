/* In builds without protobuf-c and libarchive. */
#include <dfnet4/import.h>

dfn_status dfn_import(const char *source, const char *destination, dfn_error *err)
{
    (void)destination;
    return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: this build cannot read ONNX models",
                    source);
}
