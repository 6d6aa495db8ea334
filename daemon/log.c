#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int most = DFND_NOTICE;
static bool to_journal;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* $JOURNAL_STREAM tells device and inode of a stderr that is the journal's. */
static void look(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;
    to_journal = text && sscanf(text, "%llu:%llu", &device, &inode) == 2 &&
                 fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
                 st.st_ino == inode;
}

void dfnd_log_set(dfnd_level level) { atomic_store(&most, (int)level); }

void dfnd_log(dfnd_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&most))
        return;
    pthread_once(&once, look);
    char line[1024];
    int n = to_journal ? snprintf(line, sizeof line, "<%d>", (int)level)
                       : snprintf(line, sizeof line, "dfnet4d: ");
    va_list list;
    va_start(list, format);
    const int text = vsnprintf(line + n, sizeof line - 1 - (size_t)n, format, list);
    va_end(list);
    const int end = text < 0 ? n : n + text;
    const int last = end < (int)sizeof line - 2 ? end : (int)sizeof line - 2;
    for (; n < last; n++)
        if ((unsigned char)line[n] < ' ' || line[n] == 127)
            line[n] = '?';
    line[last] = '\n';
    if (write(STDERR_FILENO, line, (size_t)last + 1) < 0)
        return; /* nobody is there to be told */
}
