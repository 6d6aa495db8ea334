#include "saved.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_US = 1000000, DIGITS = 9 }; /* 9 digits tell any two floats apart */

struct dfnd_saved {
    char *path;
    json_t *root; /* {instance: {key: value}} */
    sd_event *event;
    sd_event_source *timer;
    bool dirty, failed; /* not written yet; the last attempt failed, and that was told */
};

/* $XDG_STATE_HOME/dfnet4/settings.json, or NULL if there is no home. */
static char *usual_path(void)
{
    static const char file[] = "/dfnet4/settings.json", below[] = "/.local/state";
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const bool own = state && *state == '/'; /* XDG: relative folders do not count */
    const char *base = own ? state : home;
    if (!base || *base != '/')
        return NULL;
    const size_t room = strlen(base) + sizeof below + sizeof file;
    char *path = malloc(room);
    if (path)
        snprintf(path, room, "%s%s%s", base, own ? "" : below, file);
    return path;
}

static json_t *read_file(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        if (errno != ENOENT && errno != ENOTDIR)
            dfnd_log(DFND_WARNING, "%s: %s; saved settings are not used", path,
                     strerror(errno));
        return NULL;
    }
    json_error_t why = {0};
    json_t *root = json_loadf(f, JSON_REJECT_DUPLICATES, &why);
    fclose(f);
    if (root && json_is_object(root))
        return root;
    dfnd_log(DFND_WARNING, "%s:%d: %s; saved settings are not used", path,
             root ? 1 : why.line, root ? "not an object" : why.text);
    json_decref(root);
    return NULL;
}

dfn_status dfnd_saved_new(dfnd_saved **out, const char *path, sd_event *event,
                          dfn_error *err)
{
    *out = NULL;
    dfnd_saved *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    s->path = path ? strdup(path) : usual_path();
    if (s->path)
        s->root = read_file(s->path);
    else if (!path)
        dfnd_log(DFND_WARNING, "no HOME: settings will not be saved");
    if (!s->root)
        s->root = json_object();
    s->event = event ? sd_event_ref(event) : NULL;
    if (!s->root) {
        dfnd_saved_free(s);
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    }
    *out = s;
    return DFN_OK;
}

void dfnd_saved_free(dfnd_saved *s)
{
    if (!s)
        return;
    dfnd_saved_flush(s);
    sd_event_source_disable_unref(s->timer);
    sd_event_unref(s->event);
    json_decref(s->root);
    free(s->path);
    free(s);
}

/* ---- reading ---------------------------------------------------------------------------
 */

/* NULL, or why it cannot be. */
static const char *take(dfnd_instance_config *c, const char *key, const json_t *value)
{
    if (!strcmp(key, "model")) {
        const char *text = json_string_value(value);
        if (!text || strlen(text) >= sizeof c->model)
            return "is no name of a model";
        strcpy(c->model, text);
        return NULL;
    }
    for (int p = 0; p < DFN_PARAM_COUNT; p++) {
        const dfn_param_info *info = dfn_param_get_info((dfn_param)p);
        if (strcmp(key, info->symbol) != 0)
            continue;
        const double x = json_number_value(value);
        if (!json_is_number(value) || x < info->min || x > info->max)
            return "is no number in range";
        c->param[p] = (float)x;
        return NULL;
    }
    return "is not known";
}

void dfnd_saved_apply(const dfnd_saved *s, dfnd_instance_config *c)
{
    json_t *settings = json_object_get(s->root, c->name), *value;
    const char *key, *why;
    if (settings && !json_is_object(settings))
        dfnd_log(DFND_WARNING, "%s: '%s' is not an object; it is not used", s->path,
                 c->name);
    json_object_foreach(settings, key, value)
    {
        if ((why = take(c, key, value)) != NULL)
            dfnd_log(DFND_WARNING, "%s: '%s' of '%s' %s; it is not used", s->path, key,
                     c->name, why);
    }
}

/* ---- writing ---------------------------------------------------------------------------
 */

/* Make the folders above the file. */
static void make_folders(char *path)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(path, 0700); /* if that fails, so will open() */
        *p = '/';
    }
}

static bool write_all(int fd, const char *text, size_t n)
{
    while (n) {
        const ssize_t done = write(fd, text, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text += done;
        n -= (size_t)done;
    }
    return true;
}

/* Whoever reads meets the old file or the new one, also after a loss of power. */
static bool replace(char *path, const char *text)
{
    const size_t room = strlen(path) + sizeof ".new";
    char *fresh = malloc(room);
    if (!fresh)
        return false;
    snprintf(fresh, room, "%s.new", path);
    make_folders(path);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (good && rename(fresh, path) != 0) {
        error = errno;
        good = false;
    }
    if (!good && fd >= 0)
        unlink(fresh);
    free(fresh);
    errno = error;
    return good;
}

void dfnd_saved_flush(dfnd_saved *s)
{
    if (!s->dirty || !s->path)
        return;
    s->dirty = false;
    char *text =
        json_dumps(s->root, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(DIGITS));
    const bool good = text && replace(s->path, text);
    if (!good && !s->failed)
        dfnd_log(DFND_WARNING, "%s: cannot save settings: %s", s->path,
                 text ? strerror(errno) : "out of memory");
    s->failed = !good;
    free(text);
}

static int on_time(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    dfnd_saved_flush(user);
    return 0;
}

/* Within a second: a slider that moves is one write. */
static void write_soon(dfnd_saved *s)
{
    if (s->dirty)
        return;
    s->dirty = true;
    if (!s->event)
        return;
    int r;
    if (!s->timer)
        r = sd_event_add_time_relative(s->event, &s->timer, CLOCK_MONOTONIC, WAIT_US, 0,
                                       on_time, s);
    else if ((r = sd_event_source_set_time_relative(s->timer, WAIT_US)) >= 0)
        r = sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
    if (r < 0)
        dfnd_saved_flush(s);
}

static json_t *differences(const dfnd_instance_config *now,
                           const dfnd_instance_config *configured)
{
    json_t *settings = json_object();
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        if (now->param[p] != configured->param[p])
            json_object_set_new(settings, dfn_param_get_info((dfn_param)p)->symbol,
                                json_real((double)now->param[p]));
    if (strcmp(now->model, configured->model) != 0)
        json_object_set_new(settings, "model", json_string(now->model));
    return settings;
}

void dfnd_saved_update(dfnd_saved *s, const dfnd_instance_config *now,
                       const dfnd_instance_config *configured)
{
    json_t *settings = differences(now, configured);
    const json_t *before = json_object_get(s->root, now->name);
    const bool some = json_object_size(settings) > 0;
    if (before ? !json_equal(before, settings) : some) {
        if (some)
            json_object_set(s->root, now->name, settings);
        else
            json_object_del(s->root, now->name);
        write_soon(s);
    }
    json_decref(settings);
}
