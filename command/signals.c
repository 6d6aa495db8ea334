/* signals.c - the signals that ask a command to stop. */
#include "command.h"

static const int stop[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOPS = sizeof stop / sizeof stop[0] };

void cli_catch_signals(void (*handler)(int number))
{
    for (int i = 0; i < STOPS; i++) {
        struct sigaction old, own = {.sa_handler = handler};
        sigemptyset(&own.sa_mask);
        if (sigaction(stop[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(stop[i], &own, NULL);
    }
}

void cli_hold_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < STOPS; i++)
        sigaddset(&set, stop[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}
