/* logind.c - what dfnet4d sees of systemd-logind, on the bus of $DBUS_SYSTEM_BUS_ADDRESS.
 *
 * It takes the lines "sleep" and "wake" on standard input, and prints "ready", "inhibited"
 * and "released": when somebody asks it to wait, and lets it go. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static int say(const char *what)
{
    puts(what);
    return fflush(stdout);
}

static int on_released(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)events, (void)user;
    close(fd);
    sd_event_source_disable_unref(source);
    return say("released");
}

static int on_inhibit(sd_bus_message *m, void *user, sd_bus_error *error)
{
    const char *what, *who, *why, *mode;
    int ends[2];
    (void)error;
    if (sd_bus_message_read(m, "ssss", &what, &who, &why, &mode) < 0 ||
        strcmp(what, "sleep") || strcmp(who, "dfnet4d") || strcmp(mode, "delay"))
        return -EINVAL;
    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    int r = sd_event_add_io(user, &(sd_event_source *){NULL}, ends[0], 0, on_released,
                            NULL); /* no event but the hang-up */
    if (r >= 0)
        r = sd_bus_reply_method_return(m, "h", ends[1]);
    close(ends[1]);
    say("inhibited");
    return r;
}

static const sd_bus_vtable manager[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Inhibit", "ssss", "h", on_inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("PrepareForSleep", "b", 0), SD_BUS_VTABLE_END};

static int on_line(sd_event_source *source, int fd, uint32_t events, void *user)
{
    char line[16] = "";
    (void)events;
    if (read(fd, line, sizeof line - 1) <= 0)
        return sd_event_exit(sd_event_source_get_event(source), 0);
    return sd_bus_emit_signal(user, "/org/freedesktop/login1",
                              "org.freedesktop.login1.Manager", "PrepareForSleep", "b",
                              !strcmp(line, "sleep\n"));
}

int main(void)
{
    sd_event *event;
    sd_bus *bus;
    int r = sd_event_default(&event);
    if (r >= 0)
        r = sd_bus_open_system(&bus);
    if (r >= 0)
        r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/login1",
                                     "org.freedesktop.login1.Manager", manager, event);
    if (r >= 0)
        r = sd_bus_request_name(bus, "org.freedesktop.login1", 0);
    if (r >= 0)
        r = sd_bus_attach_event(bus, event, 0);
    if (r >= 0)
        r = sd_event_add_io(event, NULL, STDIN_FILENO, 1 /* EPOLLIN */, on_line, bus);
    say("ready");
    if (r >= 0)
        r = sd_event_loop(event);
    if (r < 0)
        fprintf(stderr, "logind: %s\n", strerror(-r));
    return r < 0;
}
