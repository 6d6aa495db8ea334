/* message.c - one line at a time, whole, from any thread. */
#include "command.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool bar_shown;
static int output_error; /* errno of the first failure on stdout */

/* File names may hold anything; a terminal must not act on it. */
static void clean(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

static void remove_bar(void)
{
    if (bar_shown)
        fputs("\r\033[K", stderr);
    bar_shown = false;
}

void cli_error(const char *file, const char *format, ...)
{
    static char text[2 * 4096];
    pthread_mutex_lock(&lock);
    const int room = (int)sizeof text;
    int n = file ? snprintf(text, sizeof text, "%s: ", file) : 0;
    n = n < room ? n : room - 1;
    va_list args;
    va_start(args, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    clean(text);
    remove_bar();
    fprintf(stderr, "%s: %s\n", cli_program, text);
    pthread_mutex_unlock(&lock);
}

void cli_line(const char *format, ...)
{
    static char text[3 * 4096];
    pthread_mutex_lock(&lock);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    clean(text);
    remove_bar();
    if ((puts(text) < 0 || fflush(stdout) != 0) && !output_error)
        output_error = errno;
    pthread_mutex_unlock(&lock);
}

void cli_bar(const char *text)
{
    pthread_mutex_lock(&lock);
    if (!*text)
        remove_bar();
    else
        fprintf(stderr, "\r%s\033[K", text); /* one write, over the old line: no flicker */
    bar_shown = *text != '\0';
    fflush(stderr);
    pthread_mutex_unlock(&lock);
}

int cli_finish(int status)
{
    errno = 0;
    const bool bad = fflush(stdout) != 0 || ferror(stdout);
    if (!bad && !output_error)
        return status;
    const int error = output_error ? output_error : errno;
    cli_error("standard output", "%s", error ? strerror(error) : "write error");
    return CLI_FAILED;
}
