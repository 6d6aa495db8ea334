/* bench_child.c - work in a process of its own, and a pipe to hear of it. */
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile sig_atomic_t bench_stop;

/* Whole or not at all: it is shorter than what a pipe takes at once. */
void bench_tell(int pipe, const bench_message *m)
{
    while (write(pipe, m, sizeof *m) < 0 && errno == EINTR)
        continue;
}

void bench_tell_progress(int pipe, const char *format, ...)
{
    bench_message m = {.kind = BENCH_PROGRESS};
    va_list args;
    va_start(args, format);
    vsnprintf(m.text, sizeof m.text, format, args);
    va_end(args);
    bench_tell(pipe, &m);
}

bool bench_tell_error(int pipe, const char *format, ...)
{
    bench_message m = {.kind = BENCH_ERROR};
    va_list args;
    va_start(args, format);
    vsnprintf(m.text, sizeof m.text, format, args);
    va_end(args);
    bench_tell(pipe, &m);
    return false;
}

/* False at the end of the pipe. A signal that only we got, the child gets, too. */
static bool hear(int pipe, pid_t child, bench_message *m)
{
    char *at = (char *)m;
    size_t missing = sizeof *m;
    while (missing) {
        const ssize_t n = read(pipe, at, missing);
        if (n < 0 && errno == EINTR) {
            if (bench_stop)
                kill(child, bench_stop);
            continue;
        }
        if (n <= 0)
            return false;
        at += n;
        missing -= (size_t)n;
    }
    return true;
}

/* How the child ended, unless it ended well; a stop that we were asked for is well. */
static bool ended_well(const char *label, pid_t child, bool told)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            cli_error(label, "%s", strerror(errno));
            return false;
        }
    if (WIFSIGNALED(status) && WTERMSIG(status) != bench_stop)
        cli_error(label, "the process that measured it crashed (%s)",
                  strsignal(WTERMSIG(status)));
    else if (!told && WIFEXITED(status) && WEXITSTATUS(status))
        cli_error(label, "the process that measured it ended with status %d",
                  WEXITSTATUS(status));
    return WIFEXITED(status) && !WEXITSTATUS(status) && !told;
}

bool bench_in_child(const char *label, bool (*work)(int pipe, const void *context),
                    const void *context, void (*heard)(void *to, const bench_message *m),
                    void *to)
{
    int ends[2];
    bench_message m;
    bool told = false;
    fflush(stdout); /* or the child would have a copy to print */
    const pid_t child = pipe(ends) == 0 ? fork() : -1;
    if (child < 0) {
        cli_error(label, "%s", strerror(errno));
        return false;
    }
    if (child == 0) {
        close(ends[0]);
        _exit(work(ends[1], context) ? CLI_OK : CLI_FAILED);
    }
    close(ends[1]);
    while (hear(ends[0], child, &m)) {
        if (m.kind == BENCH_PROGRESS) {
            cli_bar(m.text);
        } else if (m.kind == BENCH_ERROR) {
            told = true;
            cli_error(NULL, "%s", m.text);
        } else if (heard) {
            heard(to, &m);
        }
    }
    close(ends[0]);
    cli_bar("");
    return ended_well(label, child, told);
}
