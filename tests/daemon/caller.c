/* caller.c - calls the daemon so many times a second: caller INSTANCE RATE SECONDS
 *
 * Looks, changes that change nothing, and mistakes, in turn. At the end, or at SIGTERM, it
 * prints what came of it as JSON. */
#include "bus.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t ended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long answered, bad;

static int on_answer(sd_bus_message *m, void *user, sd_bus_error *error)
{
    const bool *refused = user;
    (void)error;
    answered++;
    bad += sd_bus_message_is_method_error(m, NULL) != *refused;
    return 0;
}

/* Send the `k`-th call. */
static int call(sd_bus *bus, const char *path, long k)
{
    static bool good = false, refused = true;
    const char *in = DFND_BUS_INSTANCE, *properties = "org.freedesktop.DBus.Properties";
    switch (k % 6) {
    case 0:
        return sd_bus_call_method_async(bus, NULL, DFND_BUS_NAME, path, in, "GetMeters",
                                        on_answer, &good, "");
    case 1:
        return sd_bus_call_method_async(bus, NULL, DFND_BUS_NAME, path, properties,
                                        "GetAll", on_answer, &good, "s", in);
    case 2: /* out of range */
        return sd_bus_call_method_async(bus, NULL, DFND_BUS_NAME, path, properties, "Set",
                                        on_answer, &refused, "ssv", in, "limit_db", "d",
                                        -1.0);
    case 3: /* no such model */
        return sd_bus_call_method_async(bus, NULL, DFND_BUS_NAME, path, in, "SetModel",
                                        on_answer, &refused, "s", "/none");
    default:
        return sd_bus_call_method_async(bus, NULL, DFND_BUS_NAME, path, properties, "Set",
                                        on_answer, &good, "ssv", in, "limit_db", "d",
                                        100.0);
    }
}

/* Take answers until `end`, or until all are there. */
static void take_answers(sd_bus *bus, double end, long calls)
{
    for (double left; answered < calls && (left = end - now()) > 0;)
        if (sd_bus_process(bus, NULL) == 0)
            sd_bus_wait(bus, (uint64_t)(1e6 * left) + 1);
}

int main(int argc, char **argv)
{
    sd_bus *bus;
    char *path;
    dfn_error err;
    if (argc != 4 || dfnd_bus_open(&bus, &err) ||
        sd_bus_path_encode(DFND_BUS_PATH, argv[1], &path) < 0)
        return 2;
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_end}, NULL);
    const double rate = atof(argv[2]), seconds = atof(argv[3]), begin = now();
    long calls = 0;
    for (double due = begin; !ended && due < begin + seconds;
         due = begin + (double)++calls / rate) {
        const double wait = due - now();
        if (wait > 0)
            nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * wait)}, NULL);
        bad += call(bus, path, calls) < 0;
        while (sd_bus_process(bus, NULL) > 0)
            ;
    }
    take_answers(bus, now() + 10, calls);
    printf("{\"calls\": %ld, \"answered\": %ld, \"bad\": %ld, \"seconds\": %.3f}\n", calls,
           answered, bad, now() - begin);
    free(path);
    sd_bus_close_unref(bus);
    return 0;
}
