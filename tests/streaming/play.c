#include "play.h"
#include "cpu.h"

#include <dfnet4/safetensors.h>
#include <stdlib.h>
#include <string.h>

/* Multiply every weight of a model file in memory whose name holds `part`. */
static void scale_weights(void *bytes, size_t size, const char *part, float by)
{
    dfn_safetensors *file = NULL;
    dfn_error err = {0};
    if (dfn_safetensors_open_memory(&file, bytes, size, "broken", &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    for (size_t i = 0; i < dfn_safetensors_count(file); i++) {
        const dfn_tensor *t = dfn_safetensors_get(file, i);
        float *x = (float *)((uintptr_t)t->data);
        for (size_t j = 0; j < t->count && strstr(t->name, part); j++)
            x[j] *= by;
    }
    dfn_safetensors_close(file);
}

player play_open_scaled(const tiny_model_config *model, dfn_stream_config config,
                        const char *part, float by)
{
    player p = {.rate = config.sample_rate, .channels = config.channels};
    dfn_error err = {0};
    size_t size;
    p.bytes = tiny_model_bytes(&size, model);
    scale_weights(p.bytes, size, part, by);
    config.cpu = test_cpu();
    if (dfn_model_load_memory(&p.model, p.bytes, size, "tiny", &err) ||
        dfn_stream_new(&p.stream, p.model, &config, &err)) {
        fprintf(stderr, "%d Hz, %d channels: %s\n", p.rate, p.channels, err.text);
        exit(1);
    }
    return p;
}

player play_open_model(const tiny_model_config *model, int rate, int channels,
                       bool independent)
{
    const dfn_stream_config config = {
        .sample_rate = rate, .channels = channels, .independent = independent};
    return play_open_scaled(model, config, "", 1);
}

player play_open(int rate, int channels, bool independent)
{
    return play_open_model(&(tiny_model_config){.lookahead = 2}, rate, channels,
                           independent);
}

void play_close(player *p)
{
    dfn_stream_free(p->stream);
    tiny_model_free(p->model, p->bytes);
}

float *play_silence(int channels, int frames)
{
    float *x = calloc((size_t)channels * (size_t)frames + 1, sizeof *x);
    if (!x)
        exit(1);
    return x;
}

float *play_noise(int channels, int frames, uint64_t seed)
{
    float *x = play_silence(channels, frames);
    for (int i = 0; i < channels * frames; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const float level = i / 3000 % 3 ? 0.5f : 0.02f;
        x[i] = level * (float)((double)(int64_t)seed / 9223372036854775808.0);
    }
    return x;
}

void play_part(player *p, const float *in, float *out, int total, int from, int to,
               int block)
{
    const float *from_in[64];
    float *from_out[64];
    uint64_t seed = 99;
    for (int at = from; at < to;) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int n = block ? block : (int)(seed >> 33) % 2001;
        if (n > to - at)
            n = to - at;
        for (int c = 0; c < p->channels; c++) {
            from_in[c] = in + (size_t)c * (size_t)total + at;
            from_out[c] = out + (size_t)c * (size_t)total + at;
        }
        dfn_stream_process(p->stream, from_in, from_out, (size_t)n);
        at += n;
    }
}

void play(player *p, const float *in, float *out, int frames, int block)
{
    play_part(p, in, out, frames, 0, frames, block);
}

int play_differ(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a))
            return i;
    return -1;
}

double play_distance(const float *a, const float *b, int from, int to)
{
    double worst = 0;
    for (int i = from; i < to; i++)
        worst = check_worse(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

double play_bend(const float *x, int from, int to)
{
    double worst = 0;
    for (int i = from + 2; i < to; i++)
        worst = check_worse(worst,
                            fabs((double)x[i] - 2 * (double)x[i - 1] + (double)x[i - 2]));
    return worst;
}

bool play_finite(const float *x, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}
