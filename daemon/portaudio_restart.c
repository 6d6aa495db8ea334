/* portaudio_restart.c - this program again, with the same arguments and environment. All of
 * our descriptors close themselves. */
#include "portaudio_worker.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT = 65536, ARGUMENTS = 1024 };

void dfnd_pa_start_over(void)
{
    static char text[TEXT + 1], path[4096];
    static char *argv[ARGUMENTS + 1];
    FILE *f = fopen("/proc/self/cmdline", "re");
    const size_t n = f ? fread(text, 1, TEXT, f) : 0;
    int argc = 0;
    if (f)
        fclose(f);
    for (size_t at = 0; at < n && argc < ARGUMENTS; at++)
        if (at == 0 || text[at - 1] == 0)
            argv[argc++] = text + at;
    const ssize_t m = readlink("/proc/self/exe", path, sizeof path - 1);
    if (m < 1 || argc < 1) {
        errno = errno ? errno : EINVAL;
        return;
    }
    execv(path, argv);
    execv("/proc/self/exe", argv); /* its file was replaced */
}
