/* main.c - dfnet4d: a virtual microphone. */
#include "backend.h"
#include "log.h"

#include <command.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *const cli_program = "dfnet4d";

static int run(const dfnd_instance_config *config)
{
    const dfnd_backend_class *backend = &dfnd_pipewire;
    sd_event *event = NULL;
    dfnd_models *models = NULL;
    dfnd_instance *instance = NULL;
    dfnd_backend *b = NULL;
    dfn_error err = {0};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    dfn_status status = sd_event_default(&event) < 0
                            ? dfn_fail(&err, DFN_ERR_NOMEM, "no event loop")
                            : DFN_OK;
    if (!status) {
        sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
        status = dfnd_models_new(&models, &err);
    }
    if (!status)
        status = dfnd_instance_new(&instance, config, models, &err);
    if (!status)
        status = backend->open(&b, event, &err);
    if (!status)
        status = backend->add(b, instance, &err);
    if (!status)
        sd_event_loop(event);
    else
        cli_error(NULL, "%s", err.text);
    if (b)
        backend->close(b);
    dfnd_instance_free(instance);
    dfnd_models_free(models);
    sd_event_unref(event);
    return status ? CLI_FAILED : CLI_OK;
}

int main(int argc, char **argv)
{
    dfnd_instance_config config;
    dfnd_instance_config_default(&config, "microphone", DFND_MICROPHONE);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--device"))
            snprintf(config.device, sizeof config.device, "%s", argv[i + 1]);
        else if (!strcmp(argv[i], "--model"))
            snprintf(config.model, sizeof config.model, "%s", argv[i + 1]);
    }
    dfnd_log_set(DFND_INFO);
    return run(&config);
}
