/* busy.c - a device of ALSA that one program at a time can open, as sound cards are:
 *
 *   pcm_type.busy { lib "busy.so" }
 *   pcm.card { type busy slave "name of another" lock "file" }
 *
 * Who opens it first has it until it ends. */
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

SND_PCM_PLUGIN_DEFINE_FUNC(busy);
SND_PCM_PLUGIN_DEFINE_FUNC(busy)
{
    static int lock = -1;
    const char *slave, *path;
    snd_config_t *entry;
    (void)name;
    if (snd_config_search(conf, "slave", &entry) < 0 ||
        snd_config_get_string(entry, &slave) < 0 ||
        snd_config_search(conf, "lock", &entry) < 0 ||
        snd_config_get_string(entry, &path) < 0)
        return -EINVAL;
    if (lock < 0)
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB))
        return -EBUSY;
    return snd_pcm_open_lconf(pcmp, slave, stream, mode, root);
}
/* SND_PCM_PLUGIN_SYMBOL(busy), but for its last semicolon, which ISO C does not know. */
SND_DLSYM_BUILD_VERSION(SND_PCM_PLUGIN_ENTRY(busy), SND_PCM_DLSYM_VERSION)
