/* still_clock.c - time stands still (link with -Wl,--wrap=clock_gettime): nobody who asks
 * for it finds that work took too long. A graph in lock-step waits, on however busy a
 * machine. */
#include <time.h>

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    *t = (struct timespec){.tv_sec = 1};
    return 0;
}
