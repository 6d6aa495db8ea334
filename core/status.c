#include <dfnet4/status.h>

#include <stdarg.h>
#include <stdio.h>

const char *dfn_strerror(dfn_status status)
{
    switch (status) {
    case DFN_OK: return "success";
    case DFN_ERR_NOMEM: return "out of memory";
    case DFN_ERR_ARG: return "invalid argument";
    case DFN_ERR_IO: return "input/output error";
    case DFN_ERR_FORMAT: return "damaged or unknown file format";
    case DFN_ERR_UNSUPPORTED: return "not supported";
    }
    return "unknown error";
}

dfn_status dfn_fail(dfn_error *err, dfn_status status, const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (n < 0)
        err->text[0] = '\0';
    for (char *p = err->text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return status;
}
