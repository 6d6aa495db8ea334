/* Whichever allocation fails while recordings are opened: an error, and nothing left of a
 * cache that is not whole. */
#include "check.h"
#include "data/sounds.h"
#include "fail_alloc.h"
#include "sound_files.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static int files_in(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static int open_after(int n, bool fresh)
{
    const dfn_data_config config = {.manifest = "l.csv",
                                    .folders[DFN_NOISE] = "noise",
                                    .cache = "cache/c",
                                    .threads = 1};
    dfn_sounds *s;
    dfn_error err = {0};
    if (fresh)
        unlink("cache/c");
    fail_alloc_after(n);
    const dfn_status status = dfn_sounds_open(&s, &config, NULL, &err);
    const int complete = fail_alloc_count() <= n;
    fail_alloc_after(-1);
    CHECK(status == (s ? DFN_OK : DFN_ERR_NOMEM), "allocation %d: %s", n, err.text);
    CHECK(!complete || s, "nothing failed any more: %s", err.text);
    CHECK(files_in("cache") == (access("cache/c", F_OK) == 0),
          "allocation %d leaves a file", n);
    CHECK(fresh || access("cache/c", F_OK) == 0, "allocation %d: the cache is gone", n);
    dfn_sounds_free(s);
    return complete;
}

int main(void)
{
    enter_folder();
    make_folder("noise");
    make_folder("noise/a");
    make_folder("cache");
    write_sound("noise/a/n.wav", 44100, 1, 5000, 1, FLOAT);
    write_sound("noise/n.wav", 48000, 1, 5000, 1, FLOAT);
    write_sound("s.wav", 48000, 2, 5000, 1, PCM);
    write_text("l.csv", "path,kind\ns.wav,speech\n\"s.wav\",speech\n");
    for (int fresh = 1; fresh >= 0; fresh--)
        for (int n = 0; !open_after(n, fresh) && n < 10000; n++)
            ;
    leave_folder();
    return check_report();
}
