#include "fake_sounds.h"

#include <string.h>

dfn_sound *fake_add(dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                    const int16_t *data, size_t count, const char *speaker)
{
    dfn_sound *one = &s->sound[kind][split][s->count[kind][split]++];
    *one = (dfn_sound){.path = "fake",
                       .speaker = speaker,
                       .category = "",
                       .count = count,
                       .data = data,
                       .scale = 1.f / 32768};
    return one;
}

void fake_noise(int16_t *x, size_t n, double peak, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = (int16_t)(32767 * peak * ((double)(int64_t)seed / 9223372036854775808.0));
    }
}

void fake_speech(int16_t *x, size_t n, double peak, uint64_t seed)
{
    fake_noise(x, n, peak, seed);
    for (size_t i = 0; i < n; i++)
        if (i % 12000 >= 7000)
            x[i] = 0;
}

dfn_mix_config fake_plain(void)
{
    dfn_mix_config c = dfn_mix_defaults();
    size_t count;
    const dfn_config_key *keys = dfn_mix_keys(&count);
    for (size_t i = 0; i < count; i++)
        if (!strncmp(keys[i].key, "p_", 2))
            memset((char *)&c + keys[i].at, 0, sizeof(double));
    return c;
}

void dfn_sounds_free(dfn_sounds *s) { (void)s; }

int dfn_sounds_count(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split)
{
    return s->count[kind][split];
}

const dfn_sound *dfn_sounds_get(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                                int i)
{
    return &s->sound[kind][split][i];
}

void dfn_sound_read(const dfn_sound *s, size_t start, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = start + i < s->count ? s->scale * (float)s->data[start + i] : 0;
}
